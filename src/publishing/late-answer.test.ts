/** An answer that arrives after its sender was taken for dead, and what it says about what was done meanwhile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Outcome } from '../domain/outcome.ts';
import { composeNotice } from '../notices/compose-notice.ts';
import { IS_WORTH_TELLING } from '../notices/notice-events.ts';
import type { Fault } from '../testing/ledger-platform.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { lookUpUnconfirmed } from './look-up.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { readEvidence } from './read-evidence.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow } from './schedule-post.ts';
import { settle } from './settle.ts';
import { recoverAbandonedClaims } from './sweep.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
const signal = new AbortController().signal;

async function due(account: { id: string }) {
  const post = await createPost(world.ctx, world.manager, { text: `Post ${Math.random()}`, accounts: [account.id] });
  await publishPostNow(world.ctx, world.manager, post.id);
  return world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}
const row = ({ id }: { id: string }) => world.ctx.db.publication.findUniqueOrThrow({ where: { id } });
async function work(fault: Fault) {
  for (const claim of await claimDue(world.ctx, 10)) await world.run(1, claim, { fault, pause: null, stopping: false });
}

describe('an id of another publication that is answered late', () => {
  it('is not looked for and not sent again by itself', async () => {
    world = await bench.world({ latePolicy: 'send', resendWhenAbsent: true });
    const { readable } = world.accounts;
    const first = await due(readable);
    await work('ok');
    const { externalId, permalink } = await row(first);
    const second = await due(readable);
    const [claim] = await claimDue(world.ctx, 1);
    if (claim === undefined) throw new Error('it is due');
    const answered = Promise.withResolvers<Outcome>();
    const facebook = world.platform.sender(second.id, 'ok', () => Promise.resolve()).facebook;
    if (facebook === undefined) throw new Error('it is there');
    const ctx: AppContext = {
      ...world.ctx,
      platforms: { facebook: { ...facebook, publisher: { ...facebook.publisher, send: () => answered.promise } } },
    };
    const running = publishPublication(ctx, claim, signal);
    while ((await row(second)).sentAt === null) await new Promise((resolve) => setTimeout(resolve, 20));
    await world.pass(100);
    await recoverAbandonedClaims(world.ctx);
    answered.resolve({ kind: 'accepted', httpStatus: 200, externalId: externalId ?? '', permalink: permalink ?? '' });
    await running;
    for (let look = 0; look < 6; look++) {
      expect(await row(second)).toMatchObject({ status: 'unconfirmed', errorCode: 'id-of-another' });
      await world.pass(700);
      await lookUpUnconfirmed(world.ctx, signal);
    }
    const attempts = await world.ctx.db.publishAttempt.findMany({ where: { publicationId: second.id } });
    expect(attempts).toMatchObject([{ state: 'unknown', errorCode: 'id-of-another', nextLookUpAt: null }]);
  });

  it('leaves something that a person can say is there, with evidence of what was sent', async () => {
    world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
    const { blind } = world.accounts;
    const first = await due(blind);
    await work('ok');
    const known = await row(first);
    const second = await due(blind);
    await work('500 after');
    await resolvePublication(world.ctx, world.manager, second.id, { resolution: 'absent', reason: 'I looked' });
    const [attempt] = await world.ctx.db.publishAttempt.findMany({ where: { publicationId: second.id } });
    const claim = { publicationId: second.id, postId: second.postId, attemptId: attempt?.id ?? '', fence: 1 };
    const foreign: Outcome = {
      kind: 'accepted',
      httpStatus: 201,
      externalId: known.externalId ?? '',
      permalink: known.permalink ?? '',
    };
    await settle(world.ctx, claim, foreign, new Date(), signal);
    expect(await row(second)).toMatchObject({ status: 'unconfirmed', errorCode: 'id-of-another' });
    const permalink = 'https://www.linkedin.com/feed/update/urn:li:share:77777/';
    await resolvePublication(world.ctx, world.manager, second.id, {
      resolution: 'live',
      reason: 'I see it',
      permalink,
    });
    expect(await readEvidence(world.ctx.db, second.id)).toMatchObject({
      intact: true,
      document: { confirmedBy: 'a person' },
    });
  });
});

describe('a late answer that names another post than the one on record', () => {
  it('is told to those who can remove one: two are live', async () => {
    world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
    const publication = await due(world.accounts.blind);
    const [claim] = await claimDue(world.ctx, 1);
    if (claim === undefined) throw new Error('it is due');
    await world.run(1, claim, { fault: 'ok', pause: 'answered', stopping: false });
    await world.pass(100);
    await recoverAbandonedClaims(world.ctx);
    await resolvePublication(world.ctx, world.manager, publication.id, { resolution: 'absent', reason: 'I looked' });
    await work('ok');
    await world.paused[0]?.resume();

    const [first, second] = world.platform.live(publication.id);
    const event = await world.ctx.db.auditEvent.findFirstOrThrow({
      where: { entityId: publication.id, action: 'publication.live_twice' },
    });
    expect(event.metadata).toMatchObject({ known: second?.permalink, second: first?.permalink });
    const notice = await composeNotice(world.ctx, event, { timeZone: 'UTC' });
    expect(notice?.subject).toContain('Live twice');
    expect(notice?.text).toContain(first?.permalink);
    expect(notice?.text).toContain(second?.permalink);
    const [told] = await world.ctx.db.$queryRaw<{ is: boolean }[]>`
      SELECT ${IS_WORTH_TELLING} AS is FROM audit_events WHERE id = ${event.id}::uuid`;
    expect(told?.is).toBe(true);
  });
});
