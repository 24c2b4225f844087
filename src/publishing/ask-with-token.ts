/**
 * Asking a platform something with an account's token, where nothing is created by it. A token that is refused is renewed
 * once, where that is possible, and the question asked again. Only two things end a connection here: the platform will not
 * renew the permission, or calls a token that cannot be renewed ended in its own words. A read that is refused otherwise,
 * even with a new token, is no answer: X refused reads for a day while posts were taken, and the next post will show.
 */
import { ReauthorizationRequiredError, type UsableToken, usableAccessToken } from '../accounts/access-token.ts';
import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import type { TokenRefusal } from '../domain/outcome.ts';
import { holdForAccount } from './hold-account.ts';

/** So long a platform may call a new token ended, as LinkedIn was seen to do. */
const TOKEN_SETTLES_MS = 5 * 60_000;
/** A renewal has not helped then, and the next one so soon would not either. */
const NOT_RENEWED_AGAIN_MS = 30 * 60_000;

/**
 * @param ask may be called twice, so it must only read
 * @param refusalOf how an answer refuses the token; null when it does not
 * @returns the answer, which may refuse the token all the same
 * @throws ReauthorizationRequiredError a person has to connect the account; what waits for it is held by then
 * @throws ConnectError the token cannot be renewed just now
 * @throws TokenUnreadableError
 */
export async function askWithToken<T>(
  ctx: AppContext,
  account: { id: string },
  ask: (accessToken: string) => Promise<T>,
  refusalOf: (answer: T) => TokenRefusal | null,
): Promise<T> {
  try {
    const stored = await usableAccessToken(ctx, account.id);
    const answer = await ask(stored.accessToken);
    const refusal = refusalOf(answer);
    if (refusal === null || (await isTooNew(ctx, stored, refusal))) return answer;
    const again = { rejectedVersion: stored.tokenVersion, perhaps: refusal === 'perhaps' };
    const renewed = await usableAccessToken(ctx, account.id, again);
    return renewed.tokenVersion === stored.tokenVersion ? answer : await ask(renewed.accessToken);
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) await holdForAccount(ctx, account.id);
    throw error;
  }
}

async function isTooNew({ db }: AppContext, { issuedAt }: UsableToken, refusal: TokenRefusal): Promise<boolean> {
  const ageMs = (await databaseTime(db)).getTime() - issuedAt.getTime();
  return ageMs < (refusal === 'named' ? TOKEN_SETTLES_MS : NOT_RENEWED_AGAIN_MS);
}
