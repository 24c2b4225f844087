/**
 * The part of the pre-flight that asks the platforms: does this connection still work? One cheap read per account, however
 * many posts wait for it, and not again for half an hour, whichever process asked. Nothing due waits for it; a platform
 * that does not answer, or asks us to slow down, says nothing about the account, and one that refuses to tell is a finding:
 * whether posts are taken only a post shows.
 */
import type { ConnectedAccount } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { TokenRefusal } from '../domain/outcome.ts';
import { PLATFORM_LABEL } from '../domain/platform-name.ts';
import { ConnectError } from '../platforms/platform.ts';
import { askWithToken } from './ask-with-token.ts';

const NOT_AGAIN_MINUTES = 30;
/** What was found in the way may have been put right. */
const PROBLEM_AGAIN_MINUTES = 5;
/** Connecting has asked already, and a platform may not know its newest tokens everywhere yet. */
const JUST_CONNECTED_MS = 10 * 60_000;
const AT_ONCE = 8;
/** Longer than a platform in order takes; a batch of the pre-flight must not take minutes. */
export const ANSWER_WITHIN_MS = 5_000;

interface Standing {
  /** `refused`: it does not tell; `unclear`: it could not be asked. */
  is: 'good' | 'lost' | 'refused' | 'unclear';
  /** That it was because of the token. */
  tokenRefused?: TokenRefusal;
}

/**
 * Asks about those accounts of these publications whose turn it is. What is found is with the accounts afterwards: one whose
 * permission has ended needs to be connected again, and what waits for it is held.
 * @returns by account, what kept its token from being used just now
 */
export async function askAccounts(
  ctx: AppContext,
  publicationIds: readonly string[],
  problemOf: (error: unknown, account: ConnectedAccount) => string | null,
  signal: AbortSignal,
  answerWithinMs = ANSWER_WITHIN_MS,
): Promise<Map<string, string>> {
  const problems = new Map<string, string>();
  const queue = (await takeTurns(ctx, publicationIds)).values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const account of queue) {
        if (signal.aborted) return;
        try {
          await askOne(ctx, account, answerWithinMs);
        } catch (error) {
          const problem = problemOf(error, account);
          if (problem !== null) problems.set(account.id, problem);
        }
      }
    }),
  );
  return problems;
}

/** Whose turn is written down as it is taken: two processes do not ask about the same account. */
async function takeTurns({ db, clock }: AppContext, publicationIds: readonly string[]): Promise<ConnectedAccount[]> {
  const before = new Date(clock.now().getTime() - JUST_CONNECTED_MS);
  const taken = await db.$queryRaw<{ id: string }[]>`
    UPDATE connected_accounts SET asked_at = clock_timestamp()
    WHERE id IN (
      SELECT id FROM connected_accounts
      WHERE id IN (SELECT account_id FROM publications WHERE id = ANY (${[...publicationIds]}::uuid[]))
        AND status = 'active' AND connected_at < ${before}
        AND (asked_at IS NULL OR asked_at < clock_timestamp() - interval '1 minute'
          * CASE WHEN right_problem IS NULL THEN ${NOT_AGAIN_MINUTES}::int ELSE ${PROBLEM_AGAIN_MINUTES}::int END)
      FOR UPDATE SKIP LOCKED)
    RETURNING id::text`;
  return db.connectedAccount.findMany({ where: { id: { in: taken.map(({ id }) => id) } }, orderBy: { id: 'asc' } });
}

async function askOne(ctx: AppContext, account: ConnectedAccount, answerWithinMs: number): Promise<void> {
  const standing = await askWithToken(
    ctx,
    account,
    (accessToken) => ask(ctx, account, accessToken, answerWithinMs),
    ({ tokenRefused }) => tokenRefused ?? null,
  );
  if (standing.is === 'unclear') return;
  const rightProblem = { good: () => null, lost, refused: untold }[standing.is](account);
  // Not over what a consent has cleared meanwhile.
  await ctx.db.connectedAccount.updateMany({
    where: { id: account.id, connectedAt: account.connectedAt },
    data: { rightProblem },
  });
}

async function ask(
  ctx: AppContext,
  account: ConnectedAccount,
  accessToken: string,
  answerWithinMs: number,
): Promise<Standing> {
  const connector = ctx.platforms[account.platform]?.connector;
  if (connector === undefined) return { is: 'unclear' };
  const { externalId, kind, scopes, tokenExpiresAt } = account;
  const grant = {
    accessToken,
    accessTokenExpiresAt: tokenExpiresAt,
    refreshToken: null,
    refreshTokenExpiresAt: null,
    scopes,
  };
  const asked = connector.candidates(grant, ctx.clock.now(), { externalId, kind }).then(
    (found): Standing => ({ is: found.length > 0 ? 'good' : 'lost' }),
    (error: unknown): Standing => {
      if (!(error instanceof ConnectError)) throw error;
      if (error.code === 'token-refused') return { is: 'refused', tokenRefused: error.dead ? 'named' : 'perhaps' };
      if (error.code === 'refused') return { is: 'refused' };
      ctx.log.info(
        { accountId: account.id, reason: error.code },
        'looking ahead, a platform did not say whether an account works',
      );
      return { is: 'unclear' };
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Standing>((resolve) => {
    timer = setTimeout(resolve, answerWithinMs, { is: 'unclear' });
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

function untold({ platform, displayName }: ConnectedAccount): string {
  return `${PLATFORM_LABEL[platform]} refuses to say whether ${displayName} still works. Nothing is stopped for that: the next post will show.`;
}

function lost({ platform, kind, displayName }: ConnectedAccount): string {
  const label = PLATFORM_LABEL[platform];
  if (kind === 'page')
    return `${label} does not let the person who connected ${displayName} publish there any more: the Page’s task “Content” (CREATE_CONTENT) is missing. Somebody with full control of the Page can give it back, under the Page’s settings, Page access.`;
  if (kind === 'organization')
    return `The person who connected ${displayName} does not administer that Page at ${label} any more. Somebody who does can make him one again, or connect the Page himself.`;
  return `${label} says that the permission of ${displayName} belongs to another account. Connect it again.`;
}
