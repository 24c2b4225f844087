import type { Publication, PublicationStatus } from '@prisma/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, eventually, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from '../worker/worker.ts';
import { createPost, editPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { retryPublication } from './retry-publication.ts';
import { cancelPost, publishPostNow, schedulePost } from './schedule-post.ts';

let bench: Bench;
let worker: Worker | undefined;

beforeAll(async () => {
  bench = await openBench();
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(() => bench.close());

let serial = 0;
const uniqueText = () => `Post ${++serial} of this run (${process.pid})`;

async function start(): Promise<void> {
  worker = await startWorker(bench.ctx);
  bench.ctx.wake = worker.wake;
}

async function draft(over: Parameters<typeof createPost>[2] = {}) {
  return createPost(bench.ctx, bench.author, { text: uniqueText(), accounts: [bench.account.id], ...over });
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

async function publicationOf(postId: string): Promise<Publication> {
  return bench.ctx.db.publication.findFirstOrThrow({ where: { postId } });
}

async function reaches(postId: string, ...wanted: PublicationStatus[]): Promise<Publication> {
  return eventually(
    async () => {
      const publication = await publicationOf(postId);
      return wanted.includes(publication.status) ? publication : undefined;
    },
    `${wanted.join(' or ')} (is ${(await publicationOf(postId)).status})`,
  );
}

async function timesLive(text: string): Promise<number> {
  return (await bench.ledger()).filter((entry) => entry.text === text).length;
}

async function auditOf(postId: string): Promise<string[]> {
  const publication = await publicationOf(postId);
  const events = await bench.ctx.db.auditEvent.findMany({
    where: { entityId: { in: [postId, publication.id] } },
    orderBy: [{ occurredAt: 'asc' }, { id: 'asc' }],
  });
  return events.map((event) => event.action);
}

describe('a scheduled post', () => {
  it('is on LinkedIn once, at its time, with every step on record', async () => {
    await start();
    const post = await draft({ scheduledAt: inSeconds(1.5), timeZone: 'Europe/Warsaw' });
    expect((await publicationOf(post.id)).status).toBe('draft');
    await schedulePost(bench.ctx, bench.author, post.id);
    expect((await publicationOf(post.id)).status).toBe('scheduled');

    const publication = await reaches(post.id, 'published');
    expect(await timesLive(post.text)).toBe(1);
    expect(publication.externalId).toMatch(/^urn:li:share:\d+$/);
    expect(publication.permalink).toContain(publication.externalId);
    expect(publication.dueAt).toEqual(post.scheduledAt);
    expect(publication.sentAt?.getTime()).toBeGreaterThanOrEqual(publication.dueAt?.getTime() ?? Number.NaN);
    expect(publication.acceptedAt?.getTime()).toBeGreaterThanOrEqual(publication.sentAt?.getTime() ?? Number.NaN);
    expect(publication.attemptCount).toBe(1);
    const attempts = await bench.ctx.db.publishAttempt.findMany({ where: { publicationId: publication.id } });
    expect(attempts).toMatchObject([
      { number: 1, state: 'acked', httpStatus: 201, externalId: publication.externalId },
    ]);
    expect(await bench.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } })).toMatchObject({
      status: 'published',
    });
    expect(await auditOf(post.id)).toEqual([
      'post.created',
      'post.scheduled',
      'publication.sent',
      'publication.published',
    ]);
  });

  it('leaves at the new time after it was moved, and the old alarm does nothing', async () => {
    await start();
    const post = await draft({ scheduledAt: inSeconds(1) });
    await schedulePost(bench.ctx, bench.author, post.id);
    const later = inSeconds(2.5);
    await editPost(bench.ctx, bench.author, post.id, { scheduledAt: later });
    const publication = await reaches(post.id, 'published');
    expect(publication.sentAt?.getTime()).toBeGreaterThanOrEqual(new Date(later).getTime());
    expect(await timesLive(post.text)).toBe(1);
  });

  it('leaves with the text it was given last', async () => {
    await start();
    const post = await draft({ scheduledAt: inSeconds(1) });
    await schedulePost(bench.ctx, bench.author, post.id);
    const text = uniqueText();
    await editPost(bench.ctx, bench.author, post.id, { text });
    await reaches(post.id, 'published');
    expect(await timesLive(text)).toBe(1);
    expect(await timesLive(post.text)).toBe(0);
  });

  it('does not leave when it was cancelled', async () => {
    await start();
    const post = await draft({ scheduledAt: inSeconds(1) });
    await schedulePost(bench.ctx, bench.author, post.id);
    await cancelPost(bench.ctx, bench.author, post.id);
    const marker = await draft({ scheduledAt: inSeconds(1.5) });
    await schedulePost(bench.ctx, bench.author, marker.id);
    await reaches(marker.id, 'published');
    expect((await publicationOf(post.id)).status).toBe('cancelled');
    expect(await timesLive(post.text)).toBe(0);
  });

  it('is found by the sweep when its alarm was lost', async () => {
    await start();
    const post = await draft({ scheduledAt: inSeconds(1) });
    await schedulePost(bench.ctx, bench.author, post.id);
    await bench.ctx.boss.deleteAllJobs('publish-publication');
    bench.ctx.wake = () => undefined;
    await reaches(post.id, 'published');
    expect(await timesLive(post.text)).toBe(1);
  });

  it('goes to each of its accounts once', async () => {
    await start();
    const other = await bench.connect(bench.author, MEMBERS[1]);
    const post = await draft({ accounts: [bench.account.id, other.id] });
    await publishPostNow(bench.ctx, bench.author, post.id);
    await eventually(
      async () =>
        (await bench.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } })).status === 'published'
          ? true
          : undefined,
      'both to be published',
    );
    const entries = (await bench.ledger()).filter((entry) => entry.text === post.text);
    expect(new Set(entries.map((entry) => entry.account)).size).toBe(2);
    expect(entries).toHaveLength(2);
  });

  it('cannot be written without its alarm: both are saved or neither is', async () => {
    const post = await draft({ scheduledAt: inSeconds(60) });
    const send = bench.ctx.boss.send.bind(bench.ctx.boss);
    bench.ctx.boss.send = () => Promise.reject(new Error('the queue refuses'));
    await expect(schedulePost(bench.ctx, bench.author, post.id)).rejects.toThrow('the queue refuses');
    bench.ctx.boss.send = send;
    expect((await publicationOf(post.id)).status).toBe('draft');
    expect(await auditOf(post.id)).toEqual(['post.created']);
  });
});

