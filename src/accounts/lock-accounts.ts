/** The locks around accounts. What else is locked, and in what order: docs/decisions/0017-the-order-of-locks.md. */
import type { Tx } from '../database/client.ts';
import type { Platform } from '../domain/platform-name.ts';

/** What names an account before it has a row. */
export interface AccountKey {
  teamId: string;
  platform: Platform;
  externalId: string;
}

/** A person's consent at a platform, by his id there. */
export interface ConsentKey {
  platform: Platform;
  grantedBy: string;
}

/**
 * Of two that connect the same account at once the second waits here, and finds the row of the first; likewise two that
 * bring a consent of the same person. All at once and in one order: some come in the platform's. Until the transaction ends;
 * taking them again costs nothing. Before any post.
 */
export async function lockConnecting(
  tx: Tx,
  accounts: readonly AccountKey[],
  consents: readonly ConsentKey[] = [],
): Promise<void> {
  const names = [
    ...accounts.map(({ teamId, platform, externalId }) => `connect ${teamId} ${platform} ${externalId}`),
    ...consents.map(({ platform, grantedBy }) => `consent ${platform} ${grantedBy}`),
  ];
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(number)
    FROM (SELECT DISTINCT hashtextextended(name, 0) AS number FROM unnest(${names}::text[]) AS name ORDER BY number) AS names`;
}

/**
 * The rows of these accounts, by id. Whoever writes an account and its tokens locks the account first; whoever needs posts
 * has locked them before. Not against a post that is being written for the account: that only refers to it.
 */
export async function lockAccounts(tx: Tx, accountIds: readonly string[]): Promise<void> {
  if (accountIds.length === 0) return;
  await tx.$queryRaw`SELECT id FROM connected_accounts WHERE id = ANY (${[...accountIds]}::uuid[]) ORDER BY id FOR NO KEY UPDATE`;
}
