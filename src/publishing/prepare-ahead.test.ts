/** What is prepared before its instant, and everything that may change until then. */
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { markReconnectRequired } from '../accounts/access-token.ts';
import type { Database } from '../database/client.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { claimReady, type Ready } from './claim-ready.ts';
import { createHold, releaseHold } from './holds.ts';
import { createPost, editPost } from './posts.ts';
import { createReadyBook } from './prepare-ahead.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';
import { sendRecorded } from './send-recorded.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.ctx.db.publication.updateMany({
    where: { status: { in: ['scheduled', 'retrying', 'held'] } },
    data: { status: 'cancelled', nextAttemptAt: null },
  });
});

const never = new AbortController().signal;
let serial = 0;

/** A post that falls due in a moment: no verb schedules for so near an instant. */
async function soon(ms = 1_500): Promise<Publication & { text: string }> {
  const text = `Ahead ${++serial}`;
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const post = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id], scheduledAt });
  await schedulePost(bench.ctx, bench.author, post.id);
  await dueIn(post.id, ms);
  return { ...(await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } })), text };
}

async function dueIn(postId: string, ms: number): Promise<void> {
  await bench.ctx.db.$executeRaw`
    UPDATE publications SET due_at = clock_timestamp() + ${ms} * interval '1 millisecond',
      next_attempt_at = clock_timestamp() + ${ms} * interval '1 millisecond'
    WHERE post_id = ${postId}::uuid`;
}

async function prepared(): Promise<Ready> {
  const book = createReadyBook(bench.ctx);
  await book.refresh(never);
  return eventually(() => book.takeDue(1)[0], 'it to fall due');
}

const row = ({ id }: { id: string }) => bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
const live = async (text: string) => (await bench.ledger()).filter((entry) => entry.text === text).length;

