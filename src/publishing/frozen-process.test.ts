/**
 * A process that stands still (SIGSTOP) until it is taken for dead, and then goes on (SIGCONT): a suspended laptop, a
 * virtual machine that is moved. Two real processes; the judge is the platform's ledger and its log of requests.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublishStep } from '../context.ts';
import { crashesHappened, orderFreeze } from '../testing/crash-orders.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { WorkerCrew } from '../testing/worker-crew.ts';
import { createPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: Bench;
let orders: string;
let crew: WorkerCrew;

beforeAll(async () => {
  bench = await openBench();
  orders = await mkdtemp(join(tmpdir(), 'scheduler-freeze-'));
  crew = new WorkerCrew({ ...bench.environment, CRASH_ORDERS: orders }, 2);
  await crew.fill();
}, 60_000);
afterAll(async () => {
  await crew.clear();
  await bench.close();
  await rm(orders, { recursive: true, force: true });
});

let serial = 0;
const row = ({ id }: Publication) => bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
const until = (publication: Publication, status: string) =>
  eventually(async () => ((await row(publication)).status === status ? true : undefined), `it to be ${status}`, 20_000);

/** Somebody stands still with it at this step, beyond the end of the lease. */
async function frozenAt(step: PublishStep): Promise<{ publication: Publication; live(): Promise<string[]> }> {
  const text = `Frozen ${++serial}`;
  const { id: postId } = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id] });
  const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId } });
  orderFreeze(orders, publication.id, step);
  await publishPostNow(bench.ctx, bench.author, postId);
  await eventually(() => (crashesHappened(orders, publication.id) ? true : undefined), `somebody to stop at ${step}`);
  const live = async () => (await bench.ledger()).filter((entry) => entry.text === text).map(({ id }) => id);
  return { publication, live };
}

async function requests(): Promise<number> {
  const answer = await fetch(new URL('/sandbox/requests?platform=linkedin', bench.environment.LINKEDIN_API_URL));
  return ((await answer.json()) as { requests: unknown[] }).requests.length;
}

/** It goes on, and has had time to do whatever it still would. */
async function goOn(): Promise<void> {
  crew.thaw();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
}

describe('a process that stood still beyond its lease', () => {
  it('before it wrote anything down as sent, finds that another has published meanwhile', async () => {
    const before = await requests();
    const { publication, live } = await frozenAt('prepared');
    await until(publication, 'published');
    const published = await row(publication);
    await goOn();
    expect(await live()).toEqual([published.externalId]);
    expect(await row(publication)).toEqual(published);
    expect(await requests()).toBe(before + 1);
  });

  it('after it wrote the attempt down and before a byte left, does not send what a person had sent again', async () => {
    const before = await requests();
    const { publication, live } = await frozenAt('sent');
    await until(publication, 'unconfirmed');
    await resolvePublication(bench.ctx, bench.author, publication.id, { resolution: 'absent', reason: 'Not there' });
    await until(publication, 'published');
    const published = await row(publication);
    await goOn();
    expect(await live()).toEqual([published.externalId]);
    expect(await row(publication)).toEqual(published);
    expect(await requests()).toBe(before + 1);
  });

  it('with the platform’s answer in hand, still brings its id, and it is published once', async () => {
    const before = await requests();
    const { publication, live } = await frozenAt('answered');
    await until(publication, 'unconfirmed');
    await goOn();
    await until(publication, 'published');
    expect(await live()).toEqual([(await row(publication)).externalId]);
    expect(await requests()).toBe(before + 1);
  });

  it('with a refusal in hand, does not overwrite what a person has decided meanwhile', async () => {
    await bench.fault('429', 1);
    const { publication, live } = await frozenAt('answered');
    await until(publication, 'unconfirmed');
    await resolvePublication(bench.ctx, bench.author, publication.id, {
      resolution: 'abandon',
      reason: 'Too late now',
    });
    const decided = await row(publication);
    await goOn();
    expect(await row(publication)).toEqual(decided);
    expect(await live()).toEqual([]);
  });
});
