/** Who is written to, about what and how often: with real workers, a real mail server and the LinkedIn sandbox. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAccessToken } from '../accounts/stored-tokens.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { createPost } from '../publishing/posts.ts';
import { retryPublication } from '../publishing/retry-publication.ts';
import { publishPostNow, schedulePost } from '../publishing/schedule-post.ts';
import { type MailServer, startMailServer } from '../testing/mail-server.ts';
import { type Bench, eventually, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from '../worker/worker.ts';
import { createMailer } from './mailer.ts';
import { NOTICE_QUEUE } from './notice-queue.ts';
import { queueNotices } from './queue-notices.ts';
import { sendNotice } from './send-notice.ts';

let bench: Bench;
let server: MailServer;
let ctx: AppContext;
let manager: Actor;
let workers: Worker[] = [];
let past: string[] = [];

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
  await bench.person('approver');
});
afterAll(() => bench.close());
beforeEach(async () => {
  server = await startMailServer();
  ctx = { ...bench.ctx, config: { ...bench.ctx.config, mail: { smtpUrl: server.url, from: 'posts@example.com' } } };
  // What earlier tests left is not this one's news.
  await bench.ctx.db.emailNotice.deleteMany();
  await bench.ctx.db.publication.updateMany({ where: { status: { not: 'published' } }, data: { status: 'cancelled' } });
  await bench.ctx.boss.deleteAllJobs(NOTICE_QUEUE);
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  workers = [];
  await server.close();
});

const start = async (context = ctx) => void workers.push(await startWorker(context));
const write = (over: Partial<Parameters<typeof createPost>[2]> = {}) =>
  createPost(ctx, bench.author, { text: `Text ${crypto.randomUUID()}`, accounts: [bench.account.id], ...over });
const mails = (count: number) =>
  eventually(() => (server.received.length >= count ? server.received : undefined), `${count} e-mails`);
const settled = () =>
  eventually(async () => {
    const open = await ctx.db.emailNotice.count({ where: { state: { in: ['queued', 'sending'] } } });
    return open === 0 ? true : undefined;
  }, 'every e-mail to be settled');
const states = async () =>
  (await ctx.db.emailNotice.findMany({ where: { id: { notIn: past } } })).map(({ state }) => state).sort();
/** Only what happens from here on is news. */
async function forgetThePast(): Promise<void> {
  await queueNotices(ctx);
  await ctx.db.emailNotice.updateMany({ data: { state: 'not_needed' } });
  await ctx.boss.deleteAllJobs(NOTICE_QUEUE);
  past = (await ctx.db.emailNotice.findMany()).map(({ id }) => id);
}
/** What the queue would do minutes later. */
const tryAgainNow = () =>
  ctx.db.$executeRaw`UPDATE pgboss.job SET start_after = now() WHERE name = ${NOTICE_QUEUE} AND state = 'retry'`;

describe('an account that has to be connected again', () => {
  it('is told once to its owner and the managers, with what waits for it, and never with a token', async () => {
    const mine = await bench.connect(bench.author, MEMBERS[1]);
    // LinkedIn may refuse a token in its first minutes.
    await ctx.db.accountCredential.update({
      where: { accountId: mine.id },
      data: { issuedAt: new Date(Date.now() - 3_600_000) },
    });
    const later = await write({
      text: 'A post for next week',
      accounts: [mine.id],
      scheduledAt: new Date(Date.now() + 7 * 86_400_000).toISOString(),
    });
    await schedulePost(ctx, bench.author, later.id);
    await bench.fault('revoked', undefined, mine);
    await forgetThePast();
    await start();
    await start();
    const post = await write({ accounts: [mine.id] });
    await publishPostNow(ctx, bench.author, post.id);
    await mails(2);
    await settled();
    // Whoever looks later finds nothing new.
    expect(await queueNotices(ctx)).toBe(0);
    expect(server.received.map(({ to }) => to[0]).sort()).toEqual([bench.author.email, manager.email].sort());
    const [mail] = server.received;
    expect(mail?.headers.subject).toBe(`${mine.displayName} (LinkedIn) has to be connected again`);
    expect(mail?.text).toContain('A post for next week');
    expect(mail?.text).toContain(`${ctx.config.publicUrl}/admin/resources/ConnectedAccount/records/${mine.id}/show`);
    const credential = await ctx.db.accountCredential.findUniqueOrThrow({ where: { accountId: mine.id } });
    const token = openAccessToken(ctx.tokenCipher, mine, credential);
    for (const { raw, text } of server.received) {
      expect(raw + text).not.toContain(token);
      expect(raw + text).not.toContain(credential.accessToken);
    }
    await bench.fault('ok', undefined, mine);
  });
});

