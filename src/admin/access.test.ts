import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, POLICY, RESOURCES, type ResourceName } from '../domain/access.ts';
import { createPost } from '../publishing/posts.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

/** Words that stand in rows nobody but their owners may see. Found in an answer, something leaks. */
const CANARY = 'canary-text-of-bob';

let bench: PanelBench;
let ann: Actor;
let bob: Actor;
let approver: Actor;
let outsider: Actor;
let superuser: Actor;
let bobsPost: string;
let annsPost: string;
/** A record of each resource that Bob, or his team, has. */
let bobs: Record<ResourceName, string>;

beforeAll(async () => {
  bench = await openPanelBench();
  const { db } = bench.ctx;
  bob = bench.author;
  ann = await bench.person('author');
  approver = await bench.person('approver');
  const otherTeam = await db.team.create({ data: { name: 'Other team' } });
  const stranger = await db.user.create({
    data: {
      email: 'stranger@example.com',
      name: 'Stranger',
      memberships: { create: { teamId: otherTeam.id, role: 'manager' } },
    },
  });
  outsider = {
    ...ann,
    id: stranger.id,
    email: stranger.email,
    memberships: [{ teamId: otherTeam.id, role: 'manager' }],
  };
  const root = await db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...ann, id: root.id, isSuperuser: true, memberships: [] };

  bobsPost = (
    await createPost(bench.ctx, bob, { text: `${CANARY} one`, accounts: [bench.account.id], team: bench.teamId })
  ).id;
  annsPost = (await createPost(bench.ctx, ann, { text: 'a post of ann', team: bench.teamId })).id;
  const publication = await db.publication.findFirstOrThrow({ where: { postId: bobsPost } });
  const attempt = await db.publishAttempt.create({
    data: { publicationId: publication.id, number: 1, fence: 7, state: 'rejected', errorMessage: CANARY },
  });
  const membership = await db.membership.findFirstOrThrow({ where: { userId: bob.id } });
  const event = await db.auditEvent.findFirstOrThrow({ where: { actorId: bob.id, action: 'post.created' } });
  const hold = await db.hold.create({ data: { scope: 'team', teamId: bench.teamId, reason: CANARY } });
  bobs = {
    Post: bobsPost,
    Publication: publication.id,
    PublishAttempt: attempt.id,
    ConnectedAccount: bench.account.id,
    Team: bench.teamId,
    Membership: membership.id,
    User: bob.id,
    AuditEvent: event.id,
    Hold: hold.id,
  };
}, 60_000);

afterAll(() => bench.close());

