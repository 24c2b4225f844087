/** A team in which somebody other than the author approves, as author, approver and superuser meet it in the panel. */
import { createHash } from 'node:crypto';
import type { ConnectedAccount, Prisma } from '@prisma/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../audit/canonical-json.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { approvePost, sendPostBack } from '../publishing/approve-post.ts';
import { claimDue } from '../publishing/claim.ts';
import { markOverdueApprovals } from '../publishing/overdue-approval.ts';
import { editPost } from '../publishing/posts.ts';
import { publishPublication } from '../publishing/publish-publication.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';
import { MEMBERS } from '../testing/publishing-bench.ts';

let bench: PanelBench;
let author: Actor;
let approver: Actor;
let superuser: Actor;
let teamAccount: ConnectedAccount;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  approver = await bench.person('approver');
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...author, id: root.id, isSuperuser: true, memberships: [] };
  teamAccount = await bench.connect(await bench.person('manager'), MEMBERS[1], false);
  await requireApproval(true);
}, 60_000);
afterAll(() => bench.close());

const requireApproval = (requiresApproval: boolean) =>
  bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval } });
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const act = (person: Actor, id: string, action: string, values: Record<string, unknown> = {}) =>
  bench.ask(person, `/api/resources/Post/records/${id}/${action}`, values);
const show = async (person: Actor, id: string) =>
  (await bench.ask(person, `/api/resources/Post/records/${id}/show`)).body.record;
const statusOf = async (id: string) => (await bench.ctx.db.post.findUniqueOrThrow({ where: { id } })).status;

/** A post that waits for approval. */
async function waiting(over: Record<string, unknown> = {}, by = author): Promise<string> {
  const answer = await bench.ask(by, '/api/resources/Post/actions/new', {
    text: 'Hello',
    linkUrl: 'https://example.com/one',
    accounts: [teamAccount.id],
    scheduledAt: inMinutes(60),
    timeZone: 'UTC',
    team: bench.teamId,
    ...over,
  });
  const { id } = answer.body.record.params;
  expect((await act(by, id, 'schedule')).body.record.params.status).toBe('awaiting_approval');
  return id;
}

async function approved(over: Record<string, unknown> = {}): Promise<string> {
  const id = await waiting(over);
  expect((await act(approver, id, 'approve')).body.record.params.status).toBe('scheduled');
  return id;
}

/** Lets the worker take what is due of this post now. */
async function work(postId: string, dueAt = new Date()): Promise<void> {
  await bench.ctx.db.publication.updateMany({
    where: { postId },
    data: { dueAt, nextAttemptAt: new Date(Date.now() - 1000) },
  });
  for (const claim of await claimDue(bench.ctx, 10))
    await publishPublication(bench.ctx, claim, new AbortController().signal);
}

