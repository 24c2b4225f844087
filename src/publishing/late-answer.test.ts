/** An answer that arrives after its sender was taken for dead, and what it says about what was done meanwhile. */
import type { AuditEvent } from '@prisma/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { AuditAction } from '../domain/audit-event.ts';
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
const attemptsOf = ({ id }: { id: string }) =>
  world.ctx.db.publishAttempt.findMany({ where: { publicationId: id }, orderBy: { number: 'asc' } });
const toldOf = ({ id }: { id: string }, action: AuditAction) =>
  world.ctx.db.auditEvent.findMany({ where: { entityId: id, action } });

/** Its worker got this answer, and was taken for dead before it could save it. */
async function answeredTooLate(fault: Fault) {
  const [claim] = await claimDue(world.ctx, 1);
  if (claim === undefined) throw new Error('it is due');
  await world.run(1, claim, { fault, pause: 'answered', stopping: false });
  await world.pass(100);
  await recoverAbandonedClaims(world.ctx);
}

async function isTold(event: AuditEvent): Promise<boolean | undefined> {
  const [row] = await world.ctx.db.$queryRaw<{ is: boolean }[]>`
    SELECT ${IS_WORTH_TELLING} AS is FROM audit_events WHERE id = ${event.id}::uuid`;
  return row?.is;
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
    await answeredTooLate('ok');
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
    expect(await isTold(event)).toBe(true);
  });

  it('is not called a second post when a person had named the one on record: LinkedIn’s own link has another id', async () => {
    world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
    const publication = await due(world.accounts.blind);
    await answeredTooLate('ok');
    const permalink = 'https://www.linkedin.com/posts/amara_words-activity-7531784011601936384-AbCd';
    const seen = { resolution: 'live', reason: 'I see it', permalink };
    await resolvePublication(world.ctx, world.manager, publication.id, seen);
    await world.paused[0]?.resume();

    const [live, second] = world.platform.live(publication.id);
    expect(second).toBeUndefined();
    expect(await toldOf(publication, 'publication.live_twice')).toEqual([]);
    const [event] = await toldOf(publication, 'publication.perhaps_live_twice');
    if (event === undefined) throw new Error('it is on record');
    expect(event.metadata).toMatchObject({ known: permalink, second: live?.permalink });
    const notice = await composeNotice(world.ctx, event, { timeZone: 'UTC' });
    expect(notice?.subject).toContain('Look before you remove anything');
    expect(notice?.text).toContain('it may be one post with two addresses');
    expect(notice?.text).toContain(permalink);
    expect(notice?.text).toContain(live?.permalink);
    expect(await isTold(event)).toBe(true);
  });
});

describe('a late answer to a first sending, while nobody knows what became of the second', () => {
  async function bothSent(second: Fault) {
    world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
    const publication = await due(world.accounts.readable);
    await answeredTooLate('ok');
    await resolvePublication(world.ctx, world.manager, publication.id, { resolution: 'absent', reason: 'I looked' });
    await work(second);
    expect(await row(publication)).toMatchObject({ status: 'unconfirmed' });
    await world.paused[0]?.resume();
    const [first] = await world.ctx.db.publishAttempt.findMany({ where: { publicationId: publication.id, number: 1 } });
    expect(await row(publication)).toMatchObject({ status: 'published', sentAt: first?.sentAt });
    return publication;
  }
  async function looksOfAnHour(): Promise<number> {
    let looks = 0;
    for (let n = 0; n < 6; n++) {
      await world.pass(700);
      looks += await lookUpUnconfirmed(world.ctx, signal);
    }
    return looks;
  }

  it('ends the looking, and tells people that another may be live', async () => {
    const publication = await bothSent('500 after');
    expect(await looksOfAnHour()).toBe(0);
    const [event] = await toldOf(publication, 'publication.perhaps_live_twice');
    if (event === undefined) throw new Error('it is on record');
    const [first] = world.platform.live(publication.id);
    expect(event.metadata).toMatchObject({ known: first?.permalink, second: null });
    const notice = await composeNotice(world.ctx, event, { timeZone: 'UTC' });
    expect(notice?.text).toContain('nobody knows whether the other sending is there, too');
    expect(notice?.text).toContain(first?.permalink);
  });

  it('tells nobody when the second was refused because the first is there', async () => {
    const publication = await bothSent('duplicate without id');
    expect(await looksOfAnHour()).toBe(0);
    expect(await toldOf(publication, 'publication.perhaps_live_twice')).toEqual([]);
  });

  it('a look that finds it published is the last one', async () => {
    const publication = await bothSent('500 after');
    // As an earlier version left it.
    await bench.db.$executeRaw`
      UPDATE publish_attempts SET next_look_up_at = now() WHERE publication_id = ${publication.id}::uuid AND state = 'unknown'`;
    expect(await looksOfAnHour()).toBe(1);
  });
});

describe('a late duplicate of a post that is on record already', () => {
  it.each([
    { named: 'by the same id', link: (permalink: string) => permalink },
    {
      named: 'by the id of LinkedIn’s own link',
      link: () => 'https://www.linkedin.com/posts/amara_words-activity-7531784011601936385-AbCd',
    },
  ])('makes no second evidence of it when a person had named it $named', async ({ link }) => {
    world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
    const publication = await due(world.accounts.blind);
    await work('500 after');
    await world.pass(600);
    await resolvePublication(world.ctx, world.manager, publication.id, { resolution: 'absent', reason: 'not seen' });
    await answeredTooLate('duplicate');
    const permalink = link(world.platform.live(publication.id)[0]?.permalink ?? '');
    const seen = { resolution: 'live', reason: 'I see it', permalink };
    await resolvePublication(world.ctx, world.manager, publication.id, seen);
    await world.paused[0]?.resume();

    expect(await bench.db.publicationEvidence.count({ where: { publicationId: publication.id } })).toBe(1);
    expect(await readEvidence(bench.db, publication.id)).toMatchObject({ intact: true, attemptNumber: 2 });
    expect(await attemptsOf(publication)).toMatchObject([{ state: 'absent' }, { state: 'present' }]);
    expect(await toldOf(publication, 'publication.live_twice')).toEqual([]);
  });
});
