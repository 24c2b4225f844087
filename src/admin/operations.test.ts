/** What the panel shows and offers when something has to be stopped, answered in one go, or looked after. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { momentInWords } from '../domain/time-in-words.ts';
import { restAccount } from '../publishing/account-rest.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow } from '../publishing/schedule-post.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';
import { startHeartbeat } from '../worker/heartbeat.ts';

let bench: PanelBench;
let author: Actor;
let colleague: Actor;
let manager: Actor;
let outsider: Actor;
let superuser: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  colleague = await bench.person('author');
  manager = await bench.person('manager');
  const { db } = bench.ctx;
  const other = await db.team.create({ data: { name: 'Other team' } });
  const stranger = await db.user.create({
    data: {
      email: 'o@example.com',
      name: 'Outsider',
      memberships: { create: { teamId: other.id, role: 'manager' } },
    },
  });
  outsider = { ...author, id: stranger.id };
  const root = await db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...author, id: root.id, isSuperuser: true };
}, 60_000);
afterAll(() => bench.close());

async function publication(status: 'unconfirmed' | 'failed'): Promise<string> {
  const post = await createPost(bench.ctx, author, { text: 'Hello', accounts: [bench.account.id] });
  await bench.ctx.db.publication.updateMany({ where: { postId: post.id }, data: { status } });
  return (await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } })).id;
}

describe('an emergency stop', () => {
  const orders = async (person: Actor) => (await bench.ask(person, '/api/standing-orders')).body;
  const stop = async (person: Actor, values: Record<string, unknown>) =>
    bench.ask(person, '/api/resources/Hold/actions/new', { reason: 'Wrong price in the text', ...values });
  const release = (person: Actor, id: string) => bench.ask(person, `/api/resources/Hold/records/${id}/release`, {});

  it('of a team is shown to everybody in it, and to nobody else; who may release it is told what that would do', async () => {
    const post = await createPost(bench.ctx, author, { text: 'Waits', accounts: [bench.account.id] });
    await publishPostNow(bench.ctx, author, post.id);
    const { id } = (await stop(manager, { scope: 'team', team: bench.teamId })).body.record;
    expect(await orders(author)).toMatchObject({
      total: 1,
      holds: [{ id, reason: 'Wrong price in the text', createdBy: manager.name, mayRelease: false, forecast: null }],
    });
    expect(await orders(manager)).toMatchObject({ holds: [{ mayRelease: true, forecast: { goOn: 1, stay: 0 } }] });
    expect(await orders(outsider)).toEqual({ total: 0, holds: [] });
    expect((await release(author, id)).status).toBe(403);
    expect((await release(manager, id)).body.notice.message).toBe('Released. One publication goes on.');
    expect(await orders(author)).toEqual({ total: 0, holds: [] });
  });

  it('of everything is for superusers, and shown to everybody', async () => {
    const refused = await stop(manager, { scope: 'everything' });
    expect(refused.status).toBe(403);
    expect(refused.body.error).toContain('only a superuser');
    const { id } = (await stop(superuser, { scope: 'everything' })).body.record;
    for (const person of [author, outsider]) expect(await orders(person)).toMatchObject({ holds: [{ id }] });
    await release(superuser, id);
  });

  it('of a personal account is not told to those who do not know of the account', async () => {
    const { id } = (await stop(manager, { scope: 'account', account: bench.account.id })).body.record;
    expect(await orders(author)).toMatchObject({ holds: [{ account: { displayName: bench.account.displayName } }] });
    expect(await orders(colleague)).toEqual({ total: 0, holds: [] });
    await release(manager, id);
  });

  it('after a restore is told as the server’s own', async () => {
    const hold = await bench.ctx.db.hold.create({ data: { scope: 'everything', reason: 'restored from a copy' } });
    expect(await orders(author)).toMatchObject({ holds: [{ createdBy: null, reason: 'restored from a copy' }] });
    const page = await bench.ask(superuser, `/api/resources/Hold/records/${hold.id}/show`);
    expect(page.body.record.details.forecast).toEqual({ goOn: 0, stay: 0 });
    await release(superuser, hold.id);
  });

  it('needs a person', async () => {
    expect((await bench.ask(null, '/api/standing-orders')).status).toBe(401);
  });
});

describe('several publications at once', () => {
  const MANY = '/api/resources/Publication/actions';

  it('are answered, and what is no longer unconfirmed is counted', async () => {
    const ids = [await publication('unconfirmed'), await publication('unconfirmed'), await publication('failed')];
    const answer = await bench.ask(author, `${MANY}/resolveMany`, {
      ids,
      resolution: 'abandon',
      reason: 'not on the page',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ done: 2, leftOut: [{ id: ids[2] }], notice: { type: 'success' } });
    expect(answer.body.notice.message).toBe('2 answered, 1 no longer unconfirmed.');
  });

  it('are sent again and given up by actions of their own', async () => {
    const ids = [await publication('failed'), await publication('failed')];
    const again = await bench.ask(author, `${MANY}/retryMany`, { ids });
    expect(again.body.notice.message).toBe('2 sent again.');
    const up = await bench.ask(author, `${MANY}/cancelMany`, { 'ids.0': ids[0], 'ids.1': ids[1] });
    expect(up.body.notice.message).toBe('2 given up.');
  });

  it('of somebody else stay as they are', async () => {
    const id = await publication('unconfirmed');
    for (const person of [colleague, outsider]) {
      const answer = await bench.ask(person, `${MANY}/resolveMany`, { ids: [id], resolution: 'abandon', reason: 'x' });
      expect(answer.body).toMatchObject({ done: 0, notice: { type: 'error' } });
      expect(answer.text).not.toContain('Hello');
    }
    expect(await bench.ctx.db.publication.findUniqueOrThrow({ where: { id } })).toMatchObject({
      status: 'unconfirmed',
    });
  });

  it('need an answer and a reason, by POST, at this address', async () => {
    const ids = [await publication('unconfirmed')];
    const answer = await bench.ask(author, `${MANY}/resolveMany`, { ids, resolution: 'absent', reason: '' });
    expect(answer.status).toBe(400);
    expect(answer.body.fields).toHaveProperty('reason');
    expect((await bench.ask(author, `${MANY}/resolveMany`, {})).body.fields).toHaveProperty('ids');
    expect((await bench.ask(author, `${MANY}/resolveMany`)).status).toBe(405);
    expect((await bench.ask(author, `/api/resources/Publication/records/${ids[0]}/resolveMany`, {})).status).toBe(404);
    const page = await bench.ask(author, '/resources/Publication/actions/resolveMany');
    expect([page.status, page.headers.get('location')]).toEqual([302, '/admin/resources/Publication']);
  });
});

describe('the delivery of a post', () => {
  it('is set in the composer’s form, shown on its pages beside the team’s, and refused at its field', async () => {
    const values = { text: 'Hello', accounts: [bench.account.id], latePolicy: 'send', retryBaseSeconds: 120 };
    const { body } = await bench.ask(author, '/api/resources/Post/actions/new', values);
    expect(body.record.params).toMatchObject({ latePolicy: 'send', retryBaseSeconds: 120, maxAttempts: 5 });
    const { id } = body.record.params;
    const shown = await bench.ask(author, `/api/resources/Post/records/${id}/show`);
    expect(shown.body.record.details.team).toMatchObject({ latePolicy: 'drop', lateLimitMinutes: 120 });
    const list = await bench.ask(author, `/api/resources/Publication/actions/list?filters.post=${id}`);
    expect(list.body.records[0].params).toMatchObject({ latePolicy: 'send', retryBaseSeconds: 120 });
    const wrong = await bench.ask(author, `/api/resources/Post/records/${id}/edit`, { maxAttempts: 'many' });
    expect(wrong.body.record.errors.maxAttempts.message).toContain('1 to 20');
    expect(wrong.body.record.params.maxAttempts).toBe('many');
  });
});

describe('the dashboard', () => {
  const dashboard = async (person: Actor) => (await bench.ask(person, '/api/dashboard')).body;

  it('says when no worker runs, and shows the workers to superusers only', async () => {
    expect(await dashboard(author)).toMatchObject({ workerRuns: false, workers: [] });
    const heartbeat = await startHeartbeat(bench.ctx);
    expect(await dashboard(author)).toMatchObject({ workerRuns: true, workers: [] });
    expect(await dashboard(superuser)).toMatchObject({ workers: [{ pid: process.pid, state: 'running' }] });
    await bench.ctx.db.$executeRaw`UPDATE worker_processes SET beat_at = now() - interval '31 seconds'`;
    expect(await dashboard(superuser)).toMatchObject({ workerRuns: false, workers: [{ state: 'silent' }] });
    await heartbeat.end();
    expect(await dashboard(superuser)).toMatchObject({ workerRuns: false, workers: [{ state: 'stopped' }] });
  });

  it('says for how long the oldest due publication has waited', async () => {
    const post = await createPost(bench.ctx, author, { text: 'Late', accounts: [bench.account.id] });
    await publishPostNow(bench.ctx, author, post.id);
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET next_attempt_at = now() - interval '3 minutes' WHERE post_id = ${post.id}::uuid`;
    const { overdueSeconds } = await dashboard(colleague);
    expect(overdueSeconds).toBeGreaterThanOrEqual(180);
    expect(overdueSeconds).toBeLessThan(240);
  });

  it('links to the sandbox’s feed', async () => {
    const { platforms } = await dashboard(author);
    expect(platforms).toMatchObject([
      { platform: 'linkedin', sandboxed: true, feedUrl: expect.stringMatching(/^http/) },
    ]);
  });
});

describe('an account that rests because the platform asked to slow down', () => {
  it('says so on its page and to whoever schedules for before its end, until somebody asks the platform again', async () => {
    const { db } = bench.ctx;
    const until = new Date(Date.now() + 3_600_000);
    await db.$transaction((tx) => restAccount(tx, bench.account.id, until));
    const page = await bench.ask(author, `/api/resources/ConnectedAccount/records/${bench.account.id}/show`);
    expect(page.body.record.details).toMatchObject({ restsUntil: until.toISOString() });

    const scheduledAt = new Date(Date.now() + 1_800_000).toISOString();
    const post = await createPost(bench.ctx, author, { text: 'Rests', accounts: [bench.account.id], scheduledAt });
    const scheduled = await bench.ask(author, `/api/resources/Post/records/${post.id}/schedule`, {});
    const end = momentInWords(
      until,
      new Date(),
      (await db.post.findUniqueOrThrow({ where: { id: post.id } })).timeZone ?? 'UTC',
    );
    expect(scheduled.body.notice.message).toContain(
      ` But ${bench.account.displayName} rests until ${end}, because the platform asked to slow down`,
    );

    // Who sends one again asks the platform, and the rest is over.
    const failed = await publication('failed');
    const retried = await bench.ask(author, `/api/resources/Publication/records/${failed}/retry`, {});
    expect(retried.body.notice.message).toBe('Sent again. It will be there in a moment.');
    const again = await bench.ask(author, `/api/resources/ConnectedAccount/records/${bench.account.id}/show`);
    expect(again.body.record.details).toMatchObject({ restsUntil: null });
  });
});