describe('who approves', () => {
  it('is somebody else: not the author, whatever his role, and not a superuser his own post', async () => {
    const id = await waiting();
    expect((await act(author, id, 'approve')).status).toBe(403);
    const own = await waiting({}, approver);
    expect((await act(approver, own, 'approve')).status).toBe(403);
    const supers = await waiting({}, superuser);
    const answer = await act(superuser, supers, 'approve');
    expect(answer.status).toBe(403);
    for (const post of [id, own, supers]) expect(await statusOf(post)).toBe('awaiting_approval');
  });

  it('is not whoever changed the post, nor who wrote it and handed it on', async () => {
    const edited = await waiting();
    await act(superuser, edited, 'edit', { text: 'Better words' });
    const refused = await act(superuser, edited, 'approve');
    expect(refused.status).toBe(403);
    expect(refused.body.error).toBe('You changed this post, so somebody else has to approve it.');

    const handedOn = await waiting({}, approver);
    await bench.ctx.db.post.update({ where: { id: handedOn }, data: { authorId: author.id } });
    const his = await act(approver, handedOn, 'approve');
    expect(his.status).toBe(403);
    expect(his.body.error).toBe('You wrote this post, so somebody else has to approve it.');
  });

  it.each([
    ['is behind', -300],
    ['is ahead', 300],
  ])('is not whoever changed the post, also where the clock of the process that saved it %s', async (_how, seconds) => {
    const id = await approved();
    const clock = { now: () => new Date(Date.now() + seconds * 1000) };
    await editPost({ ...bench.ctx, clock }, approver, id, { text: 'What only the approver wants' });
    expect((await act(approver, id, 'approve')).status).toBe(403);
    const second = await bench.person('approver');
    expect((await act(second, id, 'approve')).status).toBe(200);
    // What he changed is approved: of what the author changes after it he is not the one who did.
    await act(author, id, 'edit', { text: 'What the author wants' });
    expect((await act(approver, id, 'approve')).status).toBe(200);
  });

  it('may be who changed it before an approval from the time in which those kept no count', async () => {
    const id = await waiting();
    await act(approver, id, 'edit', { text: 'Changed, and approved by somebody else' });
    await act(await bench.person('approver'), id, 'approve');
    const { id: approvalId, content } = await bench.ctx.db.approval.findFirstOrThrow({ where: { postId: id } });
    const { changesCovered, ...then } = content as Record<string, unknown>;
    expect(changesCovered).toEqual({ [approver.id]: 1 });
    await bench.ctx.db.approval.update({ where: { id: approvalId }, data: { content: then as Prisma.JsonObject } });
    await act(author, id, 'edit', { text: 'Changed by its author' });
    expect((await act(approver, id, 'approve')).status).toBe(200);
    await act(approver, id, 'edit', { text: 'Changed again' });
    expect((await act(approver, id, 'approve')).status).toBe(403);
  });

  it('approves what was on the screen: what was changed meanwhile is not approved unseen', async () => {
    const id = await waiting();
    const { contentHash } = (await show(approver, id)).details.approval;
    await act(author, id, 'edit', { text: 'Something else entirely' });
    const refused = await act(approver, id, 'approve', { contentHash });
    expect(refused.status).toBe(409);
    expect(refused.body.error).toContain('changed while you were looking at it');
    expect(await statusOf(id)).toBe('awaiting_approval');
    const again = (await show(approver, id)).details.approval.contentHash;
    expect((await act(approver, id, 'approve', { contentHash: again })).status).toBe(200);
    expect(await compared(id)).toBe(true);
  });

  it('without a hash approves what is there, and the record says that nothing was compared', async () => {
    expect(await compared(await approved())).toBe(false);
  });

  async function compared(id: string): Promise<unknown> {
    const where = { entityId: id, action: 'post.approved' };
    const { metadata } = await bench.ctx.db.auditEvent.findFirstOrThrow({ where });
    return (metadata as { compared?: unknown }).compared;
  }
});

describe('an approver who leaves while he approves', () => {
  /** Somebody's rights as they were when his request began. */
  const leaver = () => bench.person('approver');
  const byVerb = {
    approve: (person: Actor, id: string) => approvePost(bench.ctx, person, id),
    sendBack: (person: Actor, id: string) => sendPostBack(bench.ctx, person, id, 'No'),
  };

  it.each(['approve', 'sendBack'] as const)('no longer may: %s', async (verb) => {
    for (const leave of [
      (person: Actor) => bench.ctx.db.membership.deleteMany({ where: { userId: person.id } }),
      (person: Actor) => bench.ctx.db.membership.updateMany({ where: { userId: person.id }, data: { role: 'author' } }),
      (person: Actor) => bench.ctx.db.user.update({ where: { id: person.id }, data: { isActive: false } }),
    ]) {
      const [id, person] = [await waiting(), await leaver()];
      await leave(person);
      await expect(byVerb[verb](person, id)).rejects.toBeInstanceOf(Refusal);
      expect(await statusOf(id)).toBe('awaiting_approval');
    }
  });

  it('is waited for while his leaving is being saved', async () => {
    const [id, person] = [await waiting(), await leaver()];
    const left = Promise.withResolvers<void>();
    const saved = Promise.withResolvers<void>();
    const leaving = bench.ctx.db.$transaction(async (tx) => {
      await tx.membership.deleteMany({ where: { userId: person.id } });
      left.resolve();
      await saved.promise;
    });
    await left.promise;
    const approving = approvePost(bench.ctx, person, id);
    setTimeout(() => saved.resolve(), 300);
    await expect(approving).rejects.toBeInstanceOf(Refusal);
    await leaving;
    expect(await statusOf(id)).toBe('awaiting_approval');
  });

  it('leaves what he approved before as valid as it was', async () => {
    const [id, person] = [await waiting(), await leaver()];
    await act(person, id, 'approve');
    await bench.ctx.db.membership.deleteMany({ where: { userId: person.id } });
    await bench.ctx.db.user.update({ where: { id: person.id }, data: { isActive: false } });
    await work(id);
    expect(await statusOf(id)).toBe('published');
  });
});

