/** What happens around the pipeline: pauses, outages, restores, holds and late answers. */
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker } from '../worker/worker.ts';
import { spreadBacklog } from './backlog.ts';
import { type Claim, claimDue } from './claim.ts';
import { createHold, releaseHold } from './holds.ts';
import { createPost } from './posts.ts';
import { FOR_PUBLISHING, prepare } from './prepare.ts';
import { publishPublication } from './publish-publication.ts';
import { readEvidence } from './read-evidence.ts';
import { resolvePublication } from './resolve-publication.ts';
import { guardAgainstRestore, holdWhatWasDue } from './restore-guard.ts';
import { publishPostNow } from './schedule-post.ts';
import { settle } from './settle.ts';
import { recoverAbandonedClaims } from './sweep.ts';
import { recordSent } from './write-ahead.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.ctx.db.publication.updateMany({
    where: { status: { in: ['scheduled', 'retrying'] } },
    data: { status: 'cancelled', nextAttemptAt: null },
  });
});

let serial = 0;
const never = new AbortController().signal;

async function due(): Promise<Publication> {
  const post = await createPost(bench.ctx, bench.author, {
    text: `Recovery ${++serial}`,
    accounts: [bench.account.id],
  });
  await publishPostNow(bench.ctx, bench.author, post.id);
  return bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}

async function claimed(): Promise<Claim> {
  await due();
  const [claim] = await claimDue(bench.ctx, 1);
  if (claim === undefined) throw new Error('one is due');
  return claim;
}

const row = (claim: Claim) => bench.ctx.db.publication.findUniqueOrThrow({ where: { id: claim.publicationId } });
const endLease = (claim: Claim) =>
  bench.ctx.db
    .$executeRaw`UPDATE publications SET lease_until = now() - interval '1 second' WHERE id = ${claim.publicationId}::uuid`;
const accepted = (n: number) => ({
  kind: 'accepted' as const,
  httpStatus: 201,
  externalId: `urn:li:share:${n}`,
  permalink: `https://www.linkedin.com/feed/update/urn:li:share:${n}/`,
});
const live = async () => (await bench.ledger()).length;
const SENT = {
  requestHash: 'hash',
  frozen: {
    version: 2 as const,
    publicationId: 'p',
    postId: 'q',
    platform: 'linkedin',
    account: { id: 'a', externalId: 'b', displayName: 'c' },
    text: 'What was sent',
    linkUrl: null,
    media: [],
    api: { url: 'https://api.linkedin.com/rest/posts', version: '202610', requestSha256: 'hash' },
    authorId: 'd',
    approverId: null,
    dueAt: null,
  },
};

