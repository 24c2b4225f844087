/** Very many publications at once, as scheduling leaves them, without the minutes that scheduling them would take. */
import type { Database } from '../database/client.ts';

export interface Bulk {
  teamId: string;
  authorId: string;
  accountId: string;
  count: number;
  /** Minutes ago that they were due; negative: in the future. Each a millisecond after the one before. */
  minutesAgo: number;
}

export async function scheduleBulk(db: Database, bulk: Bulk): Promise<void> {
  await db.$executeRaw`
    WITH made AS (
      INSERT INTO posts (id, team_id, author_id, text, scheduled_at, time_zone, status, updated_at)
      SELECT gen_random_uuid(), ${bulk.teamId}::uuid, ${bulk.authorId}::uuid, 'One of many ' || gen_random_uuid(),
             clock_timestamp() - ${bulk.minutesAgo}::float8 * interval '1 minute' + n * interval '1 millisecond', 'UTC', 'scheduled',
             clock_timestamp()
      FROM generate_series(1, ${bulk.count}::int) n RETURNING id, scheduled_at
    )
    INSERT INTO publications (id, post_id, account_id, team_id, status, due_at, next_attempt_at, generation, updated_at)
    SELECT gen_random_uuid(), id, ${bulk.accountId}::uuid, ${bulk.teamId}::uuid, 'scheduled', scheduled_at, scheduled_at, 1,
           clock_timestamp() FROM made`;
}
