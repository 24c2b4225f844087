import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { type Bench, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { approvePost, sendPostBack } from './approve-post.ts';
import { createHold, releaseHold } from './holds.ts';
import { createPost, deletePost, duplicatePost, editPost } from './posts.ts';
import { FOR_PUBLISHING, prepare } from './prepare.ts';
import { cancelPublication } from './retry-publication.ts';
import { cancelPost, publishPostNow, schedulePost } from './schedule-post.ts';

let bench: Bench;
let colleague: Actor;
let approver: Actor;
let stranger: Actor;

beforeAll(async () => {
  bench = await openBench();
  colleague = await bench.person('author');
  approver = await bench.person('approver');
  stranger = {
    ...(await bench.person('manager')),
    memberships: [{ teamId: '00000000-0000-7000-8000-000000000000', role: 'manager' }],
  };
});
afterAll(() => bench.close());

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
const write = (input: Parameters<typeof createPost>[2], actor = bench.author) =>
  createPost(bench.ctx, actor, { text: 'Hello', accounts: [bench.account.id], ...input });
const scheduled = async (input: Parameters<typeof createPost>[2] = {}) =>
  schedulePost(bench.ctx, bench.author, (await write({ scheduledAt: tomorrow(), ...input })).id);
const count = () => bench.ctx.db.post.count();

describe('a post with a mistake in it', () => {
  const mistakes: [string, () => Parameters<typeof createPost>[2], string][] = [
    ['an empty text', () => ({ text: '  ' }), 'text'],
    ['a text over the limit', () => ({ text: 'x'.repeat(3001) }), 'text'],
    ['a time in the past', () => ({ scheduledAt: '2020-01-01T00:00:00Z' }), 'scheduledAt'],
    [
      'a time in a daylight-saving gap',
      () => ({ scheduledAt: '2027-03-28T02:30', timeZone: 'Europe/Warsaw' }),
      'scheduledAt',
    ],
    ['an unknown zone', () => ({ scheduledAt: tomorrow(), timeZone: 'Mars/Base' }), 'timeZone'],
    ['an unknown account', () => ({ accounts: ['00000000-0000-7000-8000-000000000001'] }), 'accounts'],
    ['an account that is no id', () => ({ accounts: ["'; drop table posts; --"] }), 'accounts'],
    ['a link that is none', () => ({ linkUrl: 'javascript:alert(1)' }), 'linkUrl'],
    ['an unknown team', () => ({ team: 'nowhere' }), 'team'],
  ];
  for (const [mistake, input, field] of mistakes) {
    it(`such as ${mistake} is refused at the field, and nothing is saved`, async () => {
      const before = await count();
      await expect(write(input())).rejects.toMatchObject({ name: 'Refusal', fields: { [field]: expect.any(String) } });
      expect(await count()).toBe(before);
    });
  }

  it('has all its mistakes named at once', async () => {
    await expect(
      write({ text: '', linkUrl: 'nope', timeZone: 'Mars/Base', scheduledAt: 'soon' }),
    ).rejects.toMatchObject({
      fields: { text: expect.any(String), linkUrl: expect.any(String), timeZone: expect.any(String) },
    });
  });

  it('cannot use somebody else’s personal account, nor learn whether it exists', async () => {
    const attempt = write({ accounts: [bench.account.id] }, colleague);
    const unknown = write({ accounts: ['00000000-0000-7000-8000-000000000001'] }, colleague);
    const messages = await Promise.all(
      [attempt, unknown].map((saved) =>
        saved.then(
          () => '',
          (error: Error) => error.message,
        ),
      ),
    );
    expect(messages[0]).toBe(messages[1]);
    expect(messages[0]).toContain('not yours');
  });
});

describe('scheduling', () => {
  it('needs a time and an account that is connected, and says what to do', async () => {
    await expect(schedulePost(bench.ctx, bench.author, (await write({})).id)).rejects.toMatchObject({
      fields: { scheduledAt: expect.stringContaining('Choose a date') },
    });
    const bare = await write({ accounts: [], scheduledAt: tomorrow() });
    await expect(schedulePost(bench.ctx, bench.author, bare.id)).rejects.toMatchObject({
      fields: { accounts: expect.stringContaining('connect one') },
    });
  });

  it('keeps zone and wall clock beside the instant', async () => {
    expect(await scheduled({ scheduledAt: '2027-07-01T09:00', timeZone: 'Europe/Warsaw' })).toMatchObject({
      status: 'scheduled',
      scheduledAt: new Date('2027-07-01T07:00:00Z'),
      timeZone: 'Europe/Warsaw',
      wallClock: '2027-07-01T09:00',
    });
  });

  it('does not move a post by its seconds when a form sends the shown minute back', async () => {
    const at = '2027-07-01T07:00:37.500Z';
    const post = await scheduled({ scheduledAt: at, timeZone: 'Europe/Warsaw' });
    const edited = await editPost(bench.ctx, bench.author, post.id, {
      text: 'New text',
      scheduledAt: '2027-07-01T09:00',
      timeZone: 'Europe/Warsaw',
    });
    expect(edited.scheduledAt).toEqual(new Date(at));
  });

  it('takes along an account that is added, and drops one that is removed', async () => {
    const post = await scheduled();
    const second = await bench.connect(bench.author, MEMBERS[1]);
    await editPost(bench.ctx, bench.author, post.id, { accounts: [second.id] });
    const publications = await bench.ctx.db.publication.findMany({ where: { postId: post.id } });
    expect(publications).toMatchObject([{ accountId: second.id, status: 'scheduled', dueAt: post.scheduledAt }]);
  });

  it('refuses to take the time away from a scheduled post', async () => {
    const post = await scheduled();
    await expect(editPost(bench.ctx, bench.author, post.id, { scheduledAt: '' })).rejects.toMatchObject({
      fields: { scheduledAt: expect.stringContaining('cancel it') },
    });
  });

  it('can be taken back, once', async () => {
    const post = await scheduled();
    expect(await cancelPost(bench.ctx, bench.author, post.id)).toMatchObject({ status: 'cancelled' });
    await expect(cancelPost(bench.ctx, bench.author, post.id)).rejects.toMatchObject({ code: 'conflict' });
    expect(await schedulePost(bench.ctx, bench.author, post.id)).toMatchObject({ status: 'scheduled' });
  });
});

describe('an account for which the post was cancelled', () => {
  const asksForApproval = (requiresApproval: boolean) =>
    bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval } });
  afterEach(() => asksForApproval(false));

  /** A scheduled post to two accounts, with what became of each. */
  async function toTwo(second?: string) {
    const other = second ?? (await bench.connect(bench.author, MEMBERS[1])).id;
    const { id } = await scheduled({ accounts: [bench.account.id, other] });
    const of = (accountId: string) => bench.ctx.db.publication.findFirstOrThrow({ where: { postId: id, accountId } });
    const statuses = async () => [(await of(bench.account.id)).status, (await of(other)).status];
    return { id, statuses, leaveOut: async () => cancelPublication(bench.ctx, bench.author, (await of(other)).id) };
  }

  it.each([
    ['wants no approval', false],
    ['wants approval', true],
  ])('stays out when the post is corrected, in a team that %s', async (_team, requiresApproval) => {
    await asksForApproval(requiresApproval);
    const { id, statuses, leaveOut } = await toTwo();
    if (requiresApproval) await approvePost(bench.ctx, approver, id);
    await leaveOut();
    await editPost(bench.ctx, bench.author, id, { text: 'Without the typo' });
    expect(await statuses()).toEqual([requiresApproval ? 'awaiting_approval' : 'scheduled', 'cancelled']);
    if (requiresApproval) await approvePost(bench.ctx, approver, id);
    expect(await statuses()).toEqual(['scheduled', 'cancelled']);
  });

  it('does not keep the post from being corrected when it is not even connected any more', async () => {
    const second = await bench.connect(bench.author, MEMBERS[1]);
    const { id, leaveOut, statuses } = await toTwo(second.id);
    await leaveOut();
    await bench.ctx.db.connectedAccount.update({ where: { id: second.id }, data: { status: 'reconnect_required' } });
    await editPost(bench.ctx, bench.author, id, { text: 'Corrected' });
    await publishPostNow(bench.ctx, bench.author, id);
    expect(await statuses()).toEqual(['scheduled', 'cancelled']);
  });

  it('stays out when the rest is published now, and goes out that way only when there is no rest', async () => {
    const { id, statuses, leaveOut } = await toTwo();
    await leaveOut();
    await publishPostNow(bench.ctx, bench.author, id);
    expect(await statuses()).toEqual(['scheduled', 'cancelled']);
    await cancelPost(bench.ctx, bench.author, id);
    await publishPostNow(bench.ctx, bench.author, id);
    expect(await statuses()).toEqual(['scheduled', 'scheduled']);
  });

  it('is taken back in by scheduling the post again', async () => {
    const { id, statuses, leaveOut } = await toTwo();
    await leaveOut();
    await schedulePost(bench.ctx, bench.author, id);
    expect(await statuses()).toEqual(['scheduled', 'scheduled']);
  });
});