describe('a worker that lost its claim', () => {
  it('cannot send any more once the sweep has handed the publication back', async () => {
    const claim = await claimed();
    await endLease(claim);
    await recoverAbandonedClaims(bench.ctx);
    expect(await row(claim)).toMatchObject({ status: 'scheduled', attemptCount: 0 });
    const before = await live();
    expect(await recordSent(bench.ctx, claim, SENT)).toBeNull();
    await publishPublication(bench.ctx, claim, never);
    expect(await live()).toBe(before);
  });

  it('cannot send when its lease would end before the request’s deadline', async () => {
    const claim = await claimed();
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET lease_until = clock_timestamp() + interval '1 second' WHERE id = ${claim.publicationId}::uuid`;
    expect(await recordSent(bench.ctx, claim, SENT)).toBeNull();
  });

  it('cannot overwrite a newer result with a failure', async () => {
    const claim = await claimed();
    await recordSent(bench.ctx, claim, SENT);
    await endLease(claim);
    await recoverAbandonedClaims(bench.ctx);
    const failure = { kind: 'rejected' as const, httpStatus: 400, errorCode: 'x', errorMessage: 'x' };
    await settle(bench.ctx, claim, failure, new Date(), never);
    expect(await row(claim)).toMatchObject({ status: 'unconfirmed', errorCode: 'interrupted' });
  });

  it('is heard when it comes back late with a real id', async () => {
    const claim = await claimed();
    await recordSent(bench.ctx, claim, SENT);
    await endLease(claim);
    await recoverAbandonedClaims(bench.ctx);
    expect((await row(claim)).status).toBe('unconfirmed');
    await settle(bench.ctx, claim, accepted(1), new Date(), never);
    expect(await row(claim)).toMatchObject({ status: 'published', externalId: 'urn:li:share:1' });
  });

  it('is heard even after a person has said that the post is not there', async () => {
    const claim = await claimed();
    await recordSent(bench.ctx, claim, SENT);
    await endLease(claim);
    await recoverAbandonedClaims(bench.ctx);
    await resolvePublication(bench.ctx, bench.author, claim.publicationId, {
      resolution: 'absent',
      reason: 'not seen',
    });
    await settle(bench.ctx, claim, accepted(2), new Date(), never);
    expect(await row(claim)).toMatchObject({ status: 'published', externalId: 'urn:li:share:2' });
    expect((await claimDue(bench.ctx, 5)).map((other) => other.publicationId)).not.toContain(claim.publicationId);
  });

  it('may settle twice after an unclear commit without harm', async () => {
    const claim = await claimed();
    await recordSent(bench.ctx, claim, SENT);
    await settle(bench.ctx, claim, accepted(3), new Date(), never);
    await settle(bench.ctx, claim, accepted(3), new Date(), never);
    expect(await row(claim)).toMatchObject({ status: 'published', attemptCount: 1 });
  });
});

describe('the database itself', () => {
  it('refuses a second open attempt of one publication', async () => {
    const claim = await claimed();
    const second = bench.ctx.db.publishAttempt.create({
      data: { publicationId: claim.publicationId, number: 9, fence: 9 },
    });
    await expect(second).rejects.toMatchObject({ code: 'P2002' });
  });

  it('refuses to publish without an id, and to change or delete what is published', async () => {
    const claim = await claimed();
    const { db } = bench.ctx;
    await expect(
      db.$executeRaw`UPDATE publications SET status = 'published' WHERE id = ${claim.publicationId}::uuid`,
    ).rejects.toThrow('published_has_id');
    await recordSent(bench.ctx, claim, SENT);
    await settle(bench.ctx, claim, accepted(4), new Date(), never);
    await expect(
      db.$executeRaw`UPDATE publications SET status = 'scheduled' WHERE id = ${claim.publicationId}::uuid`,
    ).rejects.toThrow('cannot be changed');
    await expect(
      db.$executeRaw`UPDATE publications SET permalink = 'https://example.com/' WHERE id = ${claim.publicationId}::uuid`,
    ).rejects.toThrow('cannot be changed');
    await expect(db.$executeRaw`DELETE FROM publications WHERE id = ${claim.publicationId}::uuid`).rejects.toThrow();
  });

  it('keeps on record whose a live post is', async () => {
    const claim = await claimed();
    await publishPublication(bench.ctx, claim, never);
    const { db } = bench.ctx;
    const ours = { where: { publicationId: claim.publicationId } };
    await expect(db.livePost.deleteMany(ours)).rejects.toThrow('cannot be changed or removed');
    await expect(db.livePost.updateMany({ ...ours, data: { externalId: 'another' } })).rejects.toThrow(
      'cannot be changed or removed',
    );
  });

  it('keeps what was published as evidence that nobody can change', async () => {
    const claim = await claimed();
    await publishPublication(bench.ctx, claim, never);
    const evidence = await bench.ctx.db.publicationEvidence.findFirstOrThrow({
      where: { publicationId: claim.publicationId },
    });
    const [entry] = (await bench.ledger()).slice(-1);
    expect(evidence.document).toMatchObject({
      text: entry?.text,
      externalId: entry?.id,
      authorId: bench.author.id,
      account: { id: bench.account.id },
      media: [],
    });
    expect(evidence.sha256).toMatch(/^[0-9a-f]{64}$/);
    const event = await bench.ctx.db.auditEvent.findFirstOrThrow({
      where: { action: 'publication.published', entityId: claim.publicationId },
    });
    expect(event.metadata).toMatchObject({ evidenceSha256: evidence.sha256 });
    expect(await readEvidence(bench.ctx.db, claim.publicationId)).toMatchObject({ intact: true });
    await expect(bench.ctx.db.$executeRaw`UPDATE publication_evidence SET document = '{}'`).rejects.toThrow(
      'cannot be changed',
    );
    await expect(bench.ctx.db.$executeRaw`DELETE FROM publication_evidence`).rejects.toThrow('cannot be changed');
  });
});

describe('a hold', () => {
  it('that is ordered between preparing and sending still stops the request', async () => {
    const manager = await bench.person('manager');
    const claim = await claimed();
    const before = await live();
    const publication = await bench.ctx.db.publication.findUniqueOrThrow({
      where: { id: claim.publicationId },
      include: FOR_PUBLISHING,
    });
    expect(await prepare(bench.ctx, publication, new Date(), AbortSignal.timeout(5_000))).toMatchObject({
      ready: true,
    });
    const { id: holdId } = await createHold(bench.ctx, manager, {
      scope: 'account',
      account: bench.account.id,
      reason: 'Stop',
    });
    expect(await recordSent(bench.ctx, claim, SENT)).toBeNull();
    await publishPublication(bench.ctx, claim, never);
    expect(await live()).toBe(before);
    expect(await row(claim)).toMatchObject({ status: 'held', errorMessage: 'On hold: Stop' });
    await releaseHold(bench.ctx, manager, holdId);
    expect((await row(claim)).status).toBe('scheduled');
  });
});

describe('after an outage', () => {
  it('what piled up leaves one after another, per account', async () => {
    const rows = [await due(), await due(), await due()];
    for (const publication of rows)
      await bench.ctx.db
        .$executeRaw`UPDATE publications SET next_attempt_at = now() - interval '10 minutes', due_at = now() - interval '10 minutes' WHERE id = ${publication.id}::uuid`;
    // The first leaves at once, or 20 s after what has just left to this account.
    expect((await spreadBacklog(bench.ctx.db)).busy).toEqual([]);
    const waiting = await bench.ctx.db.publication.findMany({
      where: { id: { in: rows.map(({ id }) => id) } },
      orderBy: { nextAttemptAt: 'asc' },
    });
    const [first = 0, ...others] = waiting.map(({ nextAttemptAt }) => nextAttemptAt?.getTime() ?? 0);
    expect(first - Date.now()).toBeLessThanOrEqual(20_000);
    expect(others.map((instant) => Math.round((instant - first) / 1000))).toEqual([20, 40]);
    expect((await claimDue(bench.ctx, 10)).length).toBeLessThanOrEqual(1);
  });

  it('what is later than the team allows is marked as missed, not sent', async () => {
    const publication = await due();
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET next_attempt_at = now() - interval '3 hours', due_at = now() - interval '3 hours' WHERE id = ${publication.id}::uuid`;
    const before = await live();
    const [claim] = await claimDue(bench.ctx, 1);
    if (claim !== undefined) await publishPublication(bench.ctx, claim, never);
    expect(await bench.ctx.db.publication.findUniqueOrThrow({ where: { id: publication.id } })).toMatchObject({
      status: 'missed',
      errorCode: 'late',
      errorMessage: expect.stringMatching(/is 180 minutes late\. Decide: use “Send again”.+“Give up”\.$/),
      attemptCount: 0,
    });
    expect(await live()).toBe(before);
  });

  it('one minute too late is said to be one minute late', async () => {
    const { id } = await due();
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET late_policy = 'drop', late_limit_minutes = 0, next_attempt_at = now() - interval '65 seconds', due_at = now() - interval '65 seconds' WHERE id = ${id}::uuid`;
    const [claim] = await claimDue(bench.ctx, 1);
    if (claim !== undefined) await publishPublication(bench.ctx, claim, never);
    const { errorMessage } = await bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
    expect(errorMessage).toContain('It could not leave in time and is one minute late.');
  });
});

describe('a restored database', () => {
  it('puts everything on hold, says so, and sends nothing that was overdue', async () => {
    await guardAgainstRestore(bench.ctx);
    const publication = await due();
    await bench.ctx.db.$executeRaw`UPDATE database_identity SET timeline = timeline + 1`;
    const worker = await startWorker(bench.ctx);
    const before = await live();
    await eventually(
      () =>
        bench.ctx.db.publication
          .count({ where: { id: publication.id, status: 'held', errorCode: 'restored' } })
          .then((n) => n || undefined),
      'it to be held',
    );
    const hold = await bench.ctx.db.hold.findFirstOrThrow({ where: { scope: 'everything', releasedAt: null } });
    expect(hold.reason).toContain('restored');
    await worker.stop();
    expect(await live()).toBe(before);
    await bench.ctx.db.hold.update({ where: { id: hold.id }, data: { releasedAt: new Date() } });
    expect(await guardAgainstRestore(bench.ctx)).toBeNull();
  });

  it('is suspected after hours without any worker: everything is on hold, and what is overdue waits for a person', async () => {
    await bench.ctx.db.$executeRaw`UPDATE worker_processes SET beat_at = now() - interval '7 hours'`;
    const publication = await due();
    expect(await guardAgainstRestore(bench.ctx)).toBe('gap');
    expect(await holdWhatWasDue(bench.ctx)).toBe(1);
    expect(await bench.ctx.db.publication.findUniqueOrThrow({ where: { id: publication.id } })).toMatchObject({
      status: 'held',
      errorCode: 'restored',
    });
    const hold = await bench.ctx.db.hold.findFirstOrThrow({ where: { scope: 'everything', releasedAt: null } });
    expect(hold.reason).toContain('No worker ran for 7 hours');
    await bench.ctx.db.hold.update({ where: { id: hold.id }, data: { releasedAt: new Date() } });
  });
});
