/**
 * Approvals are bound to a hash of what was approved: another text, link, image, account, time or rule for being late is
 * another thing to approve.
 * Any change voids them for good, also when it is taken back, and also while nobody has to approve.
 */
import type { Approval } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, can } from '../domain/access.ts';
import { mayBeLive } from '../domain/publication.ts';
import { Refusal } from '../domain/refusal.ts';
import { approvalHashes, approvedContent, contentHash } from './content-hash.ts';
import { refuseOwnWork } from './own-work.ts';
import type { PostForChange, PublicationForChange } from './post-access.ts';
import { movePublication } from './transition.ts';

/** The approval for exactly what would be sent; null when there is none (any more). */
export async function validApproval(tx: Tx, post: PostForChange): Promise<Approval | null> {
  return tx.approval.findFirst({
    where: { postId: post.id, voidedAt: null, contentHash: { in: approvalHashes(approvedContent(post)) } },
  });
}

/** Its team wants an approval, and there is none for what would be sent. */
export async function lacksApproval(tx: Tx, post: PostForChange): Promise<boolean> {
  return post.team.requiresApproval && (await validApproval(tx, post)) === null;
}

/**
 * Moves publications of the post to `awaiting_approval`.
 * @param publications what goes out once it is approved; all others of the post stay as they are
 */
export async function requestApproval(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  post: PostForChange,
  publications: PostForChange['publications'],
): Promise<void> {
  for (const publication of publications) {
    if (publication.status === 'awaiting_approval') continue;
    await movePublication(tx, publication, 'awaiting_approval', {
      nextAttemptAt: null,
      errorCode: null,
      errorMessage: null,
    });
  }
  const metadata = { scheduledAt: post.scheduledAt?.toISOString() ?? null, contentHash: hashOf(post) };
  await recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'post.approval_requested',
      entity: 'Post',
      entityId: post.id,
      teamId: post.teamId,
      metadata,
    },
    ctx.clock.now(),
  );
}

/** @param reason in the words of the audit, such as `the post was changed` */
export async function voidApprovals(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  post: { id: string; teamId: string },
  reason: string,
): Promise<void> {
  const { count } = await tx.approval.updateMany({
    where: { postId: post.id, voidedAt: null },
    data: { voidedAt: ctx.clock.now(), voidReason: reason },
  });
  if (count === 0) return;
  await recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'post.approval_voided',
      entity: 'Post',
      entityId: post.id,
      teamId: post.teamId,
      metadata: { reason },
    },
    ctx.clock.now(),
  );
}

/**
 * Sending again is covered by the approval while it is what was approved, at the time that was approved. What never left
 * at its time (missed, held) goes out at another one: that takes somebody who could approve it. @throws Refusal
 */
export async function refuseUnapprovedRetry(tx: Tx, actor: Actor, publication: PublicationForChange): Promise<void> {
  const { post } = publication;
  if (!post.team.requiresApproval) return;
  if (await lacksApproval(tx, post))
    throw new Refusal(
      'conflict',
      'Nobody has approved what would be sent now. Choose a time for the post and schedule it: that asks for approval.',
    );
  if (publication.status !== 'missed' && publication.status !== 'held') return;
  if (!can(actor, 'Post', 'approve', { ownerId: post.authorId, teamId: post.teamId }))
    throw new Refusal(
      'forbidden',
      mayBeLive(publication)
        ? 'It was approved for another time. Let somebody who approves look at the account and give this answer: it is sent then.'
        : 'It was approved for another time. Choose a new time and schedule the post, which asks for approval again; or let somebody who approves send it.',
    );
  await refuseOwnWork(tx, actor, post.id);
}

export function hashOf(post: PostForChange): string {
  return contentHash(approvedContent(post));
}
