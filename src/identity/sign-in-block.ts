/**
 * What the audit says about sign-ins that are refused without being looked at, because too many failed before. An attacker
 * decides how many that are, so not each gets an event: the first, the tenth, the hundredth … of a block does, with the
 * number. The counters in Postgres give every attempt its own number, whichever process it comes to.
 */
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { emailAddress } from './email-address.ts';
import { cleanAddress, type GuessedAt } from './sign-in.ts';
import type { Block } from './sign-in-limiter.ts';

const REASON: Readonly<Record<Block['by'] | 'person', string>> = {
  address: 'too many failures from this address',
  'account and address': 'too many failures for this account from this address',
  account: 'too many failures for this account',
  person: 'too many wrong tries of this person',
};

interface Blocked {
  method: GuessedAt;
  by: keyof typeof REASON;
  /** As typed. */
  email: string;
  address: string;
  /** How many were refused in this block so far, this one included. */
  refused: number;
  waitSeconds: number;
}

/** Puts a refused sign-in on record, if it is one of those that are told. */
export async function recordSignInBlock(ctx: AppContext, blocked: Blocked): Promise<void> {
  const { method, by, address, refused, waitSeconds } = blocked;
  if (!/^10*$/.test(String(refused))) return;
  // What a closed address goes on trying is not about the account it happens to name.
  const email = by === 'address' ? null : emailAddress(blocked.email);
  const user = email === null ? null : await ctx.db.user.findUnique({ where: { email }, select: { id: true } });
  await recordEvent(
    ctx.db,
    {
      actorId: null,
      action: 'user.sign_in_blocked',
      entity: 'User',
      entityId: user?.id ?? null,
      teamId: null,
      metadata: { method, email, address: cleanAddress(address), reason: REASON[by], refused, waitSeconds },
    },
    ctx.clock.now(),
  );
}
