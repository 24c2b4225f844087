/**
 * Putting a post on its way: schedule, publish now, cancel. Rows, audit event and alarm are written in one
 * transaction: either all of it happened or nothing did.
 */

import type { ConnectedAccount, Post, Publication } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import { type Actor, mayPublishTo } from '../domain/access.ts';
import type { AuditAction } from '../domain/audit-event.ts';
import { canCancel, mayBeLive } from '../domain/publication.ts';
import { Refusal, refuseFields } from '../domain/refusal.ts';
import { scheduleTimeProblem } from '../domain/schedule-time.ts';
import { endRest } from './account-rest.ts';
import { setAlarm } from './alarm.ts';
import { requestApproval, validApproval, voidApprovals } from './approval.ts';
import { isGivenUp } from './given-up.ts';
import { loadPostFor, type PostForChange } from './post-access.ts';
import { contentFields } from './post-content.ts';
import { movePublication } from './transition.ts';

/** Schedules the post for the time it carries; on a scheduled post this is a reschedule. @throws Refusal */
export async function schedulePost(ctx: AppContext, actor: Actor, postId: string): Promise<Post> {
  await ctx.db.$transaction(async (tx) => {
    const post = await loadPostFor(tx, ctx, actor, 'schedule', postId);
    refuseFinished(post);
    const problem =
      post.scheduledAt === null
        ? 'Choose a date and time first, or publish now.'
        : scheduleTimeProblem(post.scheduledAt, ctx.clock.now());
    if (post.scheduledAt === null || problem !== null) {
      const message = problem ?? '';
      throw new Refusal('invalid', message, { scheduledAt: message });
    }
    await launch(tx, ctx, actor, post, notDone(post), post.scheduledAt);
  });
  return finished(ctx, postId);
}

/**
 * Publishes at once; needs no time on the post. An account for which it was cancelled stays out, unless all there is left was
 * cancelled: taking it back in is said by scheduling the post again. @throws Refusal
 */
export async function publishPostNow(ctx: AppContext, actor: Actor, postId: string): Promise<Post> {
  await ctx.db.$transaction(async (tx) => {
    const post = await loadPostFor(tx, ctx, actor, 'publishNow', postId);
    if (post.team.requiresApproval) {
      throw new Refusal(
        'conflict',
        'In this team somebody else approves a post before it goes out. Choose a time and schedule it.',
      );
    }
    const now = await databaseTime(tx);
    const timeZone = post.timeZone ?? actor.timeZone;
    await tx.post.update({ where: { id: post.id }, data: { scheduledAt: now, timeZone, wallClock: null } });
    const open = notDone(post);
    const wanted = open.filter(({ status }) => status !== 'cancelled');
    const targets = wanted.length > 0 ? wanted : open;
    await launch(tx, ctx, actor, { ...post, scheduledAt: now }, targets, now);
    await endRest(
      tx,
      targets.map(({ accountId }) => accountId),
    );
  });
  return finished(ctx, postId);
}

/** Takes everything of the post that has not left off the schedule. @throws Refusal when nothing is left to cancel */
export async function cancelPost(ctx: AppContext, actor: Actor, postId: string): Promise<Post> {
  await ctx.db.$transaction(async (tx) => {
    const post = await loadPostFor(tx, ctx, actor, 'cancel', postId);
    const targets = post.publications.filter(canCancel);
    if (targets.length === 0) throw new Refusal('conflict', nothingToCancel(post));
    for (const publication of targets) {
      await movePublication(tx, publication, 'cancelled', { nextAttemptAt: null, errorCode: null, errorMessage: null });
    }
    await voidApprovals(tx, ctx, actor, post, 'the post was cancelled');
    await recordSchedule(
      tx,
      ctx,
      actor,
      'post.cancelled',
      post,
      targets.map((publication) => publication.accountId),
    );
  });
  return finished(ctx, postId);
}

/**
 * Puts one publication on the schedule anew, as if it had never been tried, with a fresh alarm; older ones fall silent.
 * @param dueAt the time that was promised, by which it is late or not
 * The caller holds the post's lock. @returns false when it was moved by somebody else meanwhile
 */
export async function queuePublication(
  tx: Tx,
  ctx: Pick<AppContext, 'boss'>,
  publication: Publication,
  dueAt: Date,
): Promise<boolean> {
  const generation = publication.generation + 1;
  const moved = await movePublication(tx, publication, 'scheduled', {
    dueAt,
    nextAttemptAt: dueAt,
    putOffUntil: null,
    generation,
    attemptCount: 0,
    sentAt: null,
    errorCode: null,
    errorMessage: null,
  });
  if (moved) await setAlarm(tx, ctx, { id: publication.id, generation }, dueAt);
  return moved;
}