describe('what an approver sees', () => {
  it('is exactly what will go out: each account’s text, the link, and the time', async () => {
    const id = await waiting({ accounts: [bench.account.id, teamAccount.id] });
    await bench.ctx.db.publication.updateMany({
      where: { postId: id, accountId: teamAccount.id },
      data: { text: 'Hello, team' },
    });
    const record = await show(approver, id);
    expect(record.params).toMatchObject({ timeZone: 'UTC', scheduledAt: expect.any(String) });
    const { waiting: goesOut, requested, lastApproval } = record.details.approval;
    const linkUrl = 'https://example.com/one';
    expect(goesOut).toEqual([
      { account: expect.objectContaining({ id: bench.account.id }), text: 'Hello', linkUrl },
      { account: expect.objectContaining({ id: teamAccount.id }), text: 'Hello, team', linkUrl },
    ]);
    expect(requested).toMatchObject({ by: author.name });
    expect(lastApproval).toBeNull();
  });

  it('is also how late it may be, where that was changed', async () => {
    const id = await approved();
    await act(author, id, 'edit', { latePolicy: 'send', lateLimitMinutes: '10080' });
    const { approval } = (await show(approver, id)).details;
    expect(approval.lastApproval.changes).toEqual([
      expect.objectContaining({ field: 'latePolicy', before: null, after: 'send' }),
      expect.objectContaining({ field: 'lateLimitMinutes', before: null, after: '10080' }),
    ]);
  });

  it('is also what changed since the last approval, and by whom that was', async () => {
    const id = await approved();
    await act(author, id, 'edit', { text: 'Good bye', accounts: [bench.account.id], timeZone: 'Europe/Warsaw' });
    const { lastApproval } = (await show(approver, id)).details.approval;
    expect(lastApproval).toMatchObject({ by: approver.name, voidReason: 'the post was changed' });
    expect(lastApproval.changes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ field: 'text', before: 'Hello', after: 'Good bye' }),
        expect.objectContaining({ field: 'timeZone', before: 'UTC', after: 'Europe/Warsaw' }),
        expect.objectContaining({ field: 'account', before: teamAccount.id, account: teamAccount.displayName }),
        expect.objectContaining({ field: 'account', after: bench.account.id, account: bench.account.displayName }),
      ]),
    );
    expect(lastApproval.changes).toHaveLength(4);
  });
});

describe('a post that is sent back', () => {
  it('is a draft that says why, to its author, until it is scheduled again', async () => {
    const id = await waiting();
    expect((await act(approver, id, 'sendBack', { reason: ' ' })).body.notice.type).toBe('error');
    await act(approver, id, 'sendBack', { reason: 'Too loud for a Monday' });
    const record = await show(author, id);
    expect(record.params.status).toBe('draft');
    expect(record.details.approval.sentBack).toMatchObject({ by: approver.name, reason: 'Too loud for a Monday' });
    await act(author, id, 'edit', { text: 'Softer' });
    expect((await show(author, id)).details.approval.sentBack).not.toBeNull();
    await act(author, id, 'schedule');
    expect((await show(author, id)).details.approval.sentBack).toBeNull();
  });
});

