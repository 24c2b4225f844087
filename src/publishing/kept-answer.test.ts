/** An answer that cannot be saved, because the database is away just then, and stays away. */
import type { Publication } from '@prisma/client';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import { connectDatabase, type Database } from '../database/client.ts';
import { type LimitedRole, limitedRole } from '../testing/limited-role.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startDispatcher } from '../worker/dispatcher.ts';
import { claimDue } from './claim.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow } from './schedule-post.ts';
import { recoverAbandonedClaims } from './sweep.ts';
import { untilSaved } from './until-saved.ts';

interface Line {
  level: number;
  msg: string;
  publicationId?: string;
  attemptId?: string;
  outcome?: { kind: string; externalId: string; permalink: string };
}

const FATAL = 60;
const never = new AbortController().signal;

let bench: Bench;
let role: LimitedRole;
let db: Database;
/** A worker of the same product, whose database can be taken away alone. */
let worker: AppContext;
let lines: Line[];

beforeAll(async () => {
  bench = await openBench();
  role = await limitedRole(bench.environment.DATABASE_URL ?? '');
});
beforeEach(async () => {
  lines = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  db = await connectDatabase(role.url);
  worker = { ...bench.ctx, db, log };
});
afterEach(async () => {
  await role.relax();
  await db.$disconnect();
});
afterAll(async () => {
  await role.drop();
  await bench.close();
});

const row = (id: string) => bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
const live = async (text: string) => (await bench.ledger()).filter((entry) => entry.text === text);
const told = (pattern: RegExp) => lines.filter(({ msg }) => pattern.test(msg));

/** Takes its time, so that the database can go while the answer is on its way. */
async function due(text: string): Promise<Publication> {
  await bench.fault('slow', 1, bench.account, 600);
  const { id: postId } = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, postId);
  return bench.ctx.db.publication.findFirstOrThrow({ where: { postId } });
}

async function databaseGoesWhileItIsSent(id: string): Promise<void> {
  await eventually(async () => ((await row(id)).sentAt === null ? undefined : true), 'the request to be in flight');
  await role.exhaust();
  await eventually(() => told(/could not be saved; trying again/)[0], 'the worker to tell');
}

async function sweptByAnother(id: string): Promise<void> {
  await bench.ctx.db
    .$executeRaw`UPDATE publications SET lease_until = now() - interval '1 second' WHERE id = ${id}::uuid`;
  await recoverAbandonedClaims(bench.ctx);
  expect(await row(id)).toMatchObject({ status: 'unconfirmed' });
}

/** For everything in this process that measures a span. */
function minutesPass(minutes: number): void {
  const before = performance.now.bind(performance);
  performance.now = () => before() + minutes * 60_000;
}
const clock = performance.now;
afterEach(() => {
  performance.now = clock;
});

describe('an answer with a real id', () => {
  it('is kept while the database is away, however long, and lifts what another process has meanwhile given up', async () => {
    const text = 'Kept for a quarter of an hour';
    const { id } = await due(text);
    const [claim] = await claimDue(worker, 1);
    if (claim === undefined) throw new Error('one is due');
    const pipeline = publishPublication(worker, claim, never);
    await databaseGoesWhileItIsSent(id);
    await sweptByAnother(id);

    minutesPass(15);
    const toldBefore = told(/trying again/).length;
    await eventually(() => told(/trying again/)[toldBefore], 'it to try again');
    await role.relax();
    await pipeline;

    const [entry] = await live(text);
    expect(await row(id)).toMatchObject({ status: 'published', externalId: entry?.id });
    expect(await live(text)).toHaveLength(1);
    const event = await bench.ctx.db.auditEvent.findFirstOrThrow({
      where: { action: 'publication.published', entityId: id },
    });
    expect(event.metadata).toMatchObject({ late: true, from: 'unconfirmed', externalId: entry?.id });
  });

  it('is in the log’s last line when the process is stopped before the database is back, and the stop goes on', async () => {
    const text = 'Stopped while the database was away';
    const { id } = await due(text);
    const dispatcher = startDispatcher(worker, 5, async () => []);
    dispatcher.wake();
    await databaseGoesWhileItIsSent(id);

    const asked = performance.now();
    await dispatcher.stop(1_000);
    expect(performance.now() - asked).toBeLessThan(8_000);

    const [attempt] = await bench.ctx.db.publishAttempt.findMany({ where: { publicationId: id } });
    const [entry] = await live(text);
    const [last, ...more] = lines.filter(({ level }) => level === FATAL);
    expect(more).toEqual([]);
    expect(last).toMatchObject({
      msg: expect.stringContaining('could not be saved'),
      publicationId: id,
      attemptId: attempt?.id,
      outcome: { kind: 'accepted', externalId: entry?.id },
    });

    await sweptByAnother(id);
    await resolvePublication(bench.ctx, bench.author, id, {
      resolution: 'live',
      permalink: last?.outcome?.permalink ?? '',
      reason: 'The log says so',
    });
    expect(await row(id)).toMatchObject({ status: 'published', externalId: entry?.id });
  });

  it('is saved during a stop when the database comes back in time', async () => {
    const text = 'Saved at the last moment';
    const { id } = await due(text);
    const dispatcher = startDispatcher(worker, 5, async () => []);
    dispatcher.wake();
    await databaseGoesWhileItIsSent(id);
    const stopped = dispatcher.stop(100);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await role.relax();
    await stopped;
    expect(await row(id)).toMatchObject({ status: 'published' });
    expect(lines.filter(({ level }) => level === FATAL)).toEqual([]);
  });
});

describe('a stop', () => {
  it('does not wait for a database that never answers', async () => {
    const stop = new AbortController();
    const atStake = { publicationId: 'p', attemptId: 'a', waiting: {} };
    const saving = untilSaved(worker, atStake, () => new Promise(() => undefined), stop.signal);
    stop.abort();
    await expect(saving).rejects.toThrow('did not answer');
    expect(lines).toMatchObject([{ publicationId: 'p', attemptId: 'a', msg: expect.stringContaining('stopping') }]);
  });
});

it('an outage of hours does not fill the log: what is at stake is told once a minute', async () => {
  let tries = 0;
  const save = async () => {
    if (++tries < 5) throw new Error('away');
  };
  await untilSaved(worker, { publicationId: 'p', attemptId: 'a', waiting: {} }, save, never);
  expect(tries).toBe(5);
  expect(lines).toHaveLength(1);
});