describe('two people at one post', () => {
  it('cannot overwrite each other: the second is told', async () => {
    const post = await write({});
    await editPost(bench.ctx, approver, post.id, { text: 'First' }, post.updatedAt);
    await expect(editPost(bench.ctx, bench.author, post.id, { text: 'Second' }, post.updatedAt)).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await bench.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } })).toMatchObject({ text: 'First' });
  });

  it('may only be its author, an approver or a superuser; for everybody else it does not exist', async () => {
    const post = await scheduled();
    for (const actor of [colleague, stranger]) {
      for (const verb of [schedulePost, cancelPost, publishPostNow, deletePost, duplicatePost]) {
        await expect(verb(bench.ctx, actor, post.id)).rejects.toMatchObject({ code: 'not-found' });
      }
      await expect(editPost(bench.ctx, actor, post.id, { text: 'mine now' })).rejects.toMatchObject({
        code: 'not-found',
      });
    }
    await expect(cancelPost(bench.ctx, approver, post.id)).resolves.toMatchObject({ status: 'cancelled' });
    await expect(schedulePost(bench.ctx, bench.author, 'no-uuid')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('deleting and duplicating', () => {
  it('deletes a draft and keeps what is scheduled', async () => {
    const draft = await write({});
    await deletePost(bench.ctx, bench.author, draft.id);
    expect(await bench.ctx.db.post.findUnique({ where: { id: draft.id } })).toBeNull();
    await expect(deletePost(bench.ctx, bench.author, (await scheduled()).id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Cancel it first'),
    });
  });

  it('makes a new draft of the duplicator, without the time', async () => {
    const copy = await duplicatePost(bench.ctx, bench.author, (await scheduled({ text: 'Again' })).id);
    expect(copy).toMatchObject({ text: 'Again', status: 'draft', scheduledAt: null, authorId: bench.author.id });
  });
});

describe('a team with four eyes', () => {
  const withApproval = async (required: boolean) =>
    bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: required } });

  it('schedules only what somebody else approved, and any change asks again', async () => {
    await withApproval(true);
    const post = await scheduled();
    expect(post.status).toBe('awaiting_approval');
    await expect(approvePost(bench.ctx, bench.author, post.id)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('Somebody else'),
    });
    expect(await approvePost(bench.ctx, approver, post.id)).toMatchObject({ status: 'scheduled' });
    expect(await editPost(bench.ctx, bench.author, post.id, { text: 'Changed after approval' })).toMatchObject({
      status: 'awaiting_approval',
    });
    await expect(sendPostBack(bench.ctx, approver, post.id, ' ')).rejects.toMatchObject({
      fields: { reason: expect.any(String) },
    });
    expect(await sendPostBack(bench.ctx, approver, post.id, 'Too loud')).toMatchObject({ status: 'draft' });
    await expect(publishPostNow(bench.ctx, bench.author, post.id)).rejects.toMatchObject({ code: 'conflict' });
    await withApproval(false);
  });
});