describe('an approval ends', () => {
  it.each([
    ['the text', () => ({ text: 'Other words' })],
    ['the link', () => ({ linkUrl: 'https://example.com/two' })],
    ['the text for one account', () => ({ texts: { [teamAccount.id]: 'Only for this account' } })],
    ['the accounts', () => ({ accounts: [teamAccount.id, bench.account.id] })],
    ['the time', () => ({ scheduledAt: inMinutes(90) })],
    ['the time zone', () => ({ timeZone: 'Europe/Warsaw' })],
    ['how late it may leave', () => ({ lateLimitMinutes: '10080' })],
    ['what happens when it is late', () => ({ latePolicy: 'send' })],
  ])('when %s changes after it was scheduled, and changing it back does not bring it back', async (_what, change) => {
    const id = await approved();
    const before = await show(author, id);
    await act(author, id, 'edit', change());
    expect(await statusOf(id)).toBe('awaiting_approval');
    const voided = await bench.ctx.db.auditEvent.findMany({ where: { entityId: id, action: 'post.approval_voided' } });
    expect(voided).toMatchObject([{ actorId: author.id, metadata: { reason: 'the post was changed' } }]);
    const { text, linkUrl, scheduledAt, timeZone } = before.params;
    await act(author, id, 'edit', { text, linkUrl, scheduledAt, timeZone, texts: {}, accounts: [teamAccount.id] });
    await act(author, id, 'schedule');
    expect(await statusOf(id)).toBe('awaiting_approval');
  });

  it('when it is changed while the team needs none, also for the time after', async () => {
    const id = await approved();
    await requireApproval(false);
    await act(author, id, 'edit', { text: 'Slipped in' });
    expect(await statusOf(id)).toBe('scheduled');
    await requireApproval(true);
    await work(id);
    expect(await statusOf(id)).toBe('awaiting_approval');
    expect((await bench.ledger()).filter(({ text }) => text.includes('Slipped in'))).toEqual([]);
  });

  it('when somebody cancels: its author alone cannot put it back', async () => {
    const id = await approved();
    await act(approver, id, 'cancel');
    await act(author, id, 'schedule');
    expect(await statusOf(id)).toBe('awaiting_approval');
  });

  it('for an account that was taken out, which the author alone cannot put back either', async () => {
    const id = await approved({ accounts: [bench.account.id, teamAccount.id] });
    const one = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: id, accountId: teamAccount.id } });
    await bench.ask(approver, `/api/resources/Publication/records/${one.id}/cancel`, {});
    expect(await statusOf(id)).toBe('scheduled');
    await act(author, id, 'schedule');
    expect(await statusOf(id)).toBe('awaiting_approval');
  });
});

describe('the worker', () => {
  it('sends what was approved, and the evidence names author and approver', async () => {
    const id = await approved({ text: 'Approved words' });
    await work(id);
    expect(await statusOf(id)).toBe('published');
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: id } });
    const shown = await bench.ask(author, `/api/resources/Publication/records/${publication.id}/show`);
    expect(shown.body.record.details.evidence).toMatchObject({ author: author.name, approver: approver.name });
  });

  it.each([
    ['text', (id: string) => bench.ctx.db.post.update({ where: { id }, data: { text: 'Never approved' } })],
    ['text for one account', (id: string) => setText(id, 'Never approved')],
    ['link', (id: string) => bench.ctx.db.post.update({ where: { id }, data: { linkUrl: 'https://example.com/x' } })],
    ['time', (id: string) => bench.ctx.db.post.update({ where: { id }, data: { scheduledAt: new Date() } })],
    ['time zone', (id: string) => bench.ctx.db.post.update({ where: { id }, data: { timeZone: 'Asia/Tokyo' } })],
    ['late limit', (id: string) => setLate(id)],
  ])(
    'checks again before it sends: a %s that was changed past every door waits for approval',
    async (_what, change) => {
      const id = await approved();
      await change(id);
      const sent = (await bench.ledger()).length;
      await work(id);
      expect(await statusOf(id)).toBe('awaiting_approval');
      expect(await bench.ledger()).toHaveLength(sent);
    },
  );

  it('goes on with what was approved before the rule for late posts was part of an approval', async () => {
    const id = await approved({ text: 'Approved long ago', latePolicy: 'send' });
    const { id: approvalId, content } = await bench.ctx.db.approval.findFirstOrThrow({ where: { postId: id } });
    const {
      latePolicy,
      lateLimitMinutes,
      teamRule: _rule,
      changesCovered: _count,
      ...then
    } = content as Record<string, unknown>;
    expect([latePolicy, lateLimitMinutes]).toEqual(['send', null]);
    const contentHash = createHash('sha256').update(canonicalJson(then)).digest('hex');
    await bench.ctx.db.approval.update({
      where: { id: approvalId },
      data: { contentHash, content: then as Prisma.JsonObject },
    });
    expect((await show(approver, id)).details.approval.lastApproval.changes).toEqual([]);
    await work(id);
    expect(await statusOf(id)).toBe('published');
  });

  const setLate = (postId: string) =>
    bench.ctx.db.publication.updateMany({ where: { postId }, data: { lateLimitMinutes: 10_080 } });
  const setText = (postId: string, text: string) =>
    bench.ctx.db.publication.updateMany({ where: { postId }, data: { text } });
});

