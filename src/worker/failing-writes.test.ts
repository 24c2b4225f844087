/**
 * The database answers every question and saves nothing (its disk is full, a table is locked): the worker must not look
 * well to whoever watches it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReadiness } from '../http/readiness.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow } from '../publishing/schedule-post.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from './worker.ts';

let bench: Bench;
let worker: Worker;
beforeAll(async () => {
  bench = await openBench();
  await bench.ctx.db.$executeRawUnsafe(`
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`);
});
afterAll(() => bench.close());
beforeEach(async () => {
  worker = await startWorker(bench.ctx);
  expect(await health()).toBe('ready');
});
afterEach(() => worker.stop());

async function health(): Promise<string> {
  const readiness = createReadiness({ ...bench.ctx, config: { ...bench.ctx.config, role: 'all' } }, worker.problem);
  const { worker: part } = await readiness();
  return part?.ok === true ? 'ready' : (part?.message ?? '');
}

/** Until the returned function is called, this fails as on a full disk. */
async function failing(table: string, when: string): Promise<() => Promise<void>> {
  await bench.ctx.db.$executeRawUnsafe(`CREATE TRIGGER full_disk BEFORE ${when} EXECUTE FUNCTION full_disk()`);
  return async () => {
    await bench.ctx.db.$executeRawUnsafe(`DROP TRIGGER full_disk ON ${table}`);
  };
}

async function publish(text: string): Promise<string> {
  const { id } = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, id);
  return id;
}

const tells = (what: RegExp) =>
  eventually(async () => (what.test(await health()) ? true : undefined), `the worker to tell ${what}`);
const well = () => eventually(async () => ((await health()) === 'ready' ? true : undefined), 'the worker to be well');
const published = (postId: string) =>
  eventually(
    async () =>
      (await bench.ctx.db.publication.count({ where: { postId, status: 'published' } })) === 1 ? true : undefined,
    'it to be published',
    20_000,
  );

describe('a worker', () => {
  it('whose answers cannot be saved says so, until they are', async () => {
    const works = await failing('publication_evidence', 'INSERT ON publication_evidence FOR EACH ROW');
    const post = await publish('Answered, not saved');
    await tells(/1 answer of platforms could not be saved/);
    await works();
    await published(post);
    await well();
    expect((await bench.ledger()).filter(({ text }) => text === 'Answered, not saved')).toHaveLength(1);
  }, 40_000);

  it('whose claims fail says so, until they succeed', async () => {
    const works = await failing('publish_attempts', 'INSERT ON publish_attempts FOR EACH ROW');
    const post = await publish('Not claimed');
    await tells(/cannot be claimed/);
    await works();
    await published(post);
    await well();
  }, 40_000);

  it('whose heartbeat cannot be written says so, until it can', async () => {
    const works = await failing('worker_processes', 'UPDATE ON worker_processes FOR EACH ROW');
    await tells(/cannot do its rounds/);
    await works();
    await well();
  }, 40_000);
});
