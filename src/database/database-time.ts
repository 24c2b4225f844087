import type { Database } from './client.ts';

/** What time it is for the database. Due, sent and late are decided by this clock, whatever a machine's own one says. */
export async function databaseTime(db: Pick<Database, '$queryRaw'>): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
  if (row === undefined) throw new Error('the database did not say what time it is');
  return row.now;
}