describe('a publication that waits for a person', () => {
  it('is told to its author and the managers: failed, unconfirmed, missed', async () => {
    await forgetThePast();
    const elsewhere = await ctx.db.connectedAccount.create({
      data: {
        teamId: bench.teamId,
        platform: 'x',
        externalId: 'nobody',
        displayName: 'Museum',
        connectedById: bench.author.id,
        credential: { create: { accessToken: 'unused' } },
      },
    });
    const failing = await write({ text: 'This one fails', accounts: [elsewhere.id] });
    await publishPostNow(ctx, bench.author, failing.id);
    const late = await write({ text: 'This one is late', scheduledAt: new Date(Date.now() + 60_000).toISOString() });
    await schedulePost(ctx, bench.author, late.id);
    const threeHoursAgo = new Date(Date.now() - 3 * 3_600_000);
    await ctx.db.publication.updateMany({
      where: { postId: late.id },
      data: { dueAt: threeHoursAgo, nextAttemptAt: threeHoursAgo },
    });
    await start();
    await mails(4);
    await bench.fault('reset after', 1);
    const lost = await write({ text: 'This one is lost' });
    await publishPostNow(ctx, bench.author, lost.id);
    await mails(6);
    await settled();
    expect(server.received.map(({ headers, to }) => `${headers.subject} → ${to[0]}`).sort()).toEqual(
      [bench.author.email, manager.email]
        .flatMap((person) => [
          `Missed its time: This one is late → ${person}`,
          `Not published: This one fails → ${person}`,
          `Published or not? Please look: This one is lost → ${person}`,
        ])
        .sort(),
    );
    expect(server.received.find(({ text }) => text.includes('is lost'))?.text).toContain('cannot appear twice');
  });

  it('is not told any more when somebody has repaired it before the mail could go', async () => {
    await forgetThePast();
    const [publication] = await stuck();
    server.fault('not-now');
    await start();
    await eventually(() => (server.connections() >= 2 ? true : undefined), 'both mails to be refused');
    await retryPublication(ctx, bench.author, publication?.id ?? '');
    await eventually(async () => {
      const now = await ctx.db.publication.findUniqueOrThrow({ where: { id: publication?.id ?? '' } });
      return now.status === 'published' ? true : undefined;
    }, 'the post to be published');
    server.fault('ok');
    await tryAgainNow();
    await settled();
    expect(await states()).toEqual(['not_needed', 'not_needed']);
    expect(server.received).toEqual([]);
  });

  it('in a team without a manager or an active author is told to the superusers', async () => {
    await forgetThePast();
    const superuser = await ctx.db.user.create({
      data: { email: `root-${crypto.randomUUID()}@example.com`, name: 'Root', isSuperuser: true },
    });
    await stuck();
    await ctx.db.user.updateMany({ where: { id: { in: [manager.id, bench.author.id] } }, data: { isActive: false } });
    try {
      expect(await queueNotices(ctx)).toBe(1);
      expect(await ctx.db.emailNotice.findMany({ where: { state: 'queued' } })).toMatchObject([
        { recipientId: superuser.id },
      ]);
    } finally {
      await ctx.db.user.updateMany({ where: { id: { in: [manager.id, bench.author.id] } }, data: { isActive: true } });
      await ctx.db.user.update({ where: { id: superuser.id }, data: { isActive: false } });
    }
  });

  it('is not told to an author who has left the team', async () => {
    await forgetThePast();
    const leaver = await bench.person('author');
    const team = { userId_teamId: { userId: leaver.id, teamId: bench.teamId } };
    const mine = await bench.connect(leaver, MEMBERS[3]);
    await stuck(leaver, mine.id);
    await ctx.db.membership.delete({ where: team });
    expect(await queueNotices(ctx)).toBe(1);
    expect(await ctx.db.emailNotice.findMany({ where: { state: 'queued' } })).toMatchObject([
      { recipientId: manager.id },
    ]);
  });

  it('is no news after two days', async () => {
    await forgetThePast();
    const tomorrow = { now: () => new Date(Date.now() + 49 * 3_600_000) };
    await stuck();
    expect(await queueNotices({ ...ctx, clock: tomorrow })).toBe(0);
  });
});

