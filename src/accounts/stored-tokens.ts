/** How a connected account's tokens lie in `account_credentials`: each column encrypted and bound to its place. */
import type { AccountCredential, ConnectedAccount } from '@prisma/client';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import type { TokenGrant } from '../platforms/platform.ts';
import { renewalTime } from './renewal-time.ts';
import type { TokenBinding, TokenCipher } from './token-cipher.ts';

type Account = Pick<ConnectedAccount, 'id' | 'platform' | 'externalId'>;
export type TokenColumn = 'access_token' | 'refresh_token';

/** The columns to write for a grant; `refreshToken` only when the grant has one, so that an old one is never overwritten with nothing. */
export function sealTokens(
  cipher: TokenCipher,
  account: Account,
  grant: TokenGrant,
): { accessToken: string; refreshToken?: string } {
  return {
    accessToken: cipher.encrypt(grant.accessToken, bindingOf(account, 'access_token')),
    ...(grant.refreshToken
      ? { refreshToken: cipher.encrypt(grant.refreshToken, bindingOf(account, 'refresh_token')) }
      : {}),
  };
}

/**
 * Puts a new grant in the place of what the account had; whoever was refreshing the old one then loses. The caller has locked
 * the account.
 */
export async function replaceTokens(
  tx: Tx,
  cipher: TokenCipher,
  account: Account,
  grant: TokenGrant,
  now: Date,
): Promise<void> {
  const tokens = {
    ...sealTokens(cipher, account, grant),
    issuedAt: await databaseTime(tx),
    renewAt: renewalTime(grant.accessTokenExpiresAt, now),
  };
  const { lastTokenVersion } = await tx.connectedAccount.findUniqueOrThrow({
    where: { id: account.id },
    select: { lastTokenVersion: true },
  });
  await tx.accountCredential.upsert({
    where: { accountId: account.id },
    create: { accountId: account.id, ...tokens, tokenVersion: lastTokenVersion + 1 },
    update: { ...tokens, tokenVersion: { increment: 1 }, refreshLeaseUntil: null, refreshStartedAt: null },
  });
}

/**
 * Deletes what the account has. The version of it stays with the account: a request or a renewal may still be on its way with
 * the old token, and what comes of it must not be put down to the next one. The caller has locked the account.
 */
export async function deleteTokens(tx: Tx, accountId: string): Promise<void> {
  await tx.$executeRaw`
    WITH deleted AS (DELETE FROM account_credentials WHERE account_id = ${accountId}::uuid RETURNING token_version)
    UPDATE connected_accounts SET last_token_version = greatest(last_token_version, deleted.token_version)
    FROM deleted WHERE id = ${accountId}::uuid`;
}

/** @throws TokenUnreadableError */
export function openAccessToken(cipher: TokenCipher, account: Account, credential: AccountCredential): string {
  return cipher.decrypt(credential.accessToken, bindingOf(account, 'access_token'));
}

/** @throws TokenUnreadableError */
export function openRefreshToken(cipher: TokenCipher, account: Account, credential: AccountCredential): string | null {
  return credential.refreshToken === null
    ? null
    : cipher.decrypt(credential.refreshToken, bindingOf(account, 'refresh_token'));
}

export function bindingOf(account: Account, column: TokenColumn): TokenBinding {
  return {
    table: 'account_credentials',
    column,
    rowId: account.id,
    account: `${account.platform}:${account.externalId}`,
  };
}
