/** What superusers do with people, through the panel: invite, take back, hand over, help who lost the phone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { findOpenInvitation } from '../identity/invitations.ts';
import { addSecondFactor, hasSecondFactor, newSecret } from '../identity/second-factor.ts';
import { createPost } from '../publishing/posts.ts';
import { authenticatorCode } from '../testing/authenticator.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';
import { MEMBERS } from '../testing/publishing-bench.ts';

let bench: PanelBench;
let superuser: Actor;
let manager: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...bench.author, id: root.id, isSuperuser: true, memberships: [] };
  manager = await bench.person('manager');
}, 60_000);
afterAll(() => bench.close());

const act = (person: Actor, resource: string, id: string, action: string, values: Record<string, unknown> = {}) =>
  bench.ask(person, `/api/resources/${resource}/records/${id}/${action}`, values);
const invite = (person: Actor, values: Record<string, unknown>) => act(person, 'Team', bench.teamId, 'invite', values);
const tokenIn = (text: string) => /\/invitations\/([\w-]{43})/.exec(text)?.[1] ?? '';
const isOpen = async (token: string) => (await findOpenInvitation(bench.ctx.db, token, new Date())) !== null;
const invitationsOf = async (resource: string, id: string) =>
  (await bench.ask(superuser, `/api/resources/${resource}/records/${id}/show`)).body.record.details.invitations;

describe('inviting into a team', () => {
  it('gives a superuser a link, lists it without its secret, and takes it back', async () => {
    const { body, status } = await invite(superuser, { email: ' Nia@Example.com ', role: 'approver' });
    expect([status, body.notice.type]).toEqual([200, 'success']);
    const token = tokenIn(body.notice.message);
    expect(await isOpen(token)).toBe(true);

    const shown = await bench.ask(superuser, `/api/resources/Team/records/${bench.teamId}/show`);
    expect(shown.text).not.toContain(token);
    const [invitation] = shown.body.record.details.invitations;
    expect(invitation).toMatchObject({ email: 'nia@example.com', role: 'approver', invitedBy: 'Root' });

    const back = await act(superuser, 'Team', bench.teamId, 'revokeInvitation', { invitation: invitation.id });
    expect(back.body.notice.type).toBe('success');
    expect(await isOpen(token)).toBe(false);
    expect(await invitationsOf('Team', bench.teamId)).toEqual([]);
    expect((await act(superuser, 'Team', bench.teamId, 'revokeInvitation', { invitation: invitation.id })).status).toBe(
      404,
    );
    const events = await bench.ctx.db.auditEvent.findMany({
      where: { action: { in: ['user.invited', 'user.invitation_revoked'] }, actorId: superuser.id },
      orderBy: { id: 'asc' },
    });
    expect(events.map(({ action, teamId }) => [action, teamId])).toEqual([
      ['user.invited', bench.teamId],
      ['user.invitation_revoked', bench.teamId],
    ]);
  });

  it('again for the same address makes the first link worthless', async () => {
    const first = tokenIn((await invite(superuser, { email: 'two@example.com', role: 'author' })).body.notice.message);
    const second = tokenIn(
      (await invite(superuser, { email: 'two@example.com', role: 'manager' })).body.notice.message,
    );
    expect([await isOpen(first), await isOpen(second)]).toEqual([false, true]);
  });

  it.each([
    ['email', { email: 'not an address', role: 'author' }],
    ['email', { role: 'author' }],
    ['role', { email: 'x@example.com', role: 'king' }],
  ])('with a bad %s says so at the field and makes nothing', async (field, values) => {
    const before = await bench.ctx.db.invitation.count();
    const answer = await invite(superuser, values);
    expect(answer.status).toBe(400);
    expect(answer.body.fields[field]).toMatch(/\.$/);
    expect(await bench.ctx.db.invitation.count()).toBe(before);
  });

  it('is refused for who is in the team, and for who is deactivated', async () => {
    const gone = await bench.ctx.db.user.create({ data: { email: 'gone@example.com', name: 'Gone', isActive: false } });
    for (const [email, sentence] of [
      [bench.author.email, /in the team already/],
      [gone.email, /deactivated/],
    ] as const)
      expect((await invite(superuser, { email, role: 'author' })).body.fields.email).toMatch(sentence);
  });

  it('is not for managers, and neither are the lists', async () => {
    expect((await invite(manager, { email: 'x@example.com', role: 'author' })).status).toBe(403);
    const invitation = await bench.ctx.db.invitation.findFirstOrThrow({ where: { revokedAt: null } });
    expect((await act(manager, 'Team', bench.teamId, 'revokeInvitation', { invitation: invitation.id })).status).toBe(
      403,
    );
    const shown = await bench.ask(manager, `/api/resources/Team/records/${bench.teamId}/show`);
    expect(Object.keys(shown.body.record.details)).toEqual(['history']);
    expect(shown.body.record.recordActions.map(({ name }: { name: string }) => name)).not.toContain('invite');
  });

  it('of another team is not taken back through this one', async () => {
    const other = await bench.ctx.db.team.create({ data: { name: 'Elsewhere' } });
    const made = await act(superuser, 'Team', other.id, 'invite', { email: 'else@example.com', role: 'author' });
    const [invitation] = await invitationsOf('Team', other.id);
    expect((await act(superuser, 'Team', bench.teamId, 'revokeInvitation', { invitation: invitation.id })).status).toBe(
      404,
    );
    expect((await act(superuser, 'Team', bench.teamId, 'revokeInvitation', { invitation: 'nonsense' })).status).toBe(
      404,
    );
    expect(await isOpen(tokenIn(made.body.notice.message))).toBe(true);
  });

  it('of a person added without a password shows on that person’s page, and is taken back there', async () => {
    const added = await bench.ask(superuser, '/api/resources/User/actions/new', {
      email: 'new@example.com',
      name: 'New',
    });
    const token = tokenIn(added.body.notice.message);
    const { id } = added.body.record.params;
    const [invitation] = await invitationsOf('User', id);
    expect(invitation).toMatchObject({ email: 'new@example.com', team: null });
    expect(
      (await act(superuser, 'User', bench.author.id, 'revokeInvitation', { invitation: invitation.id })).status,
    ).toBe(404);
    expect((await act(superuser, 'User', id, 'revokeInvitation', { invitation: invitation.id })).status).toBe(200);
    expect(await isOpen(token)).toBe(false);
  });
});

describe('what a deactivated person leaves behind', () => {
  it('shows on a superuser’s first page and on the person’s, and is handed over in one go', async () => {
    const leaver = await bench.person('author');
    const colleague = await bench.person('author');
    const account = await bench.connect(leaver, MEMBERS[2], true);
    const draft = await createPost(bench.ctx, leaver, { text: 'Draft', accounts: [account.id] });
    await act(superuser, 'User', leaver.id, 'edit', { isActive: false });

    const { body } = await bench.ask(superuser, '/api/dashboard');
    expect(body.toHandOver).toContainEqual({ id: leaver.id, name: leaver.name, posts: 1, accounts: 1 });
    expect((await bench.ask(manager, '/api/dashboard')).body.toHandOver).toEqual([]);

    const page = await bench.ask(superuser, `/api/resources/User/records/${leaver.id}/show`);
    const { teams, hanging } = page.body.record.details.handOver;
    expect(teams).toMatchObject([{ id: bench.teamId, posts: 1, accounts: 1 }]);
    expect(teams[0].candidates.map(({ id }: { id: string }) => id)).toContain(colleague.id);
    expect(teams[0].candidates.map(({ id }: { id: string }) => id)).not.toContain(leaver.id);
    expect(hanging).toMatchObject([{ id: account.id, why: 'personal' }]);

    const done = await act(superuser, 'User', leaver.id, 'handOver', { to: colleague.id });
    expect(done.body.notice.message).toBe('Some author takes over one post and one account.');
    expect(await bench.ctx.db.post.findUniqueOrThrow({ where: { id: draft.id } })).toMatchObject({
      authorId: colleague.id,
    });
    expect((await bench.ask(superuser, '/api/dashboard')).body.toHandOver).toEqual([]);
    expect((await act(superuser, 'User', leaver.id, 'handOver', { to: colleague.id })).status).toBe(409);
  });

  it('is handed over by superusers only, with POST only', async () => {
    const colleague = await bench.person('author');
    for (const person of [bench.author, manager])
      expect((await act(person, 'User', bench.author.id, 'handOver', { to: colleague.id })).status).toBe(403);
    expect((await bench.ask(superuser, `/api/resources/User/records/${bench.author.id}/handOver`)).status).toBe(405);
    for (const person of [bench.author, manager]) {
      const shown = await bench.ask(person, `/api/resources/User/records/${bench.author.id}/show`);
      expect(Object.keys(shown.body.record.details)).toEqual(['history']);
    }
  });
});

describe('two-step sign-in of somebody who lost the phone', () => {
  it('is switched off by a superuser, not by a manager, and that is on record', async () => {
    const author = await bench.person('author');
    const secret = newSecret();
    const code = authenticatorCode(secret, new Date());
    await addSecondFactor(bench.ctx, author, { secret, code, sessionId: 'none' });
    const shown = await bench.ask(superuser, `/api/resources/User/records/${author.id}/show`);
    expect(shown.body.record.details.secondFactor).toBe(true);
    expect(shown.text).not.toContain(secret);
    expect((await act(manager, 'User', author.id, 'removeSecondFactor')).status).toBe(403);
    expect((await act(author, 'User', author.id, 'removeSecondFactor')).status).toBe(403);
    expect(await hasSecondFactor(bench.ctx.db, author.id)).toBe(true);

    expect((await act(superuser, 'User', author.id, 'removeSecondFactor')).body.notice.type).toBe('success');
    expect(await hasSecondFactor(bench.ctx.db, author.id)).toBe(false);
    expect((await act(superuser, 'User', author.id, 'removeSecondFactor')).status).toBe(409);
    expect(
      await bench.ctx.db.auditEvent.findMany({ where: { action: 'user.second_factor_removed', entityId: author.id } }),
    ).toMatchObject([{ actorId: superuser.id }]);
  });
});

describe('a name that people cannot see or tell apart', () => {
  const wrong = 'The name has an invisible character (U+202E). Type it again.';

  it('is refused for a team, new and renamed, with a sentence', async () => {
    const add = (name: string) => bench.ask(superuser, '/api/resources/Team/actions/new', { name, timeZone: 'UTC' });
    expect((await add('Press\u202e')).body.record.errors.name.message).toBe(wrong);
    expect((await add('\u200b\u2060')).body.record.errors.name.message).toBe('Give the team a name.');
    const renamed = await act(manager, 'Team', bench.teamId, 'edit', { name: 'Press\u202e' });
    expect(renamed.body.record.errors.name.message).toBe(wrong);
  });

  it('is refused for a person, by a superuser and by himself', async () => {
    const add = (name: string) =>
      bench.ask(superuser, '/api/resources/User/actions/new', { name, email: 'hidden@example.com', timeZone: 'UTC' });
    expect((await add('Ann\u202e')).body.record.errors.name.message).toBe(wrong);
    expect((await add('\u200d\u2800')).body.record.errors.name.message).toContain('Enter a name');
    const edited = await act(bench.author, 'User', bench.author.id, 'edit', { name: 'Ann\u202e' });
    expect(edited.body.record.errors.name.message).toBe(wrong);
    expect((await act(bench.author, 'User', bench.author.id, 'edit', { name: 'علی‌رضا' })).body.notice.type).toBe(
      'success',
    );
  });

  it('that is there already keeps nobody from changing the rest', async () => {
    const { db } = bench.ctx;
    const old = await db.user.create({ data: { name: 'Old\u202e', email: 'old@example.com' } });
    const off = await act(superuser, 'User', old.id, 'edit', { name: 'Old\u202e', isActive: false });
    expect(off.body.notice.type, off.text).toBe('success');
    const team = await db.team.create({ data: { name: 'Old team\u202e' } });
    const zone = await act(superuser, 'Team', team.id, 'edit', { name: 'Old team\u202e', timeZone: 'Asia/Tokyo' });
    expect(zone.body.notice.type, zone.text).toBe('success');
  });
});
