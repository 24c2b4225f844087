/** Accounts that nobody can publish to any more: noticed before a post falls due, so that people learn of it in time. */
import { ReauthorizationRequiredError, usableAccessToken } from '../accounts/access-token.ts';
import { TokenUnreadableError } from '../accounts/token-cipher.ts';
import type { AppContext } from '../context.ts';
import { holdForAccount } from './hold-account.ts';

/** The rest waits for the next round, seconds later. */
const BATCH = 50;

/**
 * Marks the accounts whose permission has lapsed and cannot be renewed, and holds at once whatever waits for an account
 * that is not active, whoever noticed it.
 * @returns how many publications were held
 */
export async function holdForDeadAccounts(ctx: AppContext): Promise<number> {
  for (const id of await lapsed(ctx)) await markLapsed(ctx, id);
  const dead = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM connected_accounts account
    WHERE status <> 'active' AND EXISTS (
      SELECT 1 FROM publications WHERE account_id = account.id AND publications.status IN ('scheduled', 'retrying'))
    LIMIT ${BATCH}`;
  let held = 0;
  for (const { id } of dead) held += await holdForAccount(ctx, id);
  return held;
}

/** Active accounts whose token has ended and that have nothing to renew it with. No platform is asked about these. */
async function lapsed({ db, clock }: AppContext): Promise<string[]> {
  const ended = { lte: clock.now() };
  const accounts = await db.connectedAccount.findMany({
    where: {
      status: 'active',
      tokenExpiresAt: ended,
      OR: [{ credential: { refreshToken: null } }, { refreshTokenExpiresAt: ended }],
    },
    take: BATCH,
    select: { id: true },
  });
  return accounts.map(({ id }) => id);
}

async function markLapsed(ctx: AppContext, accountId: string): Promise<void> {
  try {
    await usableAccessToken(ctx, accountId);
  } catch (error) {
    // Marked by now, which is what was wanted. An unreadable token is told where it is used.
    if (!(error instanceof ReauthorizationRequiredError || error instanceof TokenUnreadableError)) throw error;
  }
}
