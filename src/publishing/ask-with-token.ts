/**
 * Asking a platform something with an account's token, where nothing is created by it. A token that is refused is treated
 * as when a post is sent: renewed once, where that is possible, and the question asked again; refused again, or not
 * renewable, the account needs a person and what waits for it is held.
 */
import { markReconnectRequired, ReauthorizationRequiredError, usableAccessToken } from '../accounts/access-token.ts';
import type { AppContext } from '../context.ts';
import { holdForAccount } from './hold-account.ts';

/**
 * @param ask may be called twice, so it must only read
 * @throws ReauthorizationRequiredError a person has to connect the account; what waits for it is held by then
 * @throws ConnectError the token cannot be renewed just now
 * @throws TokenUnreadableError
 */
export async function askWithToken<T>(
  ctx: AppContext,
  account: { id: string; displayName: string },
  ask: (accessToken: string) => Promise<T>,
  isRefused: (answer: T) => boolean,
): Promise<T> {
  try {
    const stored = await usableAccessToken(ctx, account.id);
    const answer = await ask(stored.accessToken);
    if (!isRefused(answer)) return answer;
    const renewed = await usableAccessToken(ctx, account.id, { rejectedVersion: stored.tokenVersion });
    const second = await ask(renewed.accessToken);
    if (!isRefused(second)) return second;
    const reason = `The permission of ${account.displayName} is not accepted any more, not even after it was renewed. Connect the account again.`;
    await ctx.db.$transaction((tx) => markReconnectRequired(tx, ctx, account.id, reason, renewed.tokenVersion));
    throw new ReauthorizationRequiredError(account.id, reason);
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) await holdForAccount(ctx, account.id);
    throw error;
  }
}
