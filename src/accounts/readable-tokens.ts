/** Whether the keys of this process open what is stored: a wrong or missing key must be noticed before a post falls due. */
import type { AccountCredential, ConnectedAccount } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { openAccessToken, openRefreshToken } from './stored-tokens.ts';
import { TokenUnreadableError } from './token-cipher.ts';

type Context = Pick<AppContext, 'db' | 'tokenCipher'>;

const BATCH = 500;

/** Ids of the connected accounts whose tokens no key in TOKEN_KEYS opens. Every token is opened; none is kept. */
export async function unreadableAccounts(ctx: Context): Promise<string[]> {
  const unreadable: string[] = [];
  for (let after: string | undefined; ; ) {
    const rows = await ctx.db.accountCredential.findMany({
      ...(after !== undefined && { where: { accountId: { gt: after } } }),
      include: { account: true },
      orderBy: { accountId: 'asc' },
      take: BATCH,
    });
    for (const row of rows) if (!opens(ctx, row)) unreadable.push(row.accountId);
    after = rows.at(-1)?.accountId;
    if (after === undefined) return unreadable;
  }
}

/** Whether the tokens of this account can be read (again). False when it has none. */
export async function isReadable(ctx: Context, accountId: string): Promise<boolean> {
  const row = await ctx.db.accountCredential.findUnique({ where: { accountId }, include: { account: true } });
  return row !== null && opens(ctx, row);
}

function opens({ tokenCipher }: Context, row: AccountCredential & { account: ConnectedAccount }): boolean {
  try {
    openAccessToken(tokenCipher, row.account, row);
    openRefreshToken(tokenCipher, row.account, row);
    return true;
  } catch (error) {
    if (error instanceof TokenUnreadableError) return false;
    throw error;
  }
}
