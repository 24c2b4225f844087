/** What a person's consent sets going: accounts are connected or renewed, and what waited for them goes on. */
import type { ConnectedAccount } from '@prisma/client';
import { type Connection, connectAccount } from '../accounts/connect-account.ts';
import { type Consent, renewByConsent } from '../accounts/renew-by-consent.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { holdForAccount } from './hold-account.ts';
import { releaseAccountHolds } from './release-account.ts';

/** Connects an account and lets go what was held because of it. @throws Refusal */
export async function connectAndRelease(tx: Tx, ctx: AppContext, connection: Connection): Promise<ConnectedAccount> {
  const account = await connectAccount(tx, ctx, connection);
  await releaseAccountHolds(tx, ctx, account.id);
  return account;
}

/**
 * Gives the grant to the other accounts that the same person connected before. After the transaction the caller holds
 * what waits for those that have ended (`holdForEnded`).
 */
export async function renewAndRelease(
  tx: Tx,
  ctx: AppContext,
  consent: Consent,
  connected: readonly ConnectedAccount[],
) {
  const result = await renewByConsent(
    tx,
    ctx,
    consent,
    connected.map(({ id }) => id),
  );
  await releaseAccountHolds(tx, ctx, ...result.renewed.map(({ id }) => id));
  return result;
}

/** Must not be inside a transaction; a crash halfway leaves the rest to the claim, which asks again. */
export async function holdForEnded(ctx: AppContext, ended: readonly ConnectedAccount[]): Promise<void> {
  for (const { id } of ended) await holdForAccount(ctx, id);
}
