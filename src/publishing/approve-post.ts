/** Four eyes: somebody other than the author approves, or sends the post back with a reason. */
import type { Post } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { reasonProblem } from '../domain/reason.ts';
import { Refusal } from '../domain/refusal.ts';
import { scheduleTimeProblem } from '../domain/schedule-time.ts';
import { lockActor } from '../identity/actor.ts';
import { voidApprovals } from './approval.ts';
import { teamRuleOf } from './approved-late-rule.ts';
import { approvedContent, contentHash } from './content-hash.ts';
import { changesCovered, refuseOwnWork } from './own-work.ts';
import { loadPostFor, type PostForChange } from './post-access.ts';
import { queuePublication } from './schedule-post.ts';
import { movePublication } from './transition.ts';

/**
 * Approves what is waiting and schedules it.
 * @param seen the hash of what the approver was looking at; another one means that it was changed meanwhile.
 *   Scripts may leave it out: the action's contract has no fields. That nothing was compared is on record then
 * @throws Refusal; nobody approves his own post
 */
export async function approvePost(ctx: AppContext, person: Actor, postId: string, seen?: string): Promise<Post> {
  await ctx.db.$transaction(async (tx) => {
    const actor = await stillThere(tx, person);
    const post = await loadPostFor(tx, ctx, actor, 'approve', postId);
    const waiting = waitingFor(post);
    await refuseOwnWork(tx, actor, postId);
    const content = approvedContent(post);
    const hash = contentHash(content);
    const compared = seen !== undefined && seen !== '';
    if (compared && seen !== hash)
      throw new Refusal(
        'conflict',
        'This post was changed while you were looking at it. Nothing is approved: look at it as it is now, then decide.',
      );
    const problem =
      post.scheduledAt === null ? 'It has no time.' : scheduleTimeProblem(post.scheduledAt, ctx.clock.now());
    if (post.scheduledAt === null || problem !== null) {
      throw new Refusal('conflict', `${problem ?? ''} Send the post back so that its author can choose a new time.`);
    }
    await tx.approval.create({
      data: {
        postId,
        contentHash: hash,
        content: { ...content, ...teamRuleOf(post.team), ...(await changesCovered(tx, postId)) },
        approvedById: actor.id,
        approvedAt: ctx.clock.now(),
      },
    });
    for (const publication of waiting) await queuePublication(tx, ctx, publication, post.scheduledAt);
    const metadata = { contentHash: hash, scheduledAt: post.scheduledAt.toISOString(), compared };
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
export async function sendPostBack(ctx: AppContext, person: Actor, postId: string, reason: string): Promise<Post> {
  const badReason = reasonProblem(reason, 'Say what should be changed.');
  if (badReason !== null) throw new Refusal('invalid', badReason, { reason: badReason });
  await ctx.db.$transaction(async (tx) => {
    const actor = await stillThere(tx, person);
    const post = await loadPostFor(tx, ctx, actor, 'sendBack', postId);
    for (const publication of waitingFor(post))
      await movePublication(tx, publication, 'draft', { errorCode: null, errorMessage: null });
    await voidApprovals(tx, ctx, actor, post, 'the post was sent back');
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

/** With the rights he has now, not those his request began with. @throws Refusal when he was deactivated meanwhile */
async function stillThere(tx: Tx, { id }: Actor): Promise<Actor> {
  const actor = await lockActor(tx, id);
  if (actor === null) throw new Refusal('forbidden', 'You are no longer active here. Ask a superuser.');
  return actor;
}

function waitingFor(post: PostForChange): PostForChange['publications'] {
  const waiting = post.publications.filter((publication) => publication.status === 'awaiting_approval');
  if (waiting.length === 0) throw new Refusal('conflict', 'This post is not waiting for approval.');
  return waiting;
}