describe('what another author of the team owns', () => {
  it.each([
    '/api/resources/Post/actions/list',
    '/api/resources/Post/actions/search',
    `/api/resources/Post/actions/search/${CANARY}`,
    `/api/resources/Post/search/${CANARY}`,
    `/api/resources/Post/actions/list?filters.q=${CANARY}`,
    '/api/resources/Publication/actions/list',
    '/api/resources/PublishAttempt/actions/list',
    '/api/resources/AuditEvent/actions/list',
    '/api/dashboard',
  ])('is not in %s', async (path) => {
    const answer = await bench.ask(ann, path);
    expect(answer.status).toBe(200);
    expect(answer.text.replaceAll(encodeURIComponent(CANARY), '')).not.toContain(`${CANARY} one`);
    expect(answer.text).not.toContain(bobsPost);
  });

  it.each(['Post', 'Publication', 'PublishAttempt', 'ConnectedAccount', 'Membership', 'AuditEvent'] as const)(
    'looks as if it did not exist: %s',
    async (resource) => {
      const foreign = await bench.ask(ann, `/api/resources/${resource}/records/${bobs[resource]}/show`);
      const unknown = await bench.ask(
        ann,
        `/api/resources/${resource}/records/01900000-0000-7000-8000-000000000000/show`,
      );
      expect(foreign.status).toBe(404);
      expect(foreign.body).toEqual(unknown.body);
      expect(foreign.text).not.toContain(CANARY);
    },
  );

  it.each(['edit', 'delete', 'schedule', 'publishNow', 'cancel', 'duplicate', 'approve', 'sendBack'])(
    'cannot be changed by %s',
    async (action) => {
      const answer = await bench.ask(ann, `/api/resources/Post/records/${bobsPost}/${action}`, {
        text: 'taken over',
        reason: 'because',
      });
      // Approving is nothing an author does at all, so that is refused before the record is looked at.
      expect(answer.status).toBe(action === 'approve' || action === 'sendBack' ? 403 : 404);
      const post = await bench.ctx.db.post.findUniqueOrThrow({ where: { id: bobsPost } });
      expect(post).toMatchObject({ text: `${CANARY} one`, status: 'draft' });
    },
  );

  it('cannot be reached through the id of an own record', async () => {
    const answer = await bench.ask(ann, `/api/resources/Post/records/${annsPost}/edit`, {
      id: bobsPost,
      text: 'ann edits her own',
      author: bob.id,
    });
    expect(answer.status).toBe(200);
    const [hers, his] = await Promise.all(
      [annsPost, bobsPost].map((id) => bench.ctx.db.post.findUniqueOrThrow({ where: { id } })),
    );
    expect(hers).toMatchObject({ text: 'ann edits her own', authorId: ann.id });
    expect(his?.text).toBe(`${CANARY} one`);
  });

  it('is not reached by bulk actions, which do not exist', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await bench.send(ann, `/api/resources/Post/bulk/bulkDelete?recordIds=${bobsPost}`, { method });
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain(CANARY);
    }
    expect(await bench.ctx.db.post.count({ where: { id: bobsPost } })).toBe(1);
  });

  it('is seen by an approver of the team', async () => {
    const answer = await bench.ask(approver, `/api/resources/Post/records/${bobsPost}/show`);
    expect(answer.status).toBe(200);
    expect(answer.body.record.params).toMatchObject({
      text: `${CANARY} one`,
      author: bob.id,
      team: bench.teamId,
      'accounts.0': bench.account.id,
    });
  });
});

describe('another team', () => {
  it.each(RESOURCES.map((resource) => [resource] as const))('is closed: %s', async (resource) => {
    const shown = await bench.ask(outsider, `/api/resources/${resource}/records/${bobs[resource]}/show`);
    expect(shown.status).toBe(404);
    const list = await bench.ask(outsider, `/api/resources/${resource}/actions/list`);
    expect(list.status).toBe(200);
    expect(list.text).not.toContain(bobs[resource]);
    for (const action of Object.keys(POLICY[resource]).filter(
      (name) => !['list', 'search', 'show', 'new', 'share'].includes(name),
    )) {
      const answer = await bench.ask(outsider, `/api/resources/${resource}/records/${bobs[resource]}/${action}`, {
        reason: 'x',
        resolution: 'abandon',
      });
      expect([403, 404], `${resource}.${action}`).toContain(answer.status);
    }
  });

  it('can be read by a superuser, which is put on record', async () => {
    const before = await bench.ctx.db.auditEvent.count({ where: { action: 'post.viewed' } });
    const answer = await bench.ask(superuser, `/api/resources/Post/records/${bobsPost}/show`);
    expect(answer.status).toBe(200);
    expect(answer.body.record.details.publications).toHaveLength(1);
    const views = await bench.ctx.db.auditEvent.findMany({ where: { action: 'post.viewed' } });
    expect(views).toHaveLength(before + 1);
    expect(views.at(-1)).toMatchObject({ actorId: superuser.id, entityId: bobsPost, teamId: bench.teamId });
  });
});

describe('without a person', () => {
  it.each(['/api/dashboard', '/api/resources/Post/actions/list', '/api/resources/User/actions/search/a'])(
    '%s is refused',
    async (path) => {
      expect((await bench.ask(null, path)).status).toBe(401);
    },
  );
});

