import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { type Bench, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { approvePost } from './approve-post.ts';
import { claimDue } from './claim.ts';
import { handOver } from './hand-over.ts';
import { handOverReport } from './hand-over-report.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { guardAgainstRestore, holdWhatWasDue } from './restore-guard.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

let bench: Bench;
let superuser: Actor;

beforeAll(async () => {
  bench = await openBench();
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...bench.author, id: root.id, isSuperuser: true, memberships: [] };
});
afterAll(() => bench.close());

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
const give = (from: Actor, to: Actor, team: string | null = null) =>
  handOver(bench.ctx, superuser, from.id, { to: to.id, team });
const postOf = (id: string) => bench.ctx.db.post.findUniqueOrThrow({ where: { id }, include: { publications: true } });
const publishWhatIsDue = async () => {
  for (const claim of await claimDue(bench.ctx, 10))
    await publishPublication(bench.ctx, claim, new AbortController().signal);
};

describe('handing over', () => {
  it('gives unfinished posts and personal accounts to a colleague; what was scheduled still goes out, once', async () => {
    const { author, account } = bench;
    const colleague = await bench.person('author');
    const live = await createPost(bench.ctx, author, { text: 'Already live', accounts: [account.id] });
    await publishPostNow(bench.ctx, author, live.id);
    await publishWhatIsDue();
    const scheduled = await createPost(bench.ctx, author, {
      text: 'Tomorrow, on the personal account',
      accounts: [account.id],
      scheduledAt: tomorrow(),
    });
    await schedulePost(bench.ctx, author, scheduled.id);
    const { scheduledAt } = await postOf(scheduled.id);

    expect(await give(author, colleague)).toMatchObject({ posts: 1, accounts: 1 });
    expect(await bench.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id: account.id } })).toMatchObject({
      ownerId: colleague.id,
    });
    expect(await postOf(scheduled.id)).toMatchObject({ authorId: colleague.id, status: 'scheduled', scheduledAt });
    // What is published stays with who published it.
    expect(await postOf(live.id)).toMatchObject({ authorId: author.id, status: 'published' });

    await bench.ctx.db
      .$executeRaw`UPDATE publications SET due_at = now(), next_attempt_at = now() WHERE post_id = ${scheduled.id}::uuid`;
    await publishWhatIsDue();
    expect((await postOf(scheduled.id)).status).toBe('published');
    expect((await bench.ledger()).map(({ text }) => text).sort()).toEqual([
      'Already live',
      'Tomorrow, on the personal account',
    ]);

    const events = await bench.ctx.db.auditEvent.findMany({
      where: { action: { in: ['post.handed_over', 'account.handed_over', 'user.handed_over'] }, actorId: superuser.id },
    });
    const fromTo = { from: author.id, to: colleague.id };
    expect(events.map(({ action, entityId, metadata }) => ({ action, entityId, metadata }))).toEqual(
      expect.arrayContaining([
        { action: 'post.handed_over', entityId: scheduled.id, metadata: fromTo },
        { action: 'account.handed_over', entityId: account.id, metadata: expect.objectContaining(fromTo) },
        {
          action: 'user.handed_over',
          entityId: author.id,
          metadata: { to: colleague.id, posts: 1, accounts: 1, teams: [bench.teamId] },
        },
      ]),
    );
  });

  it('to an approver does not make him approve his own posts: they wait for other eyes', async () => {
    const writer = await bench.person('author');
    const approver = await bench.person('approver');
    const manager = await bench.person('manager');
    const teams = await bench.connect(manager, MEMBERS[1], false);
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: true } });
    const post = await createPost(bench.ctx, writer, {
      text: 'Four eyes',
      accounts: [teams.id],
      scheduledAt: tomorrow(),
    });
    await schedulePost(bench.ctx, writer, post.id);
    await approvePost(bench.ctx, approver, post.id);
    expect((await postOf(post.id)).status).toBe('scheduled');

    await give(writer, approver);
    expect(await postOf(post.id)).toMatchObject({ authorId: approver.id, status: 'awaiting_approval' });
    await expect(approvePost(bench.ctx, approver, post.id)).rejects.toMatchObject({ code: 'forbidden' });
    await approvePost(bench.ctx, manager, post.id);
    expect((await postOf(post.id)).status).toBe('scheduled');
    // Somebody else's approval stands.
    const third = await bench.person('author');
    await give(approver, third);
    expect(await postOf(post.id)).toMatchObject({ authorId: third.id, status: 'scheduled' });
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: false } });
  });

  it.each([
    { state: 'held because of a restore', mark: holdWhatWasDue },
    { state: 'going to be held because of a restore', mark: async () => undefined },
  ])('leaves what is $state to a person’s answer, approved or not', async ({ mark }) => {
    const { db } = bench.ctx;
    const writer = await bench.person('author');
    const approver = await bench.person('approver');
    const teams = await bench.connect(await bench.person('manager'), MEMBERS[1], false);
    await db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: true } });
    const input = { text: 'Restored', accounts: [teams.id], scheduledAt: tomorrow() };
    const post = await createPost(bench.ctx, writer, input);
    await schedulePost(bench.ctx, writer, post.id);
    await approvePost(bench.ctx, approver, post.id);
    await guardAgainstRestore(bench.ctx);
    await db.$executeRaw`
      UPDATE publications SET due_at = now() - interval '1 minute', next_attempt_at = now() - interval '1 minute'
      WHERE post_id = ${post.id}::uuid`;
    await db.$executeRaw`UPDATE database_identity SET timeline = timeline + 1`;
    expect(await guardAgainstRestore(bench.ctx)).toBe('restored');
    await mark(bench.ctx);
    await db.$executeRaw`UPDATE holds SET released_at = now() WHERE released_at IS NULL`;

    await give(writer, approver);
    expect(await postOf(post.id)).toMatchObject({
      authorId: approver.id,
      publications: [{ status: 'held', errorCode: 'restored', errorMessage: expect.stringContaining('sent already') }],
    });
    expect(await db.approval.count({ where: { postId: post.id, voidedAt: null } })).toBe(0);
    await db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: false } });
  });

  it('moves only what is in teams that both are in', async () => {
    const leaver = await bench.person('author');
    const colleague = await bench.person('author');
    const other = await bench.ctx.db.team.create({ data: { name: 'Other team' } });
    await bench.ctx.db.membership.create({ data: { userId: leaver.id, teamId: other.id } });
    const memberships = [...leaver.memberships, { teamId: other.id, role: 'author' as const }];
    const [here, there] = [
      await createPost(bench.ctx, { ...leaver, memberships }, { text: 'here', team: bench.teamId }),
      await createPost(bench.ctx, { ...leaver, memberships }, { text: 'there', team: other.id }),
    ];
    await expect(give(leaver, colleague, other.id)).rejects.toMatchObject({
      fields: { to: expect.stringContaining('not in that team') },
    });
    await give(leaver, colleague);
    expect([(await postOf(here.id)).authorId, (await postOf(there.id)).authorId]).toEqual([colleague.id, leaver.id]);
    expect((await handOverReport(bench.ctx, leaver.id)).teams).toMatchObject([
      { id: other.id, posts: 1, accounts: 0, candidates: [] },
    ]);
  });

  it('is refused to nobody, oneself, a deactivated or unknown person, and by anybody but a superuser', async () => {
    const leaver = await bench.person('author');
    await createPost(bench.ctx, leaver, { text: 'x' });
    const colleague = await bench.person('manager');
    const gone = await bench.person('author');
    await bench.ctx.db.user.update({ where: { id: gone.id }, data: { isActive: false } });
    for (const to of ['', 'nonsense', leaver.id, gone.id, '01900000-0000-7000-8000-000000000000'])
      await expect(handOver(bench.ctx, superuser, leaver.id, { to, team: null }), to).rejects.toMatchObject({
        code: 'invalid',
        fields: { to: expect.any(String) },
      });
    await expect(handOver(bench.ctx, colleague, leaver.id, { to: colleague.id, team: null })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(handOver(bench.ctx, superuser, 'nonsense', { to: colleague.id, team: null })).rejects.toMatchObject({
      code: 'not-found',
    });
    expect((await handOverReport(bench.ctx, leaver.id)).teams).toMatchObject([{ posts: 1 }]);
  });
});

describe('the report of what hangs on one person', () => {
  it('names accounts that nobody else could renew', async () => {
    const other = await bench.ctx.db.team.create({ data: { name: 'One manager' } });
    const manager = await bench.person('manager');
    await bench.ctx.db.membership.create({ data: { userId: manager.id, teamId: other.id, role: 'manager' } });
    const account = await bench.connect(manager, MEMBERS[3], false);
    await bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { teamId: other.id } });
    const whyOf = async () =>
      (await handOverReport(bench.ctx, manager.id)).hanging.find(({ id }) => id === account.id)?.why;
    expect(await whyOf()).toBe('only-manager');

    const second = await bench.person('manager');
    await bench.ctx.db.membership.create({ data: { userId: second.id, teamId: other.id, role: 'manager' } });
    expect(await whyOf()).toBeUndefined();
    await bench.ctx.db.membership.deleteMany({ where: { userId: manager.id, teamId: other.id } });
    expect(await whyOf()).toBe('left-team');
    await bench.ctx.db.user.update({ where: { id: manager.id }, data: { isActive: false } });
    expect(await whyOf()).toBe('deactivated');
    await bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { status: 'disconnected' } });
    expect(await whyOf()).toBeUndefined();
  });
});
