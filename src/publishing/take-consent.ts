/** What a person's consent sets going: accounts are connected or renewed, and what waited for them goes on. */
import type { ConnectedAccount } from '@prisma/client';
import { type Connection, connectAccount, connectedBefore, keyOf } from '../accounts/connect-account.ts';
import { lockAccounts, lockConnecting } from '../accounts/lock-accounts.ts';
import { type Consent, earlierAccounts, type RenewedByConsent, renewByConsent } from '../accounts/renew-by-consent.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { Refusal } from '../domain/refusal.ts';
import { holdOrTell } from './hold-account.ts';
import { heldForAccounts, releaseHeld } from './release-account.ts';
import { lockPosts } from './transition.ts';

/**
 * Connects these accounts, gives the grant to the others that the same person connected before, and lets go on what was held
 * because of them. Everything is locked first, in the order of docs/decisions/0017-the-order-of-locks.md, and nothing may be
 * locked after it: it is the end of its transaction. After that the caller holds what waits for accounts whose token has
 * ended (`holdForEnded`).
 * @param refused told instead when an account may not be connected; the others are. Without it the Refusal is thrown
 * @throws Refusal
 */
export async function takeConsent(
  tx: Tx,
  ctx: AppContext,
  consent: Consent,
  connections: readonly Connection[],
  refused?: (refusal: Refusal) => void,
): Promise<RenewedByConsent> {
  await lockConnecting(tx, connections.map(keyOf), consentsIn(consent, connections));
  const earlier = await earlierAccounts(tx, consent);
  const accountIds = [...new Set([...(await connectedBefore(tx, connections)), ...earlier])];
  const held = await heldForAccounts(tx, accountIds);
  await lockPosts(
    tx,
    held.map(({ postId }) => postId),
  );
  await lockAccounts(tx, accountIds);
  const able = new Set<string>();
  for (const connection of connections) {
    try {
      able.add((await connectAccount(tx, ctx, connection)).id);
    } catch (error) {
      if (refused === undefined || !(error instanceof Refusal)) throw error;
      refused(error);
    }
  }
  const others = earlier.filter((id) => !able.has(id));
  const result = await renewByConsent(tx, ctx, consent, others);
  for (const { id } of result.renewed) able.add(id);
  await releaseHeld(
    tx,
    ctx,
    held.filter(({ accountId }) => able.has(accountId)),
  );
  return result;
}

/** Whose it is, even where it does not touch the earlier ones: the next consent of the same person finds these accounts. */
function consentsIn({ adapter: { platform }, grantedBy }: Consent, connections: readonly Connection[]) {
  const people = [grantedBy, ...connections.map(({ candidate }) => candidate.grantedBy)];
  return people.flatMap((person) => (person == null ? [] : [{ platform, grantedBy: person }]));
}

/** Must not be inside a transaction; what fails or a crash leaves is held by the sweep. */
export async function holdForEnded(ctx: AppContext, ended: readonly ConnectedAccount[]): Promise<void> {
  for (const { id } of ended) await holdOrTell(ctx, id);
}
