/** A post whose time comes while it waits for approval: it does not leave, and who can do something about it is told, once. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { approvePost, sendPostBack } from '../publishing/approve-post.ts';
import { markOverdueApprovals } from '../publishing/overdue-approval.ts';
import { createPost, editPost } from '../publishing/posts.ts';
import { cancelPost, schedulePost } from '../publishing/schedule-post.ts';
import { type MailServer, startMailServer } from '../testing/mail-server.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker } from '../worker/worker.ts';
import { createMailer } from './mailer.ts';
import { queueNotices } from './queue-notices.ts';
import { sendNotice } from './send-notice.ts';

let bench: Bench;
let server: MailServer;
let ctx: AppContext;
let manager: Actor;
let approver: Actor;

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
  approver = await bench.person('approver');
  // An author who has nothing to do with it.
  await bench.person('author');
  await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: true } });
});
afterAll(() => bench.close());
beforeEach(async () => {
  server = await startMailServer();
  ctx = { ...bench.ctx, config: { ...bench.ctx.config, mail: { smtpUrl: server.url, from: 'posts@example.com' } } };
});
afterEach(() => server.close());

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const of = (postId: string) => ctx.db.publication.findFirstOrThrow({ where: { postId } });
const told = (postId: string) =>
  ctx.db.auditEvent.count({ where: { entityId: postId, action: 'post.approval_overdue' } });

/** A post that waits for approval, and whose time has come. */
async function overdue(): Promise<string> {
  const text = `Nobody looked ${crypto.randomUUID()}`;
  const { id } = await createPost(ctx, bench.author, {
    text,
    accounts: [bench.account.id],
    scheduledAt: inMinutes(60),
  });
  await schedulePost(ctx, bench.author, id);
  await past(id);
  return id;
}
const past = (id: string) =>
  ctx.db.$executeRaw`UPDATE posts SET scheduled_at = clock_timestamp() - interval '1 minute' WHERE id = ${id}::uuid`;

it('its author, the managers and who may approve are written to, once', async () => {
  const id = await overdue();
  const worker = await startWorker(ctx);
  try {
    await eventually(() => (server.received.length >= 3 ? true : undefined), 'three e-mails');
    // Two more rounds.
    await new Promise((resolve) => setTimeout(resolve, 2 * ctx.timings.sweepMs + 100));
  } finally {
    await worker.stop();
  }
  const people = [bench.author, manager, approver].map(({ email }) => email);
  expect(server.received.map(({ to }) => to[0]).sort()).toEqual(people.sort());
  for (const { headers, text } of server.received) {
    expect(headers.subject).toMatch(/^Not approved in time: Nobody looked/);
    expect(text).toContain('Choose a new time for the post, or cancel it.');
    expect(text).toContain(`${ctx.config.publicUrl}/admin/resources/Post/records/${id}/show`);
  }
  expect(await of(id)).toMatchObject({ status: 'awaiting_approval', errorCode: 'not-approved-in-time' });
  expect(await told(id)).toBe(1);
});

it('workers that look at once record it once', async () => {
  const id = await overdue();
  const marked = await Promise.all(Array.from({ length: 4 }, () => markOverdueApprovals(ctx)));
  expect(marked.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(await told(id)).toBe(1);
});

it('a new time takes the mark away; when that passes as well, it is told again', async () => {
  const id = await overdue();
  await markOverdueApprovals(ctx);
  await editPost(ctx, bench.author, id, { text: 'A correction alone changes nothing about it' });
  expect(await of(id)).toMatchObject({ errorCode: 'not-approved-in-time' });
  await editPost(ctx, bench.author, id, { scheduledAt: inMinutes(90) });
  expect(await of(id)).toMatchObject({ status: 'awaiting_approval', errorCode: null, errorMessage: null });
  expect(await markOverdueApprovals(ctx)).toBe(0);
  await past(id);
  expect(await markOverdueApprovals(ctx)).toBe(1);
  expect(await told(id)).toBe(2);
});

it('what waits with time to spare, or was approved in time, is nobody’s worry', async () => {
  const { id } = await createPost(ctx, bench.author, {
    text: `In time ${crypto.randomUUID()}`,
    accounts: [bench.account.id],
    scheduledAt: inMinutes(60),
  });
  await schedulePost(ctx, bench.author, id);
  expect(await markOverdueApprovals(ctx)).toBe(0);
  await approvePost(ctx, approver, id);
  expect(await markOverdueApprovals(ctx)).toBe(0);
  await cancelPost(ctx, bench.author, id);
});

it('what was sent back before the mail could go is not told any more, and says nothing of it as a draft', async () => {
  const id = await overdue();
  await queueNotices(ctx);
  await ctx.db.emailNotice.updateMany({ data: { state: 'not_needed' } });
  await markOverdueApprovals(ctx);
  expect(await queueNotices(ctx)).toBe(3);
  await sendPostBack(ctx, approver, id, 'Too late for this');
  expect(await of(id)).toMatchObject({ status: 'draft', errorMessage: null });
  const mailer = createMailer({ smtpUrl: server.url, from: 'posts@example.com' });
  const queued = await ctx.db.emailNotice.findMany({ where: { state: 'queued' } });
  for (const notice of queued) await sendNotice(ctx, mailer, notice.id);
  expect(server.received).toEqual([]);
  expect(await ctx.db.emailNotice.count({ where: { state: { not: 'not_needed' }, event: { entityId: id } } })).toBe(0);
});