describe('four eyes, from both sides', () => {
  const withApproval = (required: boolean) =>
    bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: required } });

  it('are not had by an approver who changed the post himself', async () => {
    await withApproval(true);
    const post = await scheduled();
    await editPost(bench.ctx, approver, post.id, { text: 'Rewritten by the approver' });
    await expect(approvePost(bench.ctx, approver, post.id)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('You changed this post'),
    });
    const second = await bench.person('approver');
    expect(await approvePost(bench.ctx, second, post.id)).toMatchObject({ status: 'scheduled' });
    await withApproval(false);
  });

  it('are not asked of what was scheduled before the team wanted them', async () => {
    const post = await scheduled();
    await withApproval(true);
    const publication = await bench.ctx.db.publication.findFirstOrThrow({
      where: { postId: post.id },
      include: FOR_PUBLISHING,
    });
    expect(await prepare(bench.ctx, publication, new Date(), AbortSignal.timeout(5_000))).toMatchObject({
      ready: true,
    });
    await withApproval(false);
  });
});

describe('a hold', () => {
  it('stops what it covers at once and lets it go on when released', async () => {
    const post = await scheduled();
    const manager = await bench.person('manager');
    await expect(
      createHold(bench.ctx, bench.author, { scope: 'team', team: bench.teamId, reason: 'Crisis' }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(createHold(bench.ctx, manager, { scope: 'everything', reason: 'Crisis' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(
      createHold(bench.ctx, manager, { scope: 'team', team: bench.teamId, reason: '' }),
    ).rejects.toMatchObject({ fields: { reason: expect.any(String) } });
    const hold = await createHold(bench.ctx, manager, { scope: 'team', team: bench.teamId, reason: 'Crisis' });
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    expect(publication).toMatchObject({ status: 'held', errorMessage: 'On hold: Crisis' });
    await expect(releaseHold(bench.ctx, colleague, hold.id)).rejects.toMatchObject({ code: 'forbidden' });
    await releaseHold(bench.ctx, manager, hold.id);
    expect(await bench.ctx.db.publication.findUniqueOrThrow({ where: { id: publication.id } })).toMatchObject({
      status: 'scheduled',
      dueAt: post.scheduledAt,
    });
    await cancelPublication(bench.ctx, bench.author, publication.id);
  });
});
