/**
 * A rate limit is the account's, not the post's: until the platform's reset nothing is sent to that account, by whatever
 * process and from whatever team, and what falls due meanwhile is put off to just after it, one after another. The rest is a
 * row that is committed with the outcome that ordered it; a process that dies leaves the putting off to the next sweep. Only
 * a person who publishes now or retries ends it before its time.
 *
 * Who was put off is late by the time it was put off to, because the platform decided that; by a day at most, and not at all
 * where the post has a late rule of its own (`lateFrom` of domain/late-policy.ts).
 */
import { Prisma } from '@prisma/client';
import type { Beat } from '../context.ts';
import { LOCK } from '../database/advisory-lock.ts';
import type { Database, Tx } from '../database/client.ts';
import { RELEASE_STAGGER_SECONDS } from './backlog.ts';
import { IS_CLAIMABLE } from './is-claimable.ts';
import { remembers } from './own-beat.ts';

/** SQL: the account of `publications` does not rest. The list is made once per statement and nearly always empty. */
export const ACCOUNT_DOES_NOT_REST = Prisma.sql`publications.account_id <> ALL (ARRAY(
  SELECT resting.id FROM account_rests
  JOIN connected_accounts resting ON resting.platform = account_rests.platform AND resting.external_id = account_rests.external_id
  WHERE account_rests.until > clock_timestamp()))`;

/** From now on nothing is sent to this account until then; an order to rest longer stays. */
export async function restAccount(tx: Tx, accountId: string, until: Date): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO account_rests (platform, external_id, until)
    SELECT platform, external_id, ${until} FROM connected_accounts WHERE id = ${accountId}::uuid
    ON CONFLICT (platform, external_id) DO UPDATE SET until = greatest(account_rests.until, excluded.until)`;
}

/**
 * Somebody wants a post of these accounts out now: the platform is asked again, with that one. What was put off stays so, and
 * a platform that still refuses orders the next rest.
 */
export async function endRest(tx: Tx, accountIds: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM account_rests USING (
      SELECT rest.platform, rest.external_id
      FROM account_rests rest JOIN connected_accounts account ON account.platform = rest.platform AND account.external_id = rest.external_id
      WHERE account.id = ANY (${[...accountIds]}::uuid[])
      ORDER BY rest.platform, rest.external_id FOR UPDATE OF rest) ended
    WHERE ended.platform = account_rests.platform AND ended.external_id = account_rests.external_id`;
}

/** In one transaction: others wait for it with a place of their own to give. */
const AT_ONCE = 2_000;
const PATIENT = { timeout: 30_000, maxWait: 30_000 };

const WHY =
  'The platform asked us to slow down, so everything for this account waits until it takes posts again. It leaves by itself then.';

/**
 * Puts off what falls due while its account rests: the longest due leaves first, at the reset; not by the next
 * attempt, which for the one that was refused is the reset itself. Rows that somebody is working on are left for the next
 * call.
 * @param beat of this process's worker: a database that does not know of it is an older one, where nothing is moved
 * @returns how many were moved
 */
export async function putOffResting(db: Database, beat: Beat | null = null): Promise<number> {
  const [row] = await db.$queryRaw<{ rests: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM account_rests WHERE until > clock_timestamp()) AS rests`;
  if (row?.rests !== true) return 0;
  let moved = 0;
  for (;;) {
    const some = await db.$transaction((tx) => giveLaterPlaces(tx, beat), PATIENT);
    moved += some;
    if (some < AT_ONCE) return moved;
  }
}

/**
 * One at a time, so that two do not give one place twice; and nobody ends a rest while something is put off because of it.
 * The n-th that waits gets the n-th place that is free. A place is taken by whatever leaves to the account then, also where an
 * earlier rest, that ended a little before, has given it: of what is refused at the same moment each names a moment of its own.
 */
async function giveLaterPlaces(tx: Tx, beat: Beat | null): Promise<number> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK.lineUp}::bigint)`;
  const rests = await tx.$queryRaw<{ platform: string; external_id: string; until: Date }[]>`
    SELECT platform::text, external_id, until FROM account_rests WHERE until > clock_timestamp()
    ORDER BY account_rests.platform, external_id FOR SHARE`;
  const numbered = JSON.stringify(rests.map((rest, no) => ({ ...rest, no })));
  return tx.$executeRaw`
    WITH resting AS (
      SELECT account.id, rest.no, rest.until
      FROM jsonb_to_recordset(${numbered}::jsonb) AS rest(no int, platform text, external_id text, until timestamptz(3))
      JOIN connected_accounts account ON account.platform = rest.platform::"Platform" AND account.external_id = rest.external_id
    ), waiting AS (
      SELECT publications.id, publications.due_at, resting.no, resting.until
      FROM publications JOIN resting ON resting.id = publications.account_id
      WHERE publications.status IN ('scheduled', 'retrying') AND publications.next_attempt_at <= resting.until AND ${IS_CLAIMABLE}
        AND ${remembers(beat)}
        AND (publications.put_off_until IS NULL OR publications.put_off_until < resting.until)
      ORDER BY publications.due_at, publications.id LIMIT ${AT_ONCE}
      FOR UPDATE OF publications SKIP LOCKED
    ), line AS (
      SELECT id, no, until, row_number() OVER (PARTITION BY no ORDER BY due_at, id) - 1 AS place FROM waiting
    ), taken AS (
      SELECT DISTINCT resting.no,
        round(extract(epoch FROM publications.next_attempt_at - resting.until) / ${RELEASE_STAGGER_SECONDS}) AS slot
      FROM publications JOIN resting ON resting.id = publications.account_id
      WHERE publications.status IN ('scheduled', 'retrying')
        AND (publications.put_off_until >= resting.until
          OR publications.put_off_until IS NOT NULL AND publications.next_attempt_at > resting.until)
    ), passed AS (
      -- Which place is the first beyond each slot that is taken.
      SELECT no, slot - row_number() OVER (PARTITION BY no ORDER BY slot) + 1 AS place FROM taken
    ), placed AS (
      SELECT id, until + ${RELEASE_STAGGER_SECONDS} * interval '1 second' * (place + sum(taken) OVER (
        PARTITION BY no ORDER BY place, taken DESC ROWS UNBOUNDED PRECEDING)) AS leaves_at
      FROM (
        SELECT id, no, until, place, 0 AS taken FROM line
        UNION ALL SELECT NULL, no, NULL, place, 1 FROM passed) together
    )
    UPDATE publications
    SET next_attempt_at = leaves_at, put_off_until = leaves_at, updated_at = clock_timestamp(),
      error_code = coalesce(error_code, 'account-rests'), error_message = coalesce(error_message, ${WHY})
    FROM placed WHERE placed.id = publications.id`;
}

/** Whether nothing may be sent to this account just now. */
export async function accountRests(db: Database | Tx, accountId: string): Promise<boolean> {
  return (await restEnd(db, accountId)) !== null;
}

/** When this account's rest ends; null when it has none. */
export async function restEnd(db: Database | Tx, accountId: string): Promise<Date | null> {
  const [rest] = await db.$queryRaw<{ until: Date }[]>`
    SELECT account_rests.until
    FROM account_rests JOIN connected_accounts account USING (platform, external_id)
    WHERE account.id = ${accountId}::uuid AND account_rests.until > clock_timestamp()`;
  return rest?.until ?? null;
}