describe('when the platform fails', () => {
  const unclear: [string, number][] = [
    ['500 after', 1],
    ['500 before', 0],
    ['reset after', 1],
    ['reset before', 0],
    ['malformed', 1],
  ];
  for (const [fault, live] of unclear) {
    it(`a "${fault}" leaves the publication unconfirmed, with ${live} post live, and nothing is sent again`, async () => {
      await start();
      await bench.fault(fault, 1);
      const post = await draft();
      await publishPostNow(bench.ctx, bench.author, post.id);
      const publication = await reaches(post.id, 'unconfirmed', 'published', 'retrying', 'failed');
      expect(publication.status).toBe('unconfirmed');
      expect(publication.nextAttemptAt).toBeNull();
      await expect(retryPublication(bench.ctx, bench.author, publication.id)).rejects.toMatchObject({
        code: 'conflict',
      });
      await expect(publishPostNow(bench.ctx, bench.author, post.id)).rejects.toMatchObject({ code: 'conflict' });
      await expect(editPost(bench.ctx, bench.author, post.id, { text: 'other' })).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await timesLive(post.text)).toBe(live);
    });
  }

  it('a cut-off body does not hide the id in the header: published', async () => {
    await start();
    await bench.fault('truncated', 1);
    const post = await draft();
    await publishPostNow(bench.ctx, bench.author, post.id);
    expect((await reaches(post.id, 'published', 'unconfirmed')).status).toBe('published');
    expect(await timesLive(post.text)).toBe(1);
  });

  it('a rate limit waits without using up an attempt', async () => {
    await start();
    await bench.fault('429', 1);
    const post = await draft();
    await publishPostNow(bench.ctx, bench.author, post.id);
    const publication = await reaches(post.id, 'retrying');
    expect(publication.attemptCount).toBe(0);
    expect(publication.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now());
    await cancelPost(bench.ctx, bench.author, post.id);
    await bench.ctx.db.accountRest.deleteMany();
  });

  it('a revoked token holds the post, and connecting the account again sends it', async () => {
    await start();
    await bench.fault('revoked');
    const post = await draft();
    await publishPostNow(bench.ctx, bench.author, post.id);
    const held = await reaches(post.id, 'held');
    expect(held.errorMessage).toBeTruthy();
    const account = await bench.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id: bench.account.id } });
    expect(account.status).toBe('reconnect_required');
    await expect(
      schedulePost(bench.ctx, bench.author, (await draft({ scheduledAt: inSeconds(60) })).id),
    ).rejects.toMatchObject({ fields: { accounts: expect.stringContaining('Connect again') } });

    const { heldForAccounts, releaseHeld } = await import('./release-account.ts');
    const renewed = await bench.connect(bench.author, MEMBERS[0]);
    expect(renewed.id).toBe(bench.account.id);
    await bench.ctx.db.$transaction(async (tx) => releaseHeld(tx, bench.ctx, await heldForAccounts(tx, [renewed.id])));
    bench.ctx.wake();
    await reaches(post.id, 'published');
    expect(await timesLive(post.text)).toBe(1);
  });
});