describe('secrets and inner workings', () => {
  const HIDDEN = [
    'fence',
    'leaseUntil',
    'generation',
    'accessToken',
    'refreshToken',
    'passwordHash',
    'tokenHash',
    'credential',
  ];

  it('are in no answer, not even for a superuser', async () => {
    for (const resource of RESOURCES) {
      const list = await bench.ask(superuser, `/api/resources/${resource}/actions/list`);
      const shown = await bench.ask(superuser, `/api/resources/${resource}/records/${bobs[resource]}/show`);
      expect(list.status, resource).toBe(200);
      expect(shown.status, resource).toBe(200);
      for (const name of HIDDEN) expect(list.text + shown.text, `${resource}: ${name}`).not.toContain(`"${name}"`);
    }
    const page = await bench.ask(superuser, '');
    for (const name of HIDDEN) expect(page.text).not.toContain(`"${name}"`);
  });

  it.each(HIDDEN)('%s cannot be asked about by filter or sort', async (name) => {
    for (const query of [`filters.${name}=1`, `sortBy=${name}`]) {
      const answer = await bench.ask(superuser, `/api/resources/Publication/actions/list?${query}`);
      expect(answer.status, query).toBe(400);
      expect(answer.body.error).toMatch(/cannot be (filtered|sorted)/);
    }
  });

  it('have no resource of their own', async () => {
    for (const name of ['AccountCredential', 'LocalCredential', 'Session', 'Invitation', 'Nope']) {
      expect((await bench.ask(superuser, `/api/resources/${name}/actions/list`)).status).toBe(404);
    }
  });
});

describe('every action', () => {
  it('that changes something refuses GET and changes nothing', async () => {
    for (const [resource, action] of [
      ['Post', 'publishNow'],
      ['Post', 'cancel'],
      ['Post', 'delete'],
      ['Post', 'duplicate'],
      ['Publication', 'resolve'],
      ['ConnectedAccount', 'disconnect'],
      ['Hold', 'release'],
    ] as const) {
      const answer = await bench.ask(superuser, `/api/resources/${resource}/records/${bobs[resource]}/${action}`);
      expect(answer.status, `${resource}.${action}`).toBe(405);
      expect(answer.headers.get('allow')).toBe('POST');
    }
    expect((await bench.ask(superuser, '/api/resources/Team/actions/new')).status).toBe(405);
    expect(await bench.ctx.db.post.count()).toBe(2);
  });

  it('is called at its own kind of address only', async () => {
    for (const path of [
      '/api/resources/Post/actions/publishNow',
      '/api/resources/Post/actions/cancel',
      `/api/resources/Post/records/${annsPost}/list`,
      `/api/resources/Post/bulk/publishNow?recordIds=${annsPost}`,
    ]) {
      expect([403, 404], path).toContain((await bench.ask(superuser, path, {})).status);
    }
  });

  it('that AdminJS has but the policy has not is closed for everybody', async () => {
    for (const [resource, action] of [
      ['Publication', 'new'],
      ['AuditEvent', 'new'],
      ['ConnectedAccount', 'new'],
      ['PublishAttempt', 'new'],
    ]) {
      expect((await bench.ask(superuser, `/api/resources/${resource}/actions/${action}`, { text: 'x' })).status).toBe(
        403,
      );
    }
    for (const [resource, action] of [
      ['Publication', 'edit'],
      ['AuditEvent', 'delete'],
      ['AuditEvent', 'edit'],
      ['Team', 'delete'],
      ['User', 'delete'],
    ] as const) {
      expect(
        (await bench.ask(superuser, `/api/resources/${resource}/records/${bobs[resource]}/${action}`, {})).status,
      ).toBe(403);
    }
  });

  it('of people and teams is refused to authors', async () => {
    expect((await bench.ask(ann, '/api/resources/Team/actions/new', { name: 'Mine' })).status).toBe(403);
    expect(
      (await bench.ask(ann, '/api/resources/User/actions/new', { email: 'new@example.com', name: 'New' })).status,
    ).toBe(403);
    expect((await bench.ask(ann, `/api/resources/User/records/${bob.id}/edit`, { name: 'Robert' })).status).toBe(403);
    expect(await bench.ctx.db.user.findUniqueOrThrow({ where: { id: bob.id } })).toMatchObject({ name: bob.name });
  });
});