describe('the team’s rules', () => {
  const setRules = (person: Actor, rules: Record<string, unknown>) =>
    bench.ask(person, `/api/resources/Team/records/${bench.teamId}/edit`, rules);

  it('let a manager switch approval on, but not off: else he could publish alone in between', async () => {
    const manager = await bench.person('manager');
    const own = await waiting({}, manager);
    const refused = await setRules(manager, { requiresApproval: false, name: 'Renamed on the way' });
    expect(refused.status).toBe(403);
    expect(refused.body.error).toContain('Only a superuser may switch approval off');
    const team = await bench.ctx.db.team.findUniqueOrThrow({ where: { id: bench.teamId } });
    expect([team.requiresApproval, team.name]).toEqual([true, expect.not.stringContaining('Renamed')]);
    expect((await act(manager, own, 'publishNow')).status).toBe(409);
    expect((await setRules(manager, { requiresApproval: true, lateLimitMinutes: '90' })).status).toBe(200);

    await setRules(superuser, { requiresApproval: false });
    expect((await setRules(manager, { requiresApproval: false })).body.notice.type).toBe('success');
    expect((await setRules(manager, { requiresApproval: true })).body.notice.type).toBe('success');
    const events = await bench.ctx.db.auditEvent.findMany({
      where: { action: 'team.updated', entityId: bench.teamId },
      orderBy: { id: 'asc' },
    });
    const switched = events.filter(({ metadata }) => JSON.stringify(metadata).includes('requiresApproval'));
    expect(switched.map(({ actorId }) => actorId)).toEqual([superuser.id, manager.id]);
  });

  it('for late posts may become looser: what was approved before keeps the one it was approved under', async () => {
    const manager = await bench.person('manager');
    const anHourLate = () => new Date(Date.now() - 60 * 60_000);
    await setRules(manager, { latePolicy: 'hold', lateLimitMinutes: '0' });
    const before = await approved({ text: 'Approved under the narrow rule' });
    await setRules(manager, { latePolicy: 'send', lateLimitMinutes: '10080' });
    await work(before, anHourLate());
    expect(await statusOf(before)).toBe('held');
    const after = await approved({ text: 'Approved under the wide rule' });
    await work(after, anHourLate());
    expect(await statusOf(after)).toBe('published');
    await setRules(manager, { latePolicy: 'send', lateLimitMinutes: '120' });
  });
});