describe('what was prepared before its instant', () => {
  it('is claimed, written down as sent and sent, with everything on record', async () => {
    const publication = await soon();
    const [recorded] = await claimReady(bench.ctx, [await prepared()]);
    if (recorded === undefined) throw new Error('it is due');
    const sent = await bench.ctx.db.publication.findUniqueOrThrow({
      where: { id: publication.id },
      include: { attempts: true, post: true },
    });
    expect(sent).toMatchObject({ status: 'publishing', fence: 1, sentAt: recorded.sentAt });
    expect(sent.attempts).toMatchObject([
      { number: 1, state: 'sent', fence: 1, sentAt: recorded.sentAt, dueAt: sent.dueAt },
    ]);
    expect(sent.post.status).toBe('publishing');
    expect(recorded.sentAt.getTime()).toBeGreaterThanOrEqual(sent.dueAt?.getTime() ?? Number.POSITIVE_INFINITY);

    await sendRecorded(bench.ctx, recorded, never);
    expect(await row(publication)).toMatchObject({ status: 'published', attemptCount: 1, leaseUntil: null });
    expect(await live(publication.text)).toBe(1);
    const actions = await bench.ctx.db.auditEvent.findMany({ where: { entityId: publication.id } });
    expect(actions.map(({ action }) => action)).toEqual(['publication.sent', 'publication.published']);
    expect(await bench.ctx.db.publicationEvidence.count({ where: { publicationId: publication.id } })).toBe(1);
  });

  it('by two processes is sent by one', async () => {
    const publication = await soon();
    const [one, other] = await Promise.all([prepared(), prepared()]);
    const claims = (await Promise.all([claimReady(bench.ctx, [one]), claimReady(bench.ctx, [other])])).flat();
    expect(claims).toHaveLength(1);
    for (const recorded of claims) await sendRecorded(bench.ctx, recorded, never);
    expect(await live(publication.text)).toBe(1);
    expect(await bench.ctx.db.publishAttempt.count({ where: { publicationId: publication.id } })).toBe(1);
  });

  it('leaves on time, in one batch with what another process is claiming at that moment', async () => {
    const shared = await soon(60_000);
    const own = await soon(60_000);
    // Nearer only when both are written, so that a slow machine prepares both before their instants.
    await dueIn(shared.postId, 2_500);
    await dueIn(own.postId, 2_520);
    const book = createReadyBook(bench.ctx);
    await book.refresh(never);
    const batch = await eventually(
      () => ((book.untilNextMs() ?? 0) < -600 ? book.takeDue(4) : undefined),
      'both to fall due',
    );
    expect(batch.map(({ publicationId }) => publicationId)).toEqual([shared.id, own.id]);
    await bench.ctx.db.$transaction(async (tx) => {
      const claimedByAnother = await claimReady({ ...bench.ctx, db: tx as Database }, batch.slice(0, 1));
      expect(claimedByAnother).toHaveLength(1);
      // Not committed yet: waiting for it, or failing because of it, would hold up what nobody else has.
      const claims = await claimReady(bench.ctx, batch);
      expect(claims.map(({ claim }) => claim.publicationId)).toEqual([own.id]);
    });
    expect(await claimReady(bench.ctx, batch)).toEqual([]);
  });

  it('is not sent before its instant, however early somebody asks', async () => {
    const publication = await soon(60_000);
    await dueIn(publication.postId, 1_500);
    const ready = await prepared();
    await dueIn(publication.postId, 60_000);
    expect(await claimReady(bench.ctx, [ready])).toEqual([]);
    expect(await row(publication)).toMatchObject({ status: 'scheduled', fence: 0 });
  });

  it('is prepared anew when somebody edits it in time, and leaves with the new text', async () => {
    const publication = await soon(3_000);
    const book = createReadyBook(bench.ctx);
    await book.refresh(never);
    const text = `Edited ${serial}`;
    await editPost(bench.ctx, bench.author, publication.postId, { text });
    await dueIn(publication.postId, 1_500);
    await book.refresh(never);
    const ready = await eventually(() => book.takeDue(1)[0], 'it to fall due');
    for (const recorded of await claimReady(bench.ctx, [ready])) await sendRecorded(bench.ctx, recorded, never);
    expect([await live(publication.text), await live(text)]).toEqual([0, 1]);
  });

  const changes: readonly (readonly [string, (publication: Publication) => Promise<unknown>])[] = [
    [
      'somebody edited its text',
      ({ postId }) => editPost(bench.ctx, bench.author, postId, { text: `New ${++serial}` }),
    ],
    [
      'its text for this account was changed',
      ({ id }) => bench.ctx.db.publication.update({ where: { id }, data: { text: `Other ${++serial}` } }),
    ],
    [
      'the post was handed to somebody else',
      async ({ postId }) => {
        const { id: authorId } = await bench.person('author');
        return bench.ctx.db.post.update({ where: { id: postId }, data: { authorId } });
      },
    ],
    [
      'the token was renewed',
      ({ accountId }) =>
        bench.ctx.db.accountCredential.update({ where: { accountId }, data: { tokenVersion: { increment: 1 } } }),
    ],
    [
      'the team changed its rules',
      () => bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { lateLimitMinutes: { increment: 1 } } }),
    ],
  ];
  it.each(changes)('is left to the long way when %s', async (_, change) => {
    const publication = await soon();
    const ready = await prepared();
    await change(publication);
    await dueIn(publication.postId, 0);
    expect(await claimReady(bench.ctx, [ready])).toEqual([]);
    for (const claim of await claimDue(bench.ctx, 5)) await publishPublication(bench.ctx, claim, never);
    expect(await row(publication)).toMatchObject({ fence: 1 });
    expect((await row(publication)).status).toMatch(/published|held/);
  });

  it('stays when a hold was ordered or the account is no longer connected', async () => {
    const manager = await bench.person('manager');
    const publication = await soon();
    const ready = await prepared();
    const hold = await createHold(bench.ctx, manager, { scope: 'account', account: bench.account.id, reason: 'Stop' });
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET status = 'scheduled', next_attempt_at = clock_timestamp(), updated_at = ${publication.updatedAt} WHERE id = ${publication.id}::uuid`;
    expect(await claimReady(bench.ctx, [ready])).toEqual([]);
    await releaseHold(bench.ctx, manager, hold.id);
    await bench.ctx.db.$transaction((tx) => markReconnectRequired(tx, bench.ctx, bench.account.id, 'Taken away.'));
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET status = 'scheduled', next_attempt_at = clock_timestamp(), updated_at = ${publication.updatedAt} WHERE id = ${publication.id}::uuid`;
    expect(await claimReady(bench.ctx, [ready])).toEqual([]);
    await bench.ctx.db.connectedAccount.update({ where: { id: bench.account.id }, data: { status: 'active' } });
    expect(await claimReady(bench.ctx, [ready])).toHaveLength(1);
  });

  it('is left to the long way while its token is one that was refused to another post', async () => {
    const { accountId, postId } = await soon();
    const ready = await prepared();
    await dueIn(postId, 0);
    await bench.ctx.db
      .$executeRaw`UPDATE account_credentials SET refused_version = token_version WHERE account_id = ${accountId}::uuid`;
    expect(await claimReady(bench.ctx, [ready])).toEqual([]);
    await bench.ctx.db.accountCredential.update({ where: { accountId }, data: { refusedVersion: null } });
    expect(await claimReady(bench.ctx, [ready])).toHaveLength(1);
  });

  it('is left to the late policy when the process slept through its instant', async () => {
    const publication = await soon();
    const ready = await prepared();
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET due_at = due_at - interval '1 minute', next_attempt_at = next_attempt_at - interval '1 minute' WHERE id = ${publication.id}::uuid`;
    expect(await claimReady(bench.ctx, [ready])).toEqual([]);
  });
});

it('a slow answer about what falls due does not bring forward what was prepared', async () => {
  await soon(2_500);
  const database = slowWhenAskedWhatFallsDue(bench.ctx.db);
  const book = createReadyBook({ ...bench.ctx, db: database.db });
  await book.refresh(never);
  database.slow = true;
  await book.refresh(never);
  const ready = await eventually(() => book.takeDue(1)[0], 'it to fall due');
  expect(await claimReady(bench.ctx, [ready])).toHaveLength(1);
});

/** As if every connection were taken for a while. */
function slowWhenAskedWhatFallsDue(real: Database): { db: Database; slow: boolean } {
  const state = { slow: false };
  const db = new Proxy(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== '$queryRaw' || typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (state.slow) await new Promise((resolve) => setTimeout(resolve, 400));
        return Reflect.apply(value, target, args);
      };
    },
  });
  return Object.assign(state, { db });
}

it('what cannot be prepared is left alone until its instant', async () => {
  const publication = await soon();
  await bench.ctx.db.publication.update({ where: { id: publication.id }, data: { text: 'x'.repeat(3001) } });
  const book = createReadyBook(bench.ctx);
  await book.refresh(never);
  expect(book.untilNextMs()).toBeNull();
  expect(await row(publication)).toMatchObject({ status: 'scheduled', errorCode: null });
});

it('what is due now is not prepared ahead, and nothing waits for it', async () => {
  const post = await createPost(bench.ctx, bench.author, { text: 'Now', accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, post.id);
  const book = createReadyBook(bench.ctx);
  await book.refresh(never);
  expect(book.untilNextMs()).toBeNull();
  expect(book.imminent()).toEqual([]);
});
