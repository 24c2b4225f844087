/** What the product itself holds back reaches people by e-mail: once for a team or an account, not once per post. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenCipher } from '../accounts/token-cipher.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow } from '../publishing/schedule-post.ts';
import { type MailServer, startMailServer } from '../testing/mail-server.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker } from '../worker/worker.ts';
import { queueNotices } from './queue-notices.ts';

let bench: Bench;
let server: MailServer;
let ctx: AppContext;
let manager: Actor;
let superuser: string;
let started: AppContext;

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = root.email;
});
afterAll(() => bench.close());
beforeEach(async () => {
  server = await startMailServer();
  ctx = { ...bench.ctx, config: { ...bench.ctx.config, mail: { smtpUrl: server.url, from: 'posts@example.com' } } };
  started = ctx;
  const { db } = ctx;
  await db.publication.updateMany({
    where: { status: { not: 'published' } },
    data: { status: 'cancelled', nextAttemptAt: null },
  });
  await db.hold.updateMany({ data: { releasedAt: new Date() } });
  await db.workerProcess.deleteMany();
});
afterEach(() => server.close());

async function due(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const input = { text: `Held back ${n} ${crypto.randomUUID()}`, accounts: [bench.account.id] };
    const { id } = await createPost(ctx, bench.author, input);
    await publishPostNow(ctx, bench.author, id);
  }
}

/** A worker runs until so many e-mails are here and nobody is written to any more. */
async function told(count: number): Promise<string[]> {
  const worker = await startWorker(started);
  try {
    await eventually(() => (server.received.length >= count ? true : undefined), `${count} e-mails`);
    await eventually(async () => {
      const open = await ctx.db.emailNotice.count({ where: { state: { in: ['queued', 'sending'] } } });
      return open === 0 && (await queueNotices(ctx)) === 0 ? true : undefined;
    }, 'everything to be settled');
  } finally {
    await worker.stop();
  }
  return server.received.map(({ headers, to }) => `${headers.subject} → ${to[0]}`).sort();
}

describe('what was due when nobody worked for hours', () => {
  it('is told to the managers of the team, once, and to the superusers, who may release the hold', async () => {
    await due(7);
    await ctx.db.$executeRaw`
      INSERT INTO worker_processes (id, host, pid, started_at, beat_at)
      VALUES (gen_random_uuid(), 'host', 1, now() - interval '9 hours', now() - interval '7 hours')`;
    expect(await told(2)).toEqual(
      [
        `7 posts wait until somebody looks → ${manager.email}`,
        `Everything is on hold until a superuser releases it → ${superuser}`,
      ].sort(),
    );
    const mail = server.received.find(({ to }) => to[0] === manager.email);
    expect(server.received.find(({ to }) => to[0] === superuser)?.text).toContain('No worker ran for 7 hours');
    expect(mail?.text).toContain('No worker ran for hours');
    expect(mail?.text).toContain('and 2 more');
    expect(mail?.text).toContain(`${ctx.config.publicUrl}/admin`);
  });
});

describe('a database that was restored', () => {
  it('is told to the superusers, who may release the hold, and to the managers of whom something was due', async () => {
    await due(2);
    await ctx.db.$executeRaw`UPDATE database_identity SET timeline = timeline + 1`;
    expect(await told(2)).toEqual(
      [
        `2 posts wait until somebody looks → ${manager.email}`,
        `Everything is on hold until a superuser releases it → ${superuser}`,
      ].sort(),
    );
    expect(server.received.map(({ text }) => text).join()).toContain('restored from a copy');
  });
});

describe('posts that wait for an account', () => {
  it('whose token cannot be read are told once to its owner and the managers', async () => {
    await due(3);
    started = { ...ctx, tokenCipher: createTokenCipher([{ id: 'another', key: randomBytes(32) }]) };
    const subjects = await told(2);
    expect(subjects.map((line) => line.split(' → ')[1])).toEqual([bench.author.email, manager.email].sort());
    for (const { text } of server.received) expect(text).toContain('Ask the operator to restore TOKEN_KEYS');
  });

  it('that has become somebody else’s are told once to its owner and the managers', async () => {
    const other = await bench.person('author');
    await due(3);
    await ctx.db.connectedAccount.update({ where: { id: bench.account.id }, data: { ownerId: other.id } });
    try {
      expect((await told(2)).map((line) => line.split(' → ')[1])).toEqual([other.email, manager.email].sort());
    } finally {
      await ctx.db.connectedAccount.update({ where: { id: bench.account.id }, data: { ownerId: bench.author.id } });
    }
  });
});
