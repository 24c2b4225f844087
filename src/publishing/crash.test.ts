/**
 * The crash matrix: the real process kills itself with SIGKILL at a named step, alone and beside a second worker. The judge
 * is the platform's ledger. The cases run one after another, so that whoever dies has only the one publication in its
 * hands; leases are long meanwhile, and end for all of them together, when the time has come to see who recovers what.
 * Posts of text, and posts with two images.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PUBLISH_STEPS, type PublishStep } from '../context.ts';
import { addImage } from '../media/add-image.ts';
import { crashesHappened, orderCrash } from '../testing/crash-orders.ts';
import { png } from '../testing/drawn-images.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { WorkerCrew } from '../testing/worker-crew.ts';
import { createPost, editPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

interface Case {
  /** Where a process dies, one after another. */
  at: readonly PublishStep[];
  /** What is true once everything has been recovered. */
  after: 'published' | 'unconfirmed';
  /** How many posts are on the platform then. */
  live: 0 | 1;
  /** What the platform does with the first request. */
  fault?: { fault: string; delayMs?: number };
  /** Scheduled a moment ahead, so that it is prepared before its instant and leaves the short way. */
  ahead?: true;
  /** A post with two images, uploaded before it is sent. */
  images?: true;
  /** SIGTERM to everybody while the request is in flight, so that the death comes during the orderly stop. */
  stop?: true;
  because: string;
}

const CASES: readonly Case[] = [
  { at: ['ready'], ahead: true, after: 'published', live: 1, because: 'nothing was claimed by preparing it' },
  { at: ['recording'], ahead: true, after: 'published', live: 1, because: 'nothing was claimed or recorded' },
  { at: ['sent'], ahead: true, after: 'unconfirmed', live: 0, because: 'nobody can know that not a byte had left' },
  { at: ['flushed'], ahead: true, after: 'unconfirmed', live: 1, because: 'the request was on its way' },
  { at: ['answered'], ahead: true, after: 'unconfirmed', live: 1, because: 'the answer died with the process' },
  { at: ['settled'], ahead: true, after: 'published', live: 1, because: 'the settlement was committed' },
  { at: ['claiming'], after: 'published', live: 1, because: 'the claim was never committed' },
  { at: ['claimed'], after: 'published', live: 1, because: 'nothing was recorded as sent' },
  { at: ['loaded'], after: 'published', live: 1, because: 'nothing was recorded as sent' },
  { at: ['prepared'], after: 'published', live: 1, because: 'nothing was recorded as sent' },
  { at: ['recording'], after: 'published', live: 1, because: 'nothing was recorded as sent' },
  { at: ['sent'], after: 'unconfirmed', live: 0, because: 'nobody can know that not a byte had left' },
  { at: ['connected'], after: 'unconfirmed', live: 0, because: 'nobody can know that not a byte had left' },
  { at: ['flushed'], after: 'unconfirmed', live: 1, because: 'the request was on its way' },
  { at: ['headers'], after: 'unconfirmed', live: 1, because: 'the answer died with the process' },
  { at: ['body'], after: 'unconfirmed', live: 1, because: 'the answer died with the process' },
  { at: ['answered'], after: 'unconfirmed', live: 1, because: 'the answer died with the process' },
  { at: ['settling'], after: 'unconfirmed', live: 1, because: 'the settlement was never committed' },
  { at: ['settled'], after: 'published', live: 1, because: 'the settlement was committed' },
  {
    at: ['rescheduling'],
    fault: { fault: '429' },
    after: 'unconfirmed',
    live: 0,
    because: 'the refusal died with the process, and the next alarm with its transaction',
  },
  {
    at: ['settled'],
    fault: { fault: '429' },
    after: 'published',
    live: 1,
    because: 'the next attempt and its alarm were committed with the refusal',
  },
  { at: ['prepared', 'abandoned'], after: 'published', live: 1, because: 'the next sweep finds it as the first did' },
  { at: ['prepared', 'handing-back'], after: 'published', live: 1, because: 'the hand-back was never committed' },
  { at: ['prepared', 'recovered'], after: 'published', live: 1, because: 'the hand-back was committed' },
  { at: ['sent', 'abandoned'], after: 'unconfirmed', live: 0, because: 'the next sweep finds it as the first did' },
  { at: ['answered', 'settling'], after: 'unconfirmed', live: 1, because: 'the next sweep finds it as the first did' },
  { at: ['flushed', 'recovered'], after: 'unconfirmed', live: 1, because: 'the sweep had parked it for a person' },
  {
    at: ['answered'],
    fault: { fault: 'slow', delayMs: 400 },
    stop: true,
    after: 'unconfirmed',
    live: 1,
    because: 'the answer died with the process',
  },
  {
    at: ['settled'],
    fault: { fault: 'slow', delayMs: 400 },
    stop: true,
    after: 'published',
    live: 1,
    because: 'an orderly stop settles what is in flight first',
  },
];