describe('sending again', () => {
  const retry = async (person: Actor, postId: string) => {
    const { id } = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId } });
    return bench.ask(person, `/api/resources/Publication/records/${id}/retry`, {});
  };
  const setStatus = (postId: string, status: 'missed' | 'failed') =>
    bench.ctx.db.publication.updateMany({ where: { postId }, data: { status, nextAttemptAt: null } });

  it('what failed is still what was approved', async () => {
    const id = await approved();
    await setStatus(id, 'failed');
    expect((await retry(author, id)).status).toBe(200);
  });

  it('what missed its time goes out at another one than was approved: that takes somebody who approves', async () => {
    const id = await approved();
    await setStatus(id, 'missed');
    const refused = await retry(author, id);
    expect(refused.status).toBe(403);
    expect(refused.body.error).toContain('approved for another time');
    expect((await retry(approver, id)).status).toBe(200);
  });

  it('what was changed after it failed is refused until it is approved', async () => {
    const id = await approved();
    await setStatus(id, 'failed');
    await act(author, id, 'edit', { text: 'Changed after it failed' });
    const refused = await retry(author, id);
    expect(refused.status).toBe(409);
    expect(refused.body.error).toContain('Nobody has approved');
  });

  it('what was held because of a restore, is not there and was never approved as it is, waits for approval', async () => {
    const id = await approved();
    await act(author, id, 'edit', { text: 'Changed before the restore' });
    const restored = { status: 'held', errorCode: 'restored', nextAttemptAt: null } as const;
    await bench.ctx.db.publication.updateMany({ where: { postId: id }, data: restored });
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: id } });
    const url = `/api/resources/Publication/records/${publication.id}/resolve`;
    const answered = await bench.ask(author, url, { resolution: 'absent', reason: 'I looked' });
    expect(answered.body.notice.message).toMatch(/not there.*waits for approval.*edit the post and choose a new one/);
    // What the notice says can be done.
    await act(author, id, 'edit', { scheduledAt: new Date(Date.now() + 7_200_000).toISOString() });
    expect((await act(approver, id, 'approve')).body.record.params.status).toBe('scheduled');
  });
});

describe('without four eyes', () => {
  const switchOff = async () =>
    (await bench.ask(superuser, `/api/resources/Team/records/${bench.teamId}/edit`, { requiresApproval: false })).body;

  afterEach(() => requireApproval(true));

  it('a post that was waiting can be scheduled by its author once the team needs no approval any more', async () => {
    const id = await waiting();
    await requireApproval(false);
    expect((await act(author, id, 'schedule')).body.record.params.status).toBe('scheduled');
  });

  it('what was waiting goes out only by a decision: whoever switches approval off is told how much waits', async () => {
    await bench.ctx.db.publication.deleteMany({ where: { status: 'awaiting_approval' } });
    await bench.ctx.db.post.updateMany({ where: { status: 'awaiting_approval' }, data: { status: 'draft' } });
    expect((await switchOff()).notice.message).toBe('Saved.');
    await requireApproval(true);
    const [one, other] = [await waiting(), await waiting()];
    expect((await switchOff()).notice.message).toBe(
      'Saved. 2 posts still wait for approval. Each goes out once somebody approves or schedules it.',
    );
    expect([await statusOf(one), await statusOf(other)]).toEqual(['awaiting_approval', 'awaiting_approval']);
    const { attention } = (await bench.ask(author, '/api/dashboard')).body;
    expect(attention.map(({ post }: { post: { id: string } }) => post.id)).toEqual(
      expect.arrayContaining([one, other]),
    );
    expect((await act(approver, one, 'approve')).body.record.params.status).toBe('scheduled');
    await act(author, other, 'edit', { text: 'Another thing, and still waiting' });
    expect(await statusOf(other)).toBe('awaiting_approval');
    expect((await act(author, other, 'schedule')).body.record.params.status).toBe('scheduled');
  });

  it('what was waiting when its time came leaves at a new time, when its author schedules it', async () => {
    const id = await waiting();
    await bench.ctx.db.post.update({ where: { id }, data: { scheduledAt: new Date(Date.now() - 60_000) } });
    await markOverdueApprovals(bench.ctx);
    await switchOff();
    expect((await act(author, id, 'schedule')).body.notice.message).toContain('This time has passed');
    const line = (await show(author, id)).details.publications[0];
    expect(line.errorMessage).toContain('Choose a new time for the post');
    await act(author, id, 'edit', { scheduledAt: inMinutes(30) });
    expect((await act(author, id, 'schedule')).body.record.params.status).toBe('scheduled');
    const now = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: id } });
    expect(now).toMatchObject({ status: 'scheduled', errorCode: null, errorMessage: null });
  });
});