describe('an unconfirmed publication', () => {
  async function unconfirmed(fault: string) {
    await start();
    await bench.fault(fault, 1);
    const post = await draft();
    await publishPostNow(bench.ctx, bench.author, post.id);
    return { post, publication: await reaches(post.id, 'unconfirmed') };
  }

  it('becomes published when a person found it and gives its link', async () => {
    const { post, publication } = await unconfirmed('500 after');
    const [entry] = (await bench.ledger()).filter(({ text }) => text === post.text);
    const permalink = `https://www.linkedin.com/feed/update/${entry?.id}/`;
    const resolved = await resolvePublication(bench.ctx, bench.author, publication.id, {
      resolution: 'live',
      permalink,
      reason: 'I saw it in the feed',
    });
    expect(resolved).toMatchObject({ status: 'published', externalId: entry?.id, permalink });
    expect(await auditOf(post.id)).toContain('publication.resolved');
  });

  it('is sent again, once, when a person says it is not there', async () => {
    const { post, publication } = await unconfirmed('500 before');
    await resolvePublication(bench.ctx, bench.author, publication.id, {
      resolution: 'absent',
      reason: 'not in the feed',
    });
    await reaches(post.id, 'published');
    expect(await timesLive(post.text)).toBe(1);
  });

  it('adopts the live post when a person was wrong and LinkedIn names it as a duplicate', async () => {
    const { post, publication } = await unconfirmed('500 after');
    await resolvePublication(bench.ctx, bench.author, publication.id, {
      resolution: 'absent',
      reason: 'not in the feed',
    });
    const published = await reaches(post.id, 'published', 'failed');
    const [entry] = (await bench.ledger()).filter(({ text }) => text === post.text);
    expect(published).toMatchObject({ status: 'published', externalId: entry?.id });
    expect(await timesLive(post.text)).toBe(1);
  });

  it('is given up when a person says so, and says what is missing otherwise', async () => {
    const { publication } = await unconfirmed('500 before');
    const resolve = (input: Parameters<typeof resolvePublication>[3]) =>
      resolvePublication(bench.ctx, bench.author, publication.id, input);
    await expect(resolve({ resolution: 'maybe', reason: '' })).rejects.toMatchObject({
      fields: { resolution: expect.any(String), reason: expect.any(String) },
    });
    await expect(resolve({ resolution: 'live', reason: 'saw it' })).rejects.toMatchObject({
      fields: { permalink: expect.any(String) },
    });
    expect(await resolve({ resolution: 'abandon', reason: 'no longer needed' })).toMatchObject({ status: 'cancelled' });
    await expect(resolve({ resolution: 'abandon', reason: 'again' })).rejects.toMatchObject({ code: 'conflict' });
  });
});
