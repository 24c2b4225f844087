/** A platform that asks us to slow down: all posts of that account wait for its reset, whoever works and whatever dies. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectedAccount, Publication } from '@prisma/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Database, Tx } from '../database/client.ts';
import { type Bench, eventually, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from '../worker/worker.ts';
import { accountRests, putOffResting, restAccount } from './account-rest.ts';
import { spreadBacklog } from './backlog.ts';
import { claimDue, untilNextDueMs } from './claim.ts';
import { claimReady } from './claim-ready.ts';
import { createPost, editPost } from './posts.ts';
import { createReadyBook } from './prepare-ahead.ts';
import { publishPublication } from './publish-publication.ts';
import { retryPublication } from './retry-publication.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

let bench: Bench;
let other: ConnectedAccount;
let workers: Worker[] = [];

beforeAll(async () => {
  bench = await openBench();
  other = await bench.connect(bench.author, MEMBERS[1]);
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  workers = [];
  bench.ctx.wake = () => undefined;
  await bench.fault('ok');
  await bench.ctx.db.accountRest.deleteMany();
  await bench.ctx.db.publishAttempt.updateMany({
    where: { state: { in: ['prepared', 'sent'] } },
    data: { state: 'absent' },
  });
  await bench.ctx.db.publication.updateMany({
    where: { status: { not: 'published' } },
    data: { status: 'cancelled', nextAttemptAt: null, leaseUntil: null },
  });
  await bench.ctx.db.team.updateMany({ data: { latePolicy: 'drop', lateLimitMinutes: 120 } });
});
afterAll(() => bench.close());

const signal = new AbortController().signal;
const HOUR = 3_600_000;
let serial = 0;

async function work(): Promise<Worker> {
  const worker = await startWorker(bench.ctx);
  bench.ctx.wake = worker.wake;
  workers.push(worker);
  return worker;
}

async function draft(account: ConnectedAccount = bench.account): Promise<Publication> {
  const text = `Resting ${++serial} (${process.pid})`;
  const post = await createPost(bench.ctx, bench.author, { text, accounts: [account.id] });
  return bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}

/** Fell due just now. */
const due = (account?: ConnectedAccount) => dueAt(new Date(), account);

async function dueAt(at: Date, account?: ConnectedAccount): Promise<Publication> {
  const publication = await draft(account);
  await editPost(bench.ctx, bench.author, publication.postId, {
    scheduledAt: new Date(Date.now() + HOUR).toISOString(),
  });
  await schedulePost(bench.ctx, bench.author, publication.postId);
  const data = { dueAt: at, nextAttemptAt: at };
  const scheduled = await bench.ctx.db.publication.update({ where: { id: publication.id }, data });
  bench.ctx.wake();
  return scheduled;
}

const row = ({ id }: Publication) => bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
const attempts = ({ id }: Publication) => bench.ctx.db.publishAttempt.count({ where: { publicationId: id } });
const becomes = (publication: Publication, status: Publication['status']) =>
  eventually(async () => ((await row(publication)).status === status ? true : undefined), `${status}`);
const restUntil = async () => (await bench.ctx.db.accountRest.findFirstOrThrow()).until;
const rest = (until: Date) => bench.ctx.db.$transaction((tx) => restAccount(tx, bench.account.id, until));

/** For the database, this much time passes. */
async function pass(ms: number): Promise<void> {
  await bench.ctx.db.$executeRaw`
    UPDATE publications SET next_attempt_at = next_attempt_at - ${ms} * interval '1 millisecond',
      put_off_until = put_off_until - ${ms} * interval '1 millisecond', due_at = due_at - ${ms} * interval '1 millisecond'
    WHERE status IN ('scheduled', 'retrying')`;
  await bench.ctx.db.$executeRaw`UPDATE account_rests SET until = until - ${ms} * interval '1 millisecond'`;
}

/** The same database, whose transactions stand still: after they have asked something, or before their commit. */
function slowly(where: 'asked' | 'before commit'): { db: Database; standing: Promise<void>; open(): void } {
  const real = bench.ctx.db;
  const standing = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const db = new Proxy(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== '$transaction') return value;
      return (work: (tx: Tx) => Promise<unknown>) =>
        target.$transaction(async (tx) => {
          const stand = async (result: unknown) => {
            standing.resolve();
            await opened.promise;
            return result;
          };
          const asking = new Proxy(tx, {
            get(inner, name) {
              const method: unknown = Reflect.get(inner, name);
              if (name !== '$queryRaw' || typeof method !== 'function') return method;
              return async (...args: unknown[]) => stand(await Reflect.apply(method, inner, args));
            },
          });
          return where === 'asked' ? work(asking) : stand(await work(tx));
        });
    },
  });
  return { db, standing: standing.promise, open: opened.resolve };
}

