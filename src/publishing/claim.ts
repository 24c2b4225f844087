/**
 * Taking due publications for this process (step P0). One transaction, one statement to choose and mark: rows that another
 * process holds are skipped, not waited for. Due is decided by the database's clock; a local timer is only a hint.
 */
import type { Publication } from '@prisma/client';
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';
import { ACCOUNT_DOES_NOT_REST } from './account-rest.ts';
import { NO_OPEN_ATTEMPT } from './stray-attempts.ts';
import { projectPostStatus } from './transition.ts';

/** A publication that this process may attempt until the lease ends, and the attempt already written down for it. */
export interface Claim {
  publicationId: string;
  postId: string;
  attemptId: string;
  fence: number;
}

/**
 * Claims up to `limit` due publications, longest due first, and writes a `prepared` attempt for each.
 * @param except publications that this process holds ready: they are claimed another way
 * @returns possibly fewer than are due: rows that somebody is editing right now are left for the next call
 */
export async function claimDue(
  ctx: Pick<AppContext, 'db' | 'timings' | 'onStep'>,
  limit: number,
  except: readonly string[] = [],
): Promise<Claim[]> {
  return ctx.db.$transaction(async (tx) => {
    const rows = await tx.$queryRaw<
      { id: string; post_id: string; fence: number; due_at: Date | null; number: number }[]
    >`
      WITH due AS (
        SELECT publications.id
        FROM publications JOIN posts ON posts.id = publications.post_id
        WHERE publications.status IN ('scheduled', 'retrying') AND next_attempt_at <= clock_timestamp()
          AND publications.id <> ALL (${[...except]}::uuid[]) AND ${ACCOUNT_DOES_NOT_REST} AND ${NO_OPEN_ATTEMPT}
        ORDER BY next_attempt_at, publications.id
        LIMIT ${limit}
        FOR UPDATE SKIP LOCKED
      )
      UPDATE publications
      SET status = 'publishing', fence = fence + 1, updated_at = clock_timestamp(),
          lease_until = clock_timestamp() + ${ctx.timings.leaseMs} * interval '1 millisecond'
      FROM due
      WHERE publications.id = due.id
      RETURNING publications.id, post_id, fence, due_at,
        (SELECT coalesce(max(number), 0) + 1 FROM publish_attempts WHERE publication_id = publications.id)::int AS number`;
    const claims = rows.map((row) => ({
      publicationId: row.id,
      postId: row.post_id,
      attemptId: uuidv7(),
      fence: row.fence,
      dueAt: row.due_at,
      number: row.number,
    }));
    await tx.publishAttempt.createMany({
      data: claims.map(({ attemptId, publicationId, number, fence, dueAt }) => ({
        id: attemptId,
        publicationId,
        number,
        fence,
        dueAt,
      })),
    });
    for (const postId of new Set(claims.map((claim) => claim.postId))) await projectPostStatus(tx, postId);
    for (const { publicationId } of claims) ctx.onStep('claiming', publicationId);
    return claims.map(({ publicationId, postId, attemptId, fence }) => ({ publicationId, postId, attemptId, fence }));
  });
}

/**
 * Milliseconds until the next publication is due, by the database's clock: 0 or less when one is due now, null when
 * nothing is due within `horizonMs`. What waits for its account to rest is put off by the sweep, and does not count before.
 * @param except publications that do not count
 */
export async function untilNextDueMs(
  ctx: Pick<AppContext, 'db'>,
  horizonMs: number,
  except: readonly string[] = [],
): Promise<number | null> {
  const [row] = await ctx.db.$queryRaw<{ ms: number | null }[]>`
    SELECT (extract(epoch FROM min(next_attempt_at) - clock_timestamp()) * 1000)::float8 AS ms
    FROM publications
    WHERE status IN ('scheduled', 'retrying') AND next_attempt_at <= clock_timestamp() + ${horizonMs} * interval '1 millisecond'
      AND id <> ALL (${[...except]}::uuid[]) AND ${ACCOUNT_DOES_NOT_REST} AND ${NO_OPEN_ATTEMPT}`;
  return row?.ms ?? null;
}

/** Whether a claim is still this process's: nobody raised the fence since. */
export function holdsClaim(publication: Pick<Publication, 'status' | 'fence'>, claim: Claim): boolean {
  return publication.status === 'publishing' && publication.fence === claim.fence;
}
