/** Four eyes: somebody other than the author approves, or sends the post back with a reason. */
import type { Post } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { scheduleTimeProblem } from '../domain/schedule-time.ts';
import { hashOf } from './approval.ts';
import { loadPostFor, type PostForChange } from './post-access.ts';
import { queuePublication } from './schedule-post.ts';
import { movePublication } from './transition.ts';

/** Approves what is waiting and schedules it. @throws Refusal; nobody approves his own post */
export async function approvePost(ctx: AppContext, actor: Actor, postId: string): Promise<Post> {
  await ctx.db.$transaction(async (tx) => {
    const post = await loadPostFor(tx, actor, 'approve', postId);
    const waiting = waitingFor(post);
    await refuseOwnChanges(tx, actor, postId);
    const problem =
      post.scheduledAt === null ? 'It has no time.' : scheduleTimeProblem(post.scheduledAt, ctx.clock.now());
    if (post.scheduledAt === null || problem !== null) {
      throw new Refusal('conflict', `${problem ?? ''} Send the post back so that its author can choose a new time.`);
    }
    const contentHash = hashOf(post);
    await tx.approval.create({ data: { postId, contentHash, approvedById: actor.id, approvedAt: ctx.clock.now() } });
    for (const publication of waiting) await queuePublication(tx, ctx, publication, post.scheduledAt);
    const metadata = { contentHash, scheduledAt: post.scheduledAt.toISOString() };
    await recordEvent(
      tx,
      { actorId: actor.id, action: 'post.approved', entity: 'Post', entityId: postId, teamId: post.teamId, metadata },
      ctx.clock.now(),
    );
  });
  ctx.wake();
  return ctx.db.post.findUniqueOrThrow({ where: { id: postId } });
}

/** Makes a waiting post a draft again. @throws Refusal without a reason */
export async function sendPostBack(ctx: AppContext, actor: Actor, postId: string, reason: string): Promise<Post> {
  if (reason.trim() === '')
    throw new Refusal('invalid', 'Say what should be changed.', { reason: 'Say what should be changed.' });
  await ctx.db.$transaction(async (tx) => {
    const post = await loadPostFor(tx, actor, 'sendBack', postId);
    for (const publication of waitingFor(post)) await movePublication(tx, publication, 'draft');
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'post.sent_back',
        entity: 'Post',
        entityId: postId,
        teamId: post.teamId,
        metadata: { reason: reason.trim() },
      },
      ctx.clock.now(),
    );
  });
  return ctx.db.post.findUniqueOrThrow({ where: { id: postId } });
}

/** Who changed the text is one of its authors, whoever wrote it first. @throws Refusal */
async function refuseOwnChanges(tx: Tx, actor: Actor, postId: string): Promise<void> {
  const approved = await tx.approval.findFirst({ where: { postId }, orderBy: { approvedAt: 'desc' } });
  const edits = await tx.auditEvent.count({
    where: {
      entity: 'Post',
      entityId: postId,
      action: 'post.edited',
      actorId: actor.id,
      ...(approved === null ? {} : { occurredAt: { gt: approved.approvedAt } }),
    },
  });
  if (edits > 0) throw new Refusal('forbidden', 'You changed this post, so somebody else has to approve it.');
}

function waitingFor(post: PostForChange): PostForChange['publications'] {
  const waiting = post.publications.filter((publication) => publication.status === 'awaiting_approval');
  if (waiting.length === 0) throw new Refusal('conflict', 'This post is not waiting for approval.');
  return waiting;
}
