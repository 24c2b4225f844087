import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { verifyPassword } from '../identity/password.ts';
import { setPassword } from '../identity/users.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

const OLD = 'the password I have';
const NEW = 'the password I want';

let bench: PanelBench;
let author: Actor;
let colleague: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  colleague = await bench.person('author');
  await bench.ctx.db.$transaction((tx) => setPassword(tx, bench.ctx, author, author.id, OLD));
}, 60_000);
afterAll(() => bench.close());

const edit = (person: Actor, values: Record<string, string>, id = person.id) =>
  bench.ask(person, `/api/resources/User/records/${id}/edit`, values);
const hasPassword = async (password: string) => {
  const stored = await bench.ctx.db.localCredential.findUniqueOrThrow({ where: { userId: author.id } });
  return verifyPassword(stored.passwordHash, password);
};

describe('one’s own password', () => {
  it.each([
    ['currentPassword', { currentPassword: 'a wrong guess', newPassword: NEW }],
    ['currentPassword', { newPassword: NEW }],
    ['newPassword', { currentPassword: OLD, newPassword: 'short' }],
    ['newPassword', { currentPassword: OLD }],
  ])('stays when %s is wrong, and nothing of it is sent back', async (field, typed) => {
    const { body, text } = await edit(author, { name: 'Renamed too', ...typed });
    expect(body.record.errors[field].message).toMatch(/\.$/);
    expect(text).not.toContain(NEW);
    expect(text).not.toContain(OLD);
    expect(await hasPassword(OLD)).toBe(true);
    const { name } = await bench.ctx.db.user.findUniqueOrThrow({ where: { id: author.id } });
    expect(name).toBe(author.name);
  });

  it('is changed with the current one; other browsers are signed out and it is on record', async () => {
    const session = (sid: string, userId: string) =>
      bench.ctx.db.$executeRaw`INSERT INTO "session" ("sid", "sess", "expire")
        VALUES (${sid}, ${JSON.stringify({ userId })}::json, now() + interval '1 hour')`;
    await session('another-browser', author.id);
    await session('somebody-else', colleague.id);
    const { body } = await edit(author, { currentPassword: OLD, newPassword: NEW });
    expect(body.notice).toMatchObject({ type: 'success', message: expect.stringMatching(/new password/) });
    expect([await hasPassword(NEW), await hasPassword(OLD)]).toEqual([true, false]);
    const left = await bench.ctx.db.$queryRaw`SELECT "sid" FROM "session"`;
    expect(left).toEqual([{ sid: 'somebody-else' }]);
    const events = await bench.ctx.db.auditEvent.findMany({
      where: { action: 'user.updated', entityId: author.id, metadata: { path: ['changed'], equals: ['password'] } },
    });
    expect(events.length).toBeGreaterThan(0);
  });

  it('cannot be guessed at an open browser: the eleventh guess is not looked at, and each is on record', async () => {
    const other = await bench.person('author');
    await bench.ctx.db.$transaction((tx) => setPassword(tx, bench.ctx, other, other.id, OLD));
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, guess) =>
        edit(other, { currentPassword: `guess number ${guess}`, newPassword: NEW }),
      ),
    );
    expect(guesses.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(2);
    const right = await edit(other, { currentPassword: OLD, newPassword: NEW });
    expect(right.status).toBe(429);
    expect(right.body.error).toMatch(/Too many wrong tries. Wait \d+ minutes/);
    const failures = await bench.ctx.db.auditEvent.findMany({
      where: { action: 'user.sign_in_failed', entityId: other.id },
    });
    expect(failures).toHaveLength(10);
    expect(failures[0]?.metadata).toMatchObject({ method: 'current password', address: '127.0.0.1' });
    expect(JSON.stringify(failures)).not.toContain('guess number');
    const blocks = await bench.ctx.db.auditEvent.findMany({
      where: { action: 'user.sign_in_blocked', entityId: other.id },
    });
    expect(blocks.map(({ metadata }) => metadata)).toMatchObject([{ method: 'current password', refused: 1 }]);
  });

  it('that is right takes its guess back', async () => {
    const other = await bench.person('author');
    await bench.ctx.db.$transaction((tx) => setPassword(tx, bench.ctx, other, other.id, OLD));
    for (let round = 0; round < 12; round += 1) {
      const { body } = await edit(other, { currentPassword: OLD, newPassword: OLD });
      expect(body.notice.type).toBe('success');
    }
  });

  it('and one’s own name are also for somebody who is in no team', async () => {
    const other = await bench.person('author');
    await bench.ctx.db.membership.deleteMany({ where: { userId: other.id } });
    await bench.ctx.db.$transaction((tx) => setPassword(tx, bench.ctx, other, other.id, OLD));
    const { body } = await edit(other, { name: 'On his own', currentPassword: OLD, newPassword: NEW });
    expect(body.notice.type).toBe('success');
    const { name } = await bench.ctx.db.user.findUniqueOrThrow({ where: { id: other.id } });
    expect(name).toBe('On his own');
    expect((await edit(other, { name: 'Somebody else' }, author.id)).status).toBe(404);
  });

  it('cannot be had here by somebody who signs in with LinkedIn only, nor set for somebody else', async () => {
    const none = await edit(colleague, { currentPassword: '', newPassword: NEW });
    expect(none.body.record.errors.newPassword.message).toMatch(/Ask a superuser/);
    expect(await bench.ctx.db.localCredential.count({ where: { userId: colleague.id } })).toBe(0);
    expect((await edit(colleague, { currentPassword: NEW, newPassword: OLD }, author.id)).status).toBe(403);
    expect(await hasPassword(NEW)).toBe(true);
  });
});