/** Seconds after the reset at which each leaves. */
async function slots(publications: readonly Publication[]): Promise<number[]> {
  const until = (await restUntil()).getTime();
  const rows = await Promise.all(publications.map(row));
  return rows.map(({ nextAttemptAt }) => ((nextAttemptAt?.getTime() ?? 0) - until) / 1000);
}

describe('after a refusal for too many requests', () => {
  it('what falls due for that account waits for the same reset without asking the platform, one after another', async () => {
    await work();
    await bench.fault('429');
    const first = await due();
    await becomes(first, 'retrying');
    const waiting = [await due(), await due(), await due()];
    await eventually(async () => ((await slots(waiting)).at(-1) === 15 ? true : undefined), 'all to be put off');
    expect(await slots([first, ...waiting])).toEqual([0, 5, 10, 15]);
    expect(await Promise.all(waiting.map(attempts))).toEqual([0, 0, 0]);
    expect((await row(first)).attemptCount).toBe(0);
    for (const publication of waiting)
      expect((await row(publication)).errorMessage).toContain('everything for this account waits');

    await bench.fault('ok');
    for (const publication of [first, ...waiting]) {
      await pass(((await row(publication)).nextAttemptAt?.getTime() ?? 0) - Date.now());
      await becomes(publication, 'published');
    }
    const live = (await bench.ledger()).filter(({ text }) => text.includes(`(${process.pid})`));
    expect(new Set(live.map(({ id }) => id)).size).toBe(4);
    expect(await Promise.all([first, ...waiting].map(attempts))).toEqual([2, 1, 1, 1]);
  });

  it('posts of other accounts leave as ever', async () => {
    await work();
    await rest(new Date(Date.now() + HOUR));
    const held = await due();
    const free = await due(other);
    await becomes(free, 'published');
    expect(await attempts(held)).toBe(0);
  });

  it('the same account rests in another team, too', async () => {
    const { db } = bench.ctx;
    const team = await db.team.create({ data: { name: 'Twin team' } });
    const { id: _, teamId: __, ...same } = bench.account;
    const twin = await db.connectedAccount.create({ data: { ...same, teamId: team.id } });
    await rest(new Date(Date.now() + HOUR));
    expect([await accountRests(db, twin.id), await accountRests(db, other.id)]).toEqual([true, false]);
    await db.connectedAccount.delete({ where: { id: twin.id } });
  });

  it('the rest outlives the process: another one keeps it, and sends what waited when it is over', async () => {
    const publication = await due();
    // Whoever ordered it died before he could put anything off.
    await rest(new Date(Date.now() + HOUR));
    await work();
    await eventually(async () => ((await row(publication)).putOffUntil === null ? undefined : true), 'the next sweep');
    expect([await slots([publication]), await attempts(publication)]).toEqual([[0], 0]);
    await pass(HOUR);
    await becomes(publication, 'published');
  });

  it('a later reset wins over an earlier one, and an earlier one does not shorten it', async () => {
    const [soon, late] = [new Date(Date.now() + HOUR), new Date(Date.now() + 2 * HOUR)];
    for (const until of [soon, late, soon]) await rest(until);
    expect(await restUntil()).toEqual(late);
  });
});