describe('a mail server', () => {
  it('that is away is asked again, and each person is written to once', async () => {
    await forgetThePast();
    server.fault('closed');
    await stuck();
    await start();
    await eventually(() => (server.connections() >= 2 ? true : undefined), 'both mails to be tried');
    server.fault('ok');
    await eventually(async () => {
      await tryAgainNow();
      return server.received.length === 2 ? true : undefined;
    }, 'both mails');
    await settled();
    expect(await states()).toEqual(['sent', 'sent']);
    expect(server.received).toHaveLength(2);
  });

  it('that had the text and did not answer is not given it a second time', async () => {
    await forgetThePast();
    await stuck();
    await queueNotices(ctx);
    const mailer = createMailer({ smtpUrl: server.url, from: 'posts@example.com' });
    const [notice] = await ctx.db.emailNotice.findMany({ where: { state: 'queued' } });
    server.fault('drop');
    await sendNotice(ctx, mailer, notice?.id ?? '');
    server.fault('ok');
    // The queue runs a job again whose process died, or that took too long.
    await sendNotice(ctx, mailer, notice?.id ?? '');
    expect(server.received).toHaveLength(1);
    expect(await ctx.db.emailNotice.findUnique({ where: { id: notice?.id ?? '' } })).toMatchObject({
      state: 'sending',
    });
  });
});

it('several processes that look at once queue each mail once', async () => {
  await forgetThePast();
  await stuck();
  const queued = await Promise.all(Array.from({ length: 4 }, () => queueNotices(ctx)));
  expect(queued.reduce((sum, count) => sum + count, 0)).toBe(2);
  expect(await ctx.db.emailNotice.count({ where: { state: 'queued' } })).toBe(2);
});

it('without SMTP_URL nothing is queued', async () => {
  await forgetThePast();
  await ctx.db.emailNotice.deleteMany();
  await start(bench.ctx);
  const post = await write();
  await bench.fault('reset after', 1);
  await publishPostNow(ctx, bench.author, post.id);
  await eventually(async () => {
    const { status } = await ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    return status === 'unconfirmed' ? true : undefined;
  }, 'an unknown outcome');
  // Two more sweeps.
  await new Promise((resolve) => setTimeout(resolve, 2 * ctx.timings.sweepMs + 100));
  expect(await ctx.db.emailNotice.count()).toBe(0);
});

/** A publication that was missed, with its event, as a worker leaves it. */
async function stuck(author = bench.author, accountId = bench.account.id) {
  const post = await createPost(ctx, author, {
    text: `Text ${crypto.randomUUID()}`,
    accounts: [accountId],
    scheduledAt: new Date(Date.now() + 60_000).toISOString(),
  });
  await schedulePost(ctx, author, post.id);
  const threeHoursAgo = new Date(Date.now() - 3 * 3_600_000);
  await ctx.db.publication.updateMany({
    where: { postId: post.id },
    data: { dueAt: threeHoursAgo, nextAttemptAt: threeHoursAgo },
  });
  const worker = await startWorker(bench.ctx);
  await eventually(async () => {
    const { status } = await ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    return status === 'missed' ? true : undefined;
  }, 'a missed publication');
  await worker.stop();
  return ctx.db.publication.findMany({ where: { postId: post.id } });
}