/** With images every step of the way out is the same, and there is one more before it. */
const WITH_IMAGES: readonly Case[] = [
  { at: ['uploaded'], images: true, after: 'published', live: 1, because: 'an upload is no post, and is used again' },
  {
    at: ['uploaded'],
    images: true,
    ahead: true,
    after: 'published',
    live: 1,
    because: 'an upload is no post, and is used again',
  },
  ...CASES.filter(({ at, fault, stop, ahead }) => at.length === 1 && !fault && !stop && !ahead).map((one) => ({
    ...one,
    images: true as const,
  })),
];

const BY_A_PERSON: readonly PublishStep[] = ['resolving', 'resolved'];

it('has a case for every step that a publication goes through', () => {
  const covered = new Set([...[...CASES, ...WITH_IMAGES].flatMap(({ at }) => at), ...BY_A_PERSON]);
  expect([...covered].sort()).toEqual([...PUBLISH_STEPS].sort());
});

describe.each([1, 2])('with %i worker(s), a process killed with SIGKILL', (size) => {
  let bench: Bench;
  let orders: string;
  let crew: WorkerCrew;
  const killed = new Map<Case, Publication>();

  beforeAll(async () => {
    bench = await openBench();
    orders = await mkdtemp(join(tmpdir(), 'scheduler-crash-'));
    // Longer than all the killing takes: nobody is taken for dead before this test says so.
    crew = new WorkerCrew({ ...bench.environment, CRASH_ORDERS: orders, LEASE_MS: '600000' }, size);
    for (const one of [...CASES, ...WITH_IMAGES]) killed.set(one, await kill(one));
    await crew.fill();
    await endLeases([...killed.values()]);
    await bench.ctx.db.accountRest.deleteMany();
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET next_attempt_at = clock_timestamp() WHERE status = 'retrying'`;
    await Promise.all([...killed.values()].map(atRest));
  }, 300_000);
  afterAll(async () => {
    await crew.clear();
    await bench.close();
    await rm(orders, { recursive: true, force: true });
  });

  for (const one of [...CASES, ...WITH_IMAGES]) {
    const { at, after, live, because, fault, stop } = one;
    const when = [
      fault === undefined ? '' : ` (platform: ${fault.fault})`,
      stop ? ' during SIGTERM' : '',
      one.ahead ? ', prepared ahead,' : '',
      one.images ? ', with images,' : '',
    ].join('');
    it(`at ${at.join(', then at ')}${when} leaves it ${after} with ${live} live: ${because}`, async () => {
      const publication = await row(killed.get(one));
      expect(crashesHappened(orders, publication.id)).toBe(true);
      expect(publication.status).toBe(after);
      const there = await onPlatform(publication);
      expect(there).toHaveLength(live);
      if (after === 'published') expect(publication.externalId).toBe(there[0]?.id);
    });
  }

  it('leaves no attempt open, and made nobody send anything a second time', async () => {
    expect(await bench.ctx.db.publishAttempt.count({ where: { state: { in: ['prepared', 'sent'] } } })).toBe(0);
    // The platform refuses a second copy; that somebody tried would show here.
    const answer = await fetch(sandbox('/sandbox/requests?platform=linkedin'));
    const { requests } = (await answer.json()) as { requests: { status: number; code: string | null }[] };
    expect(requests.filter(({ status }) => status !== 201 && status !== 429)).toEqual([]);
  });

  for (const step of BY_A_PERSON) {
    it(`at ${step} keeps a person’s decision whole: not taken at all, or taken and carried out`, async () => {
      const [publication] = await bench.ctx.db.publication.findMany({
        where: { status: 'unconfirmed', errorCode: 'interrupted', id: { in: nothingLive() } },
      });
      if (publication === undefined) throw new Error('the cases above left some');
      orderCrash(orders, publication.id, [step]);
      expect(await crew.resolve(publication.id, bench.author, 'absent')).toBe('SIGKILL');
      if (step === 'resolving') {
        expect(await row(publication)).toMatchObject({ status: 'unconfirmed' });
        await resolvePublication(bench.ctx, bench.author, publication.id, { resolution: 'absent', reason: 'looked' });
      }
      await eventually(async () => ((await row(publication)).status === 'published' ? true : undefined), 'its new try');
      expect(await onPlatform(publication)).toHaveLength(1);
    });
  }

  /** Lets somebody die in every way that the case says. @returns the publication that he had in hand */
  async function kill({ at, after, fault, stop, ahead, images }: Case): Promise<Publication> {
    await crew.fill();
    // A refusal of an earlier case must not keep this one from leaving.
    await bench.ctx.db.accountRest.deleteMany();
    const text = `killed at ${at.join(' and ')} ${killed.size}`;
    const media = images ? [await drawn(), await drawn()] : [];
    const input = { text, accounts: [bench.account.id], media };
    const { id: postId } = await createPost(bench.ctx, bench.author, input);
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId } });
    if (fault !== undefined) await setFault(fault);
    orderCrash(orders, publication.id, at);
    if (ahead) await scheduleSoon(postId);
    else await publishPostNow(bench.ctx, bench.author, postId);
    if (stop) {
      await eventually(
        async () => ((await row(publication)).sentAt === null ? undefined : true),
        'the request to be in flight',
      );
      crew.terminate();
    }
    for (const step of at) {
      expect(await crew.death(), `somebody to die at ${step}`).toBe('SIGKILL');
      await crew.fill();
      if (step !== at.at(-1)) await endLeases([publication]);
    }
    // What is due again at once must not be in the hands of whoever dies next.
    if (ahead) await (after === 'published' ? atRest(publication) : inTheHandsOfTheDead(publication));
    else if (at.length > 1 || at[0] === 'claiming') await atRest(publication);
    return publication;
  }

  async function row(publication: Publication | undefined): Promise<Publication> {
    return bench.ctx.db.publication.findUniqueOrThrow({ where: { id: publication?.id ?? '' } });
  }

  async function atRest(publication: Publication): Promise<void> {
    await eventually(
      async () => (['published', 'unconfirmed', 'failed'].includes((await row(publication)).status) ? true : undefined),
      'somebody to recover it',
      20_000,
    );
  }

  /** Ahead of its time nothing is claimed: whoever dies then leaves it to the others, until it is sent. */
  async function inTheHandsOfTheDead(publication: Publication): Promise<void> {
    await eventually(
      async () => ((await row(publication)).status === 'publishing' ? true : undefined),
      'it to be claimed by whoever died',
    );
  }

  async function drawn(): Promise<{ id: string; altText: string }> {
    const { image } = await addImage(bench.ctx, bench.author, bench.teamId, Buffer.from(await png()));
    return { id: image.id, altText: 'Four colours' };
  }

  /** No verb schedules for so near a moment. */
  async function scheduleSoon(postId: string): Promise<void> {
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    await editPost(bench.ctx, bench.author, postId, { scheduledAt });
    await schedulePost(bench.ctx, bench.author, postId);
    await bench.ctx.db.$executeRaw`
      UPDATE publications SET due_at = clock_timestamp() + interval '1500 milliseconds',
        next_attempt_at = clock_timestamp() + interval '1500 milliseconds', updated_at = clock_timestamp()
      WHERE post_id = ${postId}::uuid`;
  }

  async function onPlatform({ postId }: Publication): Promise<{ id: string }[]> {
    const { text } = await bench.ctx.db.post.findUniqueOrThrow({ where: { id: postId } });
    return (await bench.ledger()).filter((entry) => entry.text === text);
  }

  /** Time passes. */
  async function endLeases(publications: readonly Publication[]): Promise<void> {
    await bench.ctx.db.publication.updateMany({
      where: { id: { in: publications.map(({ id }) => id) }, status: 'publishing' },
      data: { leaseUntil: new Date(0) },
    });
  }

  async function setFault(fault: { fault: string; delayMs?: number }): Promise<void> {
    const body = JSON.stringify({
      platform: 'linkedin',
      account: `urn:li:person:${bench.account.externalId}`,
      times: 1,
      ...fault,
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(sandbox('/sandbox/faults'), { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  }

  function sandbox(path: string): URL {
    return new URL(path, bench.environment.LINKEDIN_API_URL);
  }

  function nothingLive(): string[] {
    return CASES.flatMap((one) => (one.live === 0 ? [killed.get(one)?.id ?? ''] : []));
  }
});