describe('while an account rests', () => {
  it('nothing of it is claimed, waited for or prepared', async () => {
    await due();
    await dueAt(new Date(Date.now() + 5_000));
    await rest(new Date(Date.now() + HOUR));
    const prepared: string[] = [];
    const book = createReadyBook({ ...bench.ctx, onStep: (step) => prepared.push(step) });
    await book.refresh(signal);
    expect(await claimDue(bench.ctx, 10)).toEqual([]);
    expect(await untilNextDueMs(bench.ctx, HOUR)).toBeNull();
    expect([prepared, book.untilNextMs()]).toEqual([[], null]);
  });

  it('what was held ready for its instant is not sent', async () => {
    const publication = await dueAt(new Date(Date.now() + 800));
    const book = createReadyBook(bench.ctx);
    await book.refresh(signal);
    await rest(new Date(Date.now() + HOUR));
    const ready = await eventually(() => {
      const taken = book.takeDue(1);
      return taken.length > 0 ? taken : undefined;
    }, 'its instant');
    expect(await claimReady(bench.ctx, ready)).toEqual([]);
    await putOffResting(bench.ctx.db);
    expect(await slots([publication])).toEqual([0]);
  });

  it('what was claimed already is handed back before anything is sent', async () => {
    const publication = await due();
    const [claim] = await claimDue(bench.ctx, 1);
    await rest(new Date(Date.now() + HOUR));
    if (claim === undefined) throw new Error('it was due');
    await publishPublication(bench.ctx, claim, signal);
    expect(await row(publication)).toMatchObject({ status: 'scheduled', attemptCount: 0, sentAt: null });
    expect([await slots([publication]), await attempts(publication)]).toEqual([[0], 0]);
  });

  it('what is due after the reset keeps its time, and what comes later gets a place behind', async () => {
    await rest(new Date(Date.now() + HOUR));
    const after = await dueAt(new Date(Date.now() + 2 * HOUR));
    const first = await due();
    expect(await putOffResting(bench.ctx.db)).toBe(1);
    expect(await putOffResting(bench.ctx.db)).toBe(0);
    const second = await dueAt(new Date(Date.now() + HOUR / 2));
    expect(await putOffResting(bench.ctx.db)).toBe(1);
    expect(await slots([first, second])).toEqual([0, 5]);
    expect((await row(after)).nextAttemptAt).toEqual(after.nextAttemptAt);
  });

  it('two that put off at the same moment give each post a place of its own', async () => {
    await rest(new Date(Date.now() + HOUR));
    const first = await due();
    const slow = slowly('before commit');
    const one = putOffResting(slow.db);
    await slow.standing;
    const second = await due();
    const other = putOffResting(bench.ctx.db);
    await Promise.race([other, delay(300)]);
    slow.open();
    expect(await Promise.all([one, other])).toEqual([1, 1]);
    expect(await slots([first, second])).toEqual([0, 5]);
  });

  it('what somebody publishes now while others are put off goes out, and is not put off after all', async () => {
    await rest(new Date(Date.now() + HOUR));
    const waiting = await due();
    const wanted = await dueAt(new Date(Date.now() + HOUR / 2));
    const slow = slowly('asked');
    const puttingOff = putOffResting(slow.db);
    await slow.standing;
    const publishing = publishPostNow(bench.ctx, bench.author, wanted.postId);
    await Promise.race([publishing, delay(300)]);
    slow.open();
    await Promise.all([puttingOff, publishing]);
    expect(await putOffResting(bench.ctx.db)).toBe(0);
    expect(await row(wanted)).toMatchObject({ status: 'scheduled', putOffUntil: null });
    expect((await row(wanted)).nextAttemptAt?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await row(waiting)).toMatchObject({ errorCode: 'account-rests' });
  });

  it('what was refused leaves before what fell due after it, although it waits for the reset itself', async () => {
    const until = new Date(Date.now() + HOUR);
    const refused = await due();
    const others = [await dueAt(new Date(Date.now() + HOUR / 4)), await dueAt(new Date(Date.now() + HOUR / 2))];
    await rest(until);
    const nextTry = new Date(until.getTime() - 1);
    await bench.ctx.db.publication.update({
      where: { id: refused.id },
      data: { status: 'retrying', nextAttemptAt: nextTry, putOffUntil: nextTry },
    });
    await putOffResting(bench.ctx.db);
    expect(await slots([refused, ...others])).toEqual([0, 5, 10]);
  });

  it('a person may choose another time for what was put off', async () => {
    const publication = await due();
    await rest(new Date(Date.now() + HOUR));
    await putOffResting(bench.ctx.db);
    const scheduledAt = new Date(Date.now() + 3 * HOUR).toISOString();
    await editPost(bench.ctx, bench.author, publication.postId, { scheduledAt });
    expect(await row(publication)).toMatchObject({ putOffUntil: null, nextAttemptAt: new Date(scheduledAt) });
  });
});

describe('what was put off for a rest', () => {
  const rested = async (late: number) => {
    await bench.ctx.db.team.updateMany({ data: { latePolicy: 'drop', lateLimitMinutes: 10 } });
    const publication = await due();
    await rest(new Date(Date.now() + 4 * HOUR));
    await putOffResting(bench.ctx.db);
    await pass(4 * HOUR + late);
    await spreadBacklog(bench.ctx.db);
    await work();
    return publication;
  };

  it('is not late at the reset, however long that was', async () => {
    await becomes(await rested(0), 'published');
  });

  it('is late when nobody works for too long after it', async () => {
    const publication = await rested(HOUR);
    await becomes(publication, 'missed');
    expect(await attempts(publication)).toBe(0);
  });
});

describe('a person who asks while an account rests', () => {
  it('what somebody publishes now is sent at once, and what was put off stays so', async () => {
    await rest(new Date(Date.now() + HOUR));
    const waiting = await due();
    await work();
    await eventually(async () => ((await row(waiting)).putOffUntil === null ? undefined : true), 'it to be put off');
    const wanted = await draft();
    await publishPostNow(bench.ctx, bench.author, wanted.postId);
    await becomes(wanted, 'published');
    expect(await row(waiting)).toMatchObject({ status: 'scheduled', errorCode: 'account-rests' });
  });

  it('what somebody sends again asks the platform again, and a refusal orders the next rest', async () => {
    await work();
    await bench.fault('429');
    await becomes(await due(), 'retrying');
    const failed = await draft();
    await bench.ctx.db.publication.update({ where: { id: failed.id }, data: { status: 'failed', dueAt: new Date() } });
    const before = await restUntil();
    await retryPublication(bench.ctx, bench.author, failed.id);
    await becomes(failed, 'retrying');
    expect(await attempts(failed)).toBe(1);
    expect((await restUntil()).getTime()).toBeGreaterThanOrEqual(before.getTime());
  });
});