/** Schedules these publications of the post, or asks for approval where the team wants it. */
async function launch(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  post: PostForChange,
  targets: PostForChange['publications'],
  dueAt: Date,
): Promise<void> {
  refuseFinished(post);
  refuseUnpublishable(post, targets);
  // What somebody cancelled was taken out of what is approved, whatever the approval says.
  const takenOut = targets.some(({ status }) => status === 'cancelled');
  if (post.team.requiresApproval && (takenOut || (await validApproval(tx, post)) === null)) {
    await voidApprovals(tx, ctx, actor, post, 'approval was asked for again');
    await requestApproval(tx, ctx, actor, post, targets);
    return;
  }
  for (const publication of targets) await queuePublication(tx, ctx, publication, dueAt);
  await recordSchedule(
    tx,
    ctx,
    actor,
    'post.scheduled',
    post,
    targets.map((publication) => publication.accountId),
  );
}

/** What has left, may have left or is leaving is not scheduled again. @throws Refusal */
function refuseFinished(post: PostForChange): void {
  const targets = notDone(post);
  if (targets.some(({ status }) => status === 'publishing'))
    throw new Refusal('conflict', 'This post is being published right now.');
  if (targets.some(mayBeLive)) {
    throw new Refusal(
      'conflict',
      'A publication of this post may already be live. Resolve it first: nothing is sent again on a guess.',
    );
  }
  if (targets.length === 0 && post.publications.some(isGivenUp))
    throw new Refusal(
      'conflict',
      'This post was given up while it may be live. Duplicate it to publish it again, after a look at the account.',
    );
  if (targets.length === 0 && post.publications.length > 0)
    throw new Refusal('conflict', 'This post is already published. Duplicate it to publish it again.');
}

/** What of the post is neither live nor given up while it may be live. */
function notDone(post: PostForChange): PostForChange['publications'] {
  return post.publications.filter((publication) => publication.status !== 'published' && !isGivenUp(publication));
}

/**
 * What must hold before anything is scheduled: an account, each of them connected, and content they take.
 * @param going what is to leave; what was called off or has failed has no say
 * @throws Refusal
 */
export function refuseUnpublishable(post: PostForChange, going: PostForChange['publications']): void {
  const fields: Record<string, string> = {};
  if (notDone(post).length === 0)
    fields.accounts = 'Choose at least one account to publish to. If the list is empty, connect one under Accounts.';
  const broken = going.find(({ account }) => account.status !== 'active');
  if (broken !== undefined) fields.accounts = notConnected(broken.account);
  const foreign = going.find(({ account }) => !mayPublishTo(account, post));
  if (foreign !== undefined) fields.accounts = personalOfAnother(foreign.account);
  const targets = going.map(({ accountId, text, account }) => ({ accountId, text, platform: account.platform }));
  const refusal = refuseFields({ ...fields, ...contentFields(post, targets) });
  if (refusal !== null) throw refusal;
}

/** It may have been the team's when it was chosen. */
export function personalOfAnother(account: Pick<ConnectedAccount, 'displayName'>): string {
  return `${account.displayName} is now somebody else’s personal account. Choose another account, or ask for it to be shared with the team.`;
}

function notConnected(account: ConnectedAccount): string {
  return account.status === 'disconnected'
    ? `${account.displayName} is not connected. Open Accounts and connect it again, or choose another account.`
    : `The connection to ${account.displayName} has ended. Open Accounts, press “Connect again”, then schedule again.`;
}

function nothingToCancel(post: PostForChange): string {
  const statuses = post.publications.map((publication) => publication.status);
  if (statuses.includes('publishing')) return 'This post is being published right now. It can no longer be stopped.';
  if (post.publications.some(mayBeLive))
    return 'This post may already be live. Open its publication and say what is on the account.';
  if (statuses.includes('published')) return 'This post is already published.';
  return 'This post is not scheduled, so there is nothing to cancel.';
}

/** The audit event of what was scheduled, or taken off the schedule. */
export async function recordSchedule(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  action: AuditAction,
  post: PostForChange,
  accounts: string[],
): Promise<void> {
  const metadata = { scheduledAt: post.scheduledAt?.toISOString() ?? null, timeZone: post.timeZone, accounts };
  await recordEvent(
    tx,
    { actorId: actor.id, action, entity: 'Post', entityId: post.id, teamId: post.teamId, metadata },
    ctx.clock.now(),
  );
}

/** After the commit: the worker looks again, and the caller gets the post as it now is. */
async function finished(ctx: AppContext, postId: string): Promise<Post> {
  ctx.wake();
  return ctx.db.post.findUniqueOrThrow({ where: { id: postId } });
}
