/**
 * Taking due publications for this process (step P0). One transaction, one statement to choose and mark: rows that another
 * process holds are skipped, not waited for. Due is decided by the database's clock; a local timer is only a hint.
 */
import { Prisma, type Publication } from '@prisma/client';
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';
import { ACCOUNT_DOES_NOT_REST } from './account-rest.ts';
import { IS_CLAIMABLE } from './is-claimable.ts';
import { remembers } from './own-beat.ts';
import { type Occupant, type Room, UNLIMITED } from './places.ts';
import { NO_OPEN_ATTEMPT } from './stray-attempts.ts';
import { projectPostStatus } from './transition.ts';

/** A publication that this process may attempt until the lease ends, and the attempt already written down for it. */
export interface Claim {
  publicationId: string;
  postId: string;
  attemptId: string;
  fence: number;
}

/** Due ones that are looked at for one claim, of platforms and accounts that have room. */
const CANDIDATES = 200;

/**
 * Claims up to `limit` due publications, longest due first, and writes a `prepared` attempt for each.
 * @param except publications that this process holds ready: they are claimed another way
 * @param room what waits for a place of its platform or account is not claimed
 * @returns possibly fewer than are due: rows that somebody is editing right now are left for the next call
 */
export async function claimDue(
  ctx: Pick<AppContext, 'db' | 'timings' | 'onStep' | 'lastBeat'>,
  limit: number,
  except: readonly string[] = [],
  room: Room = UNLIMITED,
): Promise<(Claim & Occupant)[]> {
  return ctx.db.$transaction(async (tx) => {
    const rows = await tx.$queryRaw<
      ({ id: string; post_id: string; fence: number; due_at: Date | null; number: number } & Occupant)[]
    >`
      WITH candidates AS (
        SELECT publications.id, next_attempt_at, account.platform, account_id
        FROM publications JOIN connected_accounts account ON account.id = publications.account_id
        WHERE publications.status IN ('scheduled', 'retrying') AND next_attempt_at <= clock_timestamp()
          AND publications.id <> ALL (${[...except]}::uuid[]) AND ${hasRoom(room)} AND ${ACCOUNT_DOES_NOT_REST} AND ${NO_OPEN_ATTEMPT}
          AND ${IS_CLAIMABLE} AND ${remembers(ctx.lastBeat?.())}
        ORDER BY next_attempt_at, publications.id
        LIMIT ${limit + CANDIDATES}
      ), ranked AS (
        SELECT id, platform, account_id,
          row_number() OVER (PARTITION BY platform ORDER BY next_attempt_at, id) AS of_platform,
          row_number() OVER (PARTITION BY account_id ORDER BY next_attempt_at, id) AS of_account
        FROM candidates
      ), due AS (
        SELECT publications.id, ranked.platform, ranked.account_id
        FROM ranked
        JOIN jsonb_to_recordset(${JSON.stringify(room.platforms)}::jsonb) AS of_platforms(platform text, room bigint)
          ON of_platforms.platform = ranked.platform::text
        LEFT JOIN jsonb_to_recordset(${JSON.stringify(room.accounts)}::jsonb) AS of_accounts("accountId" uuid, room bigint)
          ON of_accounts."accountId" = ranked.account_id
        JOIN publications ON publications.id = ranked.id
        JOIN posts ON posts.id = publications.post_id
        WHERE publications.status IN ('scheduled', 'retrying') AND publications.next_attempt_at <= clock_timestamp()
          AND of_platform <= of_platforms.room AND of_account <= coalesce(of_accounts.room, (of_platforms.room + 1) / 2)
        ORDER BY publications.next_attempt_at, publications.id
        LIMIT ${limit}
        FOR UPDATE OF publications, posts SKIP LOCKED
      )
      UPDATE publications
      SET status = 'publishing', fence = fence + 1, updated_at = clock_timestamp(),
          lease_until = clock_timestamp() + ${ctx.timings.leaseMs} * interval '1 millisecond'
      FROM due
      WHERE publications.id = due.id
      RETURNING publications.id, post_id, fence, due_at, due.platform::text AS platform, due.account_id::text AS "accountId",
        (SELECT coalesce(max(number), 0) + 1 FROM publish_attempts WHERE publication_id = publications.id)::int AS number`;
    const claims = rows.map((row) => ({
      publicationId: row.id,
      postId: row.post_id,
      attemptId: uuidv7(),
      fence: row.fence,
      dueAt: row.due_at,
      number: row.number,
      platform: row.platform,
      accountId: row.accountId,
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
    return claims.map(({ dueAt: _, number: __, ...claim }) => claim);
  });
}

/** SQL: `account` may have one more in flight. */
function hasRoom({ platforms, accounts }: Room): Prisma.Sql {
  const fullPlatforms = platforms.filter(({ room }) => room === 0).map(({ platform }) => platform);
  const fullAccounts = accounts.filter(({ room }) => room === 0).map(({ accountId }) => accountId);
  return Prisma.sql`(account.platform::text <> ALL (${fullPlatforms}::text[]) AND account.id <> ALL (${fullAccounts}::uuid[]))`;
}

/**
 * Milliseconds until the next publication is due, by the database's clock: 0 or less when one is due now, null when
 * nothing is due within `horizonMs`. What waits for its account to rest is put off by the sweep, and does not count before.
 * @param except publications that do not count
 * @param room what waits for a place does not count either
 */
export async function untilNextDueMs(
  ctx: Pick<AppContext, 'db' | 'lastBeat'>,
  horizonMs: number,
  except: readonly string[] = [],
  room: Room = UNLIMITED,
): Promise<number | null> {
  const [row] = await ctx.db.$queryRaw<{ ms: number | null }[]>`
    SELECT (extract(epoch FROM min(next_attempt_at) - clock_timestamp()) * 1000)::float8 AS ms
    FROM publications JOIN connected_accounts account ON account.id = publications.account_id
    WHERE publications.status IN ('scheduled', 'retrying')
      AND next_attempt_at <= clock_timestamp() + ${horizonMs} * interval '1 millisecond'
      AND publications.id <> ALL (${[...except]}::uuid[]) AND ${hasRoom(room)} AND ${ACCOUNT_DOES_NOT_REST} AND ${NO_OPEN_ATTEMPT}
          AND ${IS_CLAIMABLE} AND ${remembers(ctx.lastBeat?.())}`;
  return row?.ms ?? null;
}

/** Whether a claim is still this process's: nobody raised the fence since. */
export function holdsClaim(publication: Pick<Publication, 'status' | 'fence'>, claim: Claim): boolean {
  return publication.status === 'publishing' && publication.fence === claim.fence;
}
