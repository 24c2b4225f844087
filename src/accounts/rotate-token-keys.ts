import type { AccountCredential, ConnectedAccount } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { bindingOf, type TokenColumn } from './stored-tokens.ts';
import { TokenUnreadableError } from './token-cipher.ts';

type Context = Pick<AppContext, 'db' | 'tokenCipher' | 'log'>;

export interface Rotation {
  /** Accounts whose tokens are under the current key now and were not before. */
  reencrypted: number;
  alreadyCurrent: number;
  /** Ids of accounts whose tokens no key in TOKEN_KEYS opens. They are left as they are. */
  unreadable: string[];
}

/**
 * Re-encrypts every stored token that is not under the current (first) key. Safe beside running servers: a row is written
 * only if it still holds exactly what was read, and one that changed is looked at again. Stopping half-way loses nothing;
 * the next run goes on. The old key may leave TOKEN_KEYS once a run reports nothing left and no server uses it to write.
 */
export async function rotateTokenKeys(ctx: Context, options: { batchSize: number }): Promise<Rotation> {
  const rotation: Rotation = { reencrypted: 0, alreadyCurrent: 0, unreadable: [] };
  let after: string | undefined;
  for (;;) {
    const rows = await ctx.db.accountCredential.findMany({
      ...(after !== undefined && { where: { accountId: { gt: after } } }),
      include: { account: true },
      orderBy: { accountId: 'asc' },
      take: options.batchSize,
    });
    for (const row of rows) count(rotation, row.accountId, await rotateRow(ctx, row));
    after = rows.at(-1)?.accountId;
    if (after === undefined) return rotation;
  }
}

type RowResult = 'reencrypted' | 'current' | 'unreadable' | 'gone';

function count(rotation: Rotation, accountId: string, result: RowResult): void {
  if (result === 'reencrypted') rotation.reencrypted += 1;
  if (result === 'current') rotation.alreadyCurrent += 1;
  if (result === 'unreadable') rotation.unreadable.push(accountId);
}

async function rotateRow(ctx: Context, row: AccountCredential & { account: ConnectedAccount }): Promise<RowResult> {
  let latest: typeof row | null = row;
  // A refresh or a reconnect between reading and writing changes the row, and writes with the current key: few rounds do.
  while (latest !== null) {
    const replaced = reencrypt(ctx, latest);
    if (replaced === 'unreadable' || replaced === 'current') return replaced;
    const { count: written } = await ctx.db.accountCredential.updateMany({
      where: { accountId: latest.accountId, accessToken: latest.accessToken, refreshToken: latest.refreshToken },
      data: replaced,
    });
    if (written === 1) return 'reencrypted';
    latest = await ctx.db.accountCredential.findUnique({
      where: { accountId: row.accountId },
      include: { account: true },
    });
  }
  return 'gone';
}

type Tokens = Pick<AccountCredential, 'accessToken' | 'refreshToken'>;

function reencrypt(
  ctx: Context,
  { account, accessToken, refreshToken }: Tokens & { account: ConnectedAccount },
): Tokens | 'current' | 'unreadable' {
  const cipher = ctx.tokenCipher;
  const renew = (envelope: string, column: TokenColumn) => {
    const bound = bindingOf(account, column);
    // Opened even when it is current: a key of the same name with other bytes opens nothing.
    const token = cipher.decrypt(envelope, bound);
    return cipher.keyIdOf(envelope) === cipher.currentKeyId ? envelope : cipher.encrypt(token, bound);
  };
  try {
    const renewed = {
      accessToken: renew(accessToken, 'access_token'),
      refreshToken: refreshToken && renew(refreshToken, 'refresh_token'),
    };
    return renewed.accessToken === accessToken && renewed.refreshToken === refreshToken ? 'current' : renewed;
  } catch (error) {
    if (!(error instanceof TokenUnreadableError)) throw error;
    ctx.log.error({ accountId: account.id, reason: error.reason }, error.message);
    return 'unreadable';
  }
}
