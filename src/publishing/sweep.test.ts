/** What the sweep finds when a worker is gone: also what no worker leaves behind, but a repaired database may. */
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, openBench } from '../testing/publishing-bench.ts';
import { alarmId } from './alarm.ts';
import { type Claim, claimDue } from './claim.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow } from './schedule-post.ts';
import { recoverAbandonedClaims } from './sweep.ts';

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

const never = new AbortController().signal;
let serial = 0;

async function claimed(): Promise<Claim & { text: string }> {
  const text = `Swept ${++serial}`;
  const post = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, post.id);
  const [claim] = await claimDue(bench.ctx, 1);
  if (claim === undefined) throw new Error('one is due');
  return { ...claim, text };
}

async function abandon({ publicationId }: Claim): Promise<void> {
  await bench.ctx.db
    .$executeRaw`UPDATE publications SET lease_until = now() - interval '1 second' WHERE id = ${publicationId}::uuid`;
}

const row = ({ publicationId }: Claim): Promise<Publication> =>
  bench.ctx.db.publication.findUniqueOrThrow({ where: { id: publicationId } });
const live = async (text: string) => (await bench.ledger()).filter((entry) => entry.text === text).length;
const lastEvent = ({ publicationId }: Claim) =>
  bench.ctx.db.auditEvent.findFirst({ where: { entityId: publicationId }, orderBy: { id: 'desc' } });

async function workOff(): Promise<void> {
  for (const claim of await claimDue(bench.ctx, 10)) await publishPublication(bench.ctx, claim, never);
}

describe('a claim without its attempt', () => {
  it('is due again, with an alarm and on record, and leaves once', async () => {
    const claim = await claimed();
    await bench.ctx.db.publishAttempt.delete({ where: { id: claim.attemptId } });
    await abandon(claim);
    await recoverAbandonedClaims(bench.ctx);

    const { status, leaseUntil, attemptCount, generation } = await row(claim);
    expect({ status, leaseUntil, attemptCount }).toEqual({ status: 'scheduled', leaseUntil: null, attemptCount: 0 });
    expect(await lastEvent(claim)).toMatchObject({
      action: 'publication.retrying',
      actorId: null,
      teamId: bench.teamId,
      metadata: { by: 'the sweep', from: 'publishing', errorCode: 'claim-without-attempt' },
    });
    const alarm = alarmId(claim.publicationId, generation);
    expect(await bench.ctx.db.$queryRaw`SELECT id::text FROM pgboss.job WHERE id = ${alarm}::uuid`).toEqual([
      { id: alarm },
    ]);
    await workOff();
    expect(await row(claim)).toMatchObject({ status: 'published' });
    expect(await live(claim.text)).toBe(1);
  });

  it('is due again also when an attempt of another claim, which never left, stands in its way', async () => {
    const claim = await claimed();
    await bench.ctx.db.publishAttempt.update({ where: { id: claim.attemptId }, data: { fence: 99 } });
    await abandon(claim);
    await recoverAbandonedClaims(bench.ctx);
    await workOff();
    expect(await row(claim)).toMatchObject({ status: 'published' });
    expect(await live(claim.text)).toBe(1);
  });

  for (const [what, attempt] of [
    ['was sent', { state: 'sent', sentAt: new Date() }],
    ['was accepted', { state: 'acked', sentAt: new Date(), externalId: 'urn:li:share:77' }],
  ] as const) {
    it(`waits for a person when an attempt of another claim ${what}, on record, and is not sent on a guess`, async () => {
      const claim = await claimed();
      await bench.ctx.db.publishAttempt.update({ where: { id: claim.attemptId }, data: { ...attempt, fence: 99 } });
      await abandon(claim);
      await recoverAbandonedClaims(bench.ctx);
      await workOff();

      expect(await row(claim)).toMatchObject({ status: 'unconfirmed', leaseUntil: null, nextAttemptAt: null });
      expect(await lastEvent(claim)).toMatchObject({
        action: 'publication.unconfirmed',
        metadata: { by: 'the sweep', errorCode: 'claim-without-attempt' },
      });
      expect(await live(claim.text)).toBe(0);
      const resolution = { resolution: 'absent', reason: 'I looked' };
      await resolvePublication(bench.ctx, bench.author, claim.publicationId, resolution);
      await workOff();
      expect(await row(claim)).toMatchObject({ status: 'published' });
      expect(await live(claim.text)).toBe(1);
    });
  }

  it('is left alone while somebody works on it', async () => {
    const claim = await claimed();
    await bench.ctx.db.publishAttempt.delete({ where: { id: claim.attemptId } });
    await recoverAbandonedClaims(bench.ctx);
    expect(await row(claim)).toMatchObject({ status: 'publishing' });
  });
});

it('a claim without a lease is recovered like one whose lease is over', async () => {
  const claim = await claimed();
  await bench.ctx.db.publication.update({ where: { id: claim.publicationId }, data: { leaseUntil: null } });
  await recoverAbandonedClaims(bench.ctx);
  expect(await row(claim)).toMatchObject({ status: 'scheduled' });
});

it('a claim that cannot be recovered keeps no other from being recovered', async () => {
  const [stubborn, other] = [await claimed(), await claimed()];
  for (const claim of [stubborn, other]) await abandon(claim);
  const onStep = (_: string, id: string) => {
    if (id === stubborn.publicationId) throw new Error('a mistake of ours');
  };
  await recoverAbandonedClaims({ ...bench.ctx, onStep });
  expect(await row(stubborn)).toMatchObject({ status: 'publishing' });
  expect(await row(other)).toMatchObject({ status: 'scheduled' });
  await recoverAbandonedClaims(bench.ctx);
  expect(await row(stubborn)).toMatchObject({ status: 'scheduled' });
});

it('a later try that a worker dropped is late by its own time, not by that of the first', async () => {
  const claim = await claimed();
  await bench.ctx.db.$executeRaw`
    UPDATE publications SET due_at = now() - interval '1 day', sent_at = now() - interval '1 day', put_off_until = now() WHERE id = ${claim.publicationId}::uuid`;
  await abandon(claim);
  await recoverAbandonedClaims(bench.ctx);
  await workOff();
  expect(await row(claim)).toMatchObject({ status: 'published' });
});
