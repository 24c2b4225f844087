/** The database answers every question and saves nothing: a process that serves pages says so, to people and to probes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { openPanelBench } from '../testing/panel-bench.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';
import type { Readiness } from './health-routes.ts';
import { createReadiness } from './readiness.ts';

const SUPERUSER = { email: 'sue@example.com', password: 'correct horse battery' };
const FULL = `
  CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'could not extend file "base/5/16384": No space left on device' USING ERRCODE = '53100'; END $$`;

let server: TestServer;
let readiness: Readiness;
/** By how much more than a minute each test is later than the one before. */
let later = 0;
const performanceNow = performance.now.bind(performance);

beforeAll(async () => {
  server = await startTestServer({
    environment: { ROLE: 'web', SUPERUSER_EMAIL: SUPERUSER.email, SUPERUSER_PASSWORD: SUPERUSER.password },
    readiness: () => readiness(),
  });
  readiness = createReadiness(server.ctx, () => 'there is no worker here');
  await ensureFirstSuperuser(server.ctx);
  await server.ctx.db.$executeRawUnsafe(FULL);
});
afterAll(() => server.close());
beforeEach(() => {
  later += 61_000;
  vi.spyOn(performance, 'now').mockImplementation(() => performanceNow() + later);
});
afterEach(() => vi.restoreAllMocks());

const readyz = async () => {
  const answer = await server.visitor().get('/readyz');
  return { status: answer.status, checks: JSON.parse(answer.text).checks };
};
async function full(table: string): Promise<() => Promise<void>> {
  const { db } = server.ctx;
  await db.$executeRawUnsafe(
    `CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION full_disk()`,
  );
  return async () => {
    await db.$executeRawUnsafe(`DROP TRIGGER full_disk ON ${table}`);
  };
}

describe.each(['rate_limits', 'session', 'audit_events'])('while %s cannot be written', (table) => {
  test('signing in says that nothing can be saved, and readyz tells for a minute', async () => {
    expect(await readyz()).toMatchObject({ status: 200, checks: { saving: { ok: true } } });
    const works = await full(table);
    const answer = await server.visitor().post('/login', SUPERUSER);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('The server cannot save at the moment');
    expect(answer.text).not.toContain('base/5');
    expect(answer.headers.get('retry-after')).not.toBeNull();
    const message = expect.stringMatching(/disk is full/);
    expect(await readyz()).toMatchObject({ status: 503, checks: { saving: { ok: false, message } } });
    await works();
    await server.visitor().signIn(SUPERUSER.email, SUPERUSER.password);
    later += 61_000;
    expect(await readyz()).toMatchObject({ status: 200, checks: { saving: { ok: true } } });
  });
});

test('the panel says the same to whoever saves a post', async () => {
  const bench = await openPanelBench();
  await bench.ctx.db.$executeRawUnsafe(FULL);
  await bench.ctx.db.$executeRawUnsafe(
    'CREATE TRIGGER full_disk BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION full_disk()',
  );
  const answer = await bench.ask(bench.author, '/api/resources/Post/actions/new', {
    text: 'Hello',
    accounts: [bench.account.id],
  });
  expect(answer.status).toBe(503);
  expect(answer.body.error).toContain('The server cannot save at the moment');
  expect(await createReadiness({ ...bench.ctx, config: server.ctx.config }, () => null)()).toMatchObject({
    saving: { ok: false },
  });
  await bench.close();
});

describe('without a worker', () => {
  const worker = async () => (await readiness()).worker;

  test('a web process says so, and for how long the oldest post has been due; it is ready all the same', async () => {
    const { db } = server.ctx;
    expect(await worker()).toMatchObject({ ok: true, workersAlive: 0, oldestOverdueSeconds: 0 });
    const team = await db.team.create({ data: { name: 'Team' } });
    const user = await db.user.create({ data: { email: 'ann@example.com', name: 'Ann' } });
    const who = { kind: 'member', externalId: '1', displayName: 'One', connectedById: user.id } as const;
    const account = await db.connectedAccount.create({ data: { teamId: team.id, platform: 'x', ...who } });
    const post = await db.post.create({ data: { teamId: team.id, authorId: user.id, text: 'Due' } });
    const at = new Date(Date.now() - 300_000);
    await db.publication.create({
      data: {
        postId: post.id,
        accountId: account.id,
        teamId: team.id,
        status: 'scheduled',
        dueAt: at,
        nextAttemptAt: at,
      },
    });
    const { status, checks } = await readyz();
    expect(status).toBe(200);
    expect(checks.worker).toMatchObject({ ok: true, workersAlive: 0, message: expect.stringContaining('no worker') });
    expect(checks.worker.oldestOverdueSeconds).toBeGreaterThanOrEqual(300);
    expect(checks.worker.oldestOverdueSeconds).toBeLessThan(330);
  });

  test('one that is alive is counted, one that is silent or has stopped is not', async () => {
    await server.ctx.db.$executeRaw`
      INSERT INTO worker_processes (id, host, pid, started_at, beat_at, stopped_at) VALUES
        (gen_random_uuid(), 'a', 1, now(), now(), NULL), (gen_random_uuid(), 'b', 1, now(), now() - interval '31 seconds', NULL),
        (gen_random_uuid(), 'c', 1, now(), now(), now())`;
    expect(await worker()).toMatchObject({ ok: true, workersAlive: 1 });
    expect(await worker()).not.toHaveProperty('message');
  });
});
