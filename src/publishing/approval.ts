/** Approvals are bound to a hash of what was approved: another text, link, image, account or time is another thing to approve. */
import type { Approval } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { contentHash } from './content-hash.ts';
import { isGivenUp } from './given-up.ts';
import type { PostForChange } from './post-access.ts';
import { movePublication } from './transition.ts';

/** The approval for exactly what would be sent; null when there is none (any more). */
export async function validApproval(tx: Tx, post: PostForChange): Promise<Approval | null> {
  return tx.approval.findFirst({ where: { postId: post.id, voidedAt: null, contentHash: hashOf(post) } });
}

/** Moves what is on its way (or about to be) to `awaiting_approval`. */
export async function requestApproval(tx: Tx, ctx: AppContext, actor: Actor, post: PostForChange): Promise<void> {
  for (const publication of post.publications) {
    if (publication.status === 'published' || publication.status === 'awaiting_approval' || isGivenUp(publication))
      continue;
    // What failed, was missed or was cancelled goes back to a draft's state first: approval starts from there.
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

export async function voidApprovals(tx: Tx, ctx: AppContext, postId: string, reason: string): Promise<void> {
  await tx.approval.updateMany({
    where: { postId, voidedAt: null },
    data: { voidedAt: ctx.clock.now(), voidReason: reason },
  });
}

export function hashOf(post: PostForChange): string {
  return contentHash({
    text: post.text,
    linkUrl: post.linkUrl,
    scheduledAt: post.scheduledAt,
    accounts: post.publications,
    images: post.media.map(({ media, altText }) => ({ sha256: media.sha256, altText })),
  });
}
