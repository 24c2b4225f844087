/**
 * The sweep: what a crash, a lost alarm or a lost worker left behind, found by asking the rows. Runs at start and every
 * few seconds in every worker; running twice at once does no harm, because each row is taken under its post's lock.
 */
import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import { settleWithoutAttempt } from './claim-without-attempt.ts';
import { handBack, settleOnce } from './settle.ts';
import { mendStrayAttempts } from './stray-attempts.ts';

/** Rows taken per sweep; the rest waits for the next one, a few seconds later. */
const BATCH = 200;
/** Each takes several round trips to the database; one after another, a crashed worker's claims would take many seconds. */
const AT_ONCE = 8;

interface Abandoned {
  publication_id: string;
  post_id: string;
  fence: number;
  attempt_id: string | null;
  state: 'prepared' | 'sent' | null;
}

/**
 * Recovers claims whose lease ran out: prepared but not sent → due again, not counted; sent → unknown, never sent again
 * on a guess. So is what is scheduled although its last attempt is open. One that cannot be recovered is left to the next sweep, and the others do not wait for it.
 * @returns how many were abandoned
 */
export async function recoverAbandonedClaims(ctx: AppContext): Promise<number> {
  const abandoned = await ctx.db.$queryRaw<Abandoned[]>`
    SELECT publications.id AS publication_id, post_id, publications.fence, open.id AS attempt_id, open.state::text AS state
    FROM publications
    LEFT JOIN publish_attempts open ON open.publication_id = publications.id AND open.fence = publications.fence AND open.state IN ('prepared', 'sent')
    WHERE publications.status = 'publishing' AND coalesce(lease_until, '-infinity') < clock_timestamp()
    ORDER BY lease_until LIMIT ${BATCH}`;
  for (let index = 0; index < abandoned.length; index += AT_ONCE)
    await Promise.all(abandoned.slice(index, index + AT_ONCE).map((row) => recoverOrTell(ctx, row)));
  return abandoned.length + (await mendStrayAttempts(ctx));
}

async function recoverOrTell(ctx: AppContext, row: Abandoned): Promise<void> {
  try {
    await recover(ctx, row);
  } catch (error) {
    ctx.log.error(
      { err: error, publicationId: row.publication_id },
      'an abandoned claim could not be recovered; trying again',
    );
  }
}

async function recover(ctx: AppContext, row: Abandoned): Promise<void> {
  if (row.attempt_id === null) {
    const { publication_id: publicationId, post_id: postId, fence } = row;
    const movedTo = await settleWithoutAttempt(ctx, { publicationId, postId, fence });
    if (movedTo !== null)
      ctx.log.error(
        { publicationId, movedTo },
        'a publication was claimed without an attempt: the database was changed',
      );
    return;
  }
  const claim = {
    publicationId: row.publication_id,
    postId: row.post_id,
    attemptId: row.attempt_id,
    fence: row.fence,
  };
  ctx.onStep('abandoned', claim.publicationId);
  if (row.state === 'prepared') {
    await handBack(ctx, claim);
    ctx.log.warn(
      { publicationId: claim.publicationId },
      'a claim was abandoned before anything was sent; it is due again',
    );
  } else {
    await settleOnce(ctx, claim, diedWhileSending, await databaseTime(ctx.db));
    ctx.log.error(
      { publicationId: claim.publicationId },
      'a worker died while sending; the post may be live, a person decides',
    );
  }
  ctx.onStep('recovered', claim.publicationId);
}

const diedWhileSending = {
  kind: 'unknown',
  httpStatus: null,
  errorCode: 'interrupted',
  errorMessage:
    'The server stopped after sending and before the answer. The post may be live: look at the account, then say what you found.',
} as const;
