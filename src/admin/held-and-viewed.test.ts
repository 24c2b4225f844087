/** What a person is told when something is on hold, and what is told about a superuser who looks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { createHold, releaseHold } from '../publishing/holds.ts';
import { createPost } from '../publishing/posts.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

let bench: PanelBench;
let author: Actor;
let manager: Actor;
let superuser: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  manager = await bench.person('manager');
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...author, id: root.id, isSuperuser: true, memberships: [] };
}, 60_000);
afterAll(() => bench.close());

const post = () =>
  createPost(bench.ctx, author, {
    text: 'Hello',
    accounts: [bench.account.id],
    scheduledAt: new Date(Date.now() + 3_600_000).toISOString(),
    timeZone: 'UTC',
  });
const act = async (id: string, action: string) =>
  (await bench.ask(author, `/api/resources/Post/records/${id}/${action}`, {})).body.notice.message;

describe('a post that is put on its way under a hold', () => {
  it('is said to be on hold, and why; after the release it is said to go out', async () => {
    const hold = await createHold(bench.ctx, manager, {
      scope: 'account',
      account: bench.account.id,
      reason: 'Wrong logo.',
    });
    const told = 'Scheduled, but on hold: Wrong logo. It waits until the hold is released.';
    const { id } = await post();
    expect(await act(id, 'schedule')).toBe(told);
    expect(await act(id, 'publishNow')).toBe(told);
    await releaseHold(bench.ctx, manager, hold.id);
    expect(await act((await post()).id, 'schedule')).toBe('Scheduled. It will be published on time, without you.');
  });
});

describe('a post that was held as late', () => {
  it('is said to leave at the new time it is given, or to be on hold then', async () => {
    const { id } = await post();
    await act(id, 'schedule');
    const save = async (minutes: number) => {
      const scheduledAt = new Date(Date.now() + minutes * 60_000).toISOString();
      return (await bench.ask(author, `/api/resources/Post/records/${id}/edit`, { scheduledAt })).body.notice.message;
    };
    await bench.ctx.db.publication.updateMany({
      where: { postId: id },
      data: { status: 'held', errorCode: 'late', nextAttemptAt: null },
    });
    expect(await save(90)).toBe('Saved. It leaves at its time.');
    expect(await bench.ctx.db.post.findUniqueOrThrow({ where: { id } })).toMatchObject({ status: 'scheduled' });
    const hold = await createHold(bench.ctx, manager, { scope: 'account', account: bench.account.id, reason: 'Stop' });
    await bench.ctx.db.publication.updateMany({
      where: { postId: id },
      data: { status: 'held', errorCode: 'late', nextAttemptAt: null },
    });
    expect(await save(120)).toBe('Scheduled, but on hold: Stop. It waits until the hold is released.');
    await releaseHold(bench.ctx, manager, hold.id);
  });
});

describe('the banner about a hold on one account', () => {
  it('is there for everybody who may publish to it, and for superusers', async () => {
    const hold = await createHold(bench.ctx, manager, { scope: 'account', account: bench.account.id, reason: 'Stop' });
    for (const person of [author, manager, superuser]) {
      const { body } = await bench.ask(person, '/api/standing-orders');
      expect(body, person.name).toMatchObject({ total: 1, holds: [{ id: hold.id }] });
    }
    await releaseHold(bench.ctx, manager, hold.id);
  });
});

describe('a superuser who reads another team’s post by its publication', () => {
  it('is on record once for each look; a member is not', async () => {
    const { id } = await post();
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: id } });
    const look = (person: Actor) => bench.ask(person, `/api/resources/Publication/records/${publication.id}/show`);
    expect((await look(superuser)).text).toContain('Hello');
    await look(author);
    const views = await bench.ctx.db.auditEvent.findMany({ where: { action: 'post.viewed' } });
    expect(views).toMatchObject([{ actorId: superuser.id, entity: 'Post', entityId: id, teamId: bench.teamId }]);
  });
});
