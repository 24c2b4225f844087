/** What an approver sees: exactly what will go out, and what of it changed since somebody last approved it. */
import type { AppContext } from '../context.ts';
import { type ApprovedContent, type ContentChange, contentChanges } from '../domain/approved-content.ts';
import { approvedContent, contentHash } from '../publishing/content-hash.ts';
import { readPost } from '../publishing/post-access.ts';
import { contentFor } from '../publishing/post-content.ts';

export interface ApprovalDetails {
  /** Sent back with the approval, so that nobody approves what he has not seen. */
  contentHash: string;
  /** What waits, account by account. */
  waiting: { account: { id: string; platform: string; displayName: string }; text: string; linkUrl: string | null }[];
  requested: { by: string | null; at: Date } | null;
  lastApproval: {
    by: string;
    at: Date;
    voidReason: string | null;
    /** Accounts by name. Null: what was approved was not kept then. */
    changes: (ContentChange & { account: string | null })[] | null;
  } | null;
  /** Why it came back, as long as nothing was done about it. */
  sentBack: { by: string | null; at: Date; reason: string } | null;
}

export async function approvalDetails(ctx: AppContext, postId: string): Promise<ApprovalDetails> {
  const post = await readPost(ctx.db, postId);
  const content = approvedContent(post);
  const [approval, requested, sentBack] = await Promise.all([
    ctx.db.approval.findFirst({
      where: { postId },
      orderBy: { approvedAt: 'desc' },
      include: { approvedBy: { select: { name: true } } },
    }),
    lastEvent(ctx, postId, ['post.approval_requested']),
    lastEvent(ctx, postId, ['post.sent_back', 'post.approval_requested', 'post.scheduled', 'post.cancelled']),
  ]);
  return {
    contentHash: contentHash(content),
    waiting: post.publications
      .filter(({ status }) => status === 'awaiting_approval')
      .map((publication) => {
        const { id, platform, displayName } = publication.account;
        const { text, linkUrl } = contentFor(post, publication);
        return { account: { id, platform, displayName }, text, linkUrl };
      }),
    requested: requested === null ? null : { by: requested.actor?.name ?? null, at: requested.occurredAt },
    lastApproval:
      approval === null
        ? null
        : {
            by: approval.approvedBy.name,
            at: approval.approvedAt,
            voidReason: approval.voidReason,
            changes: approval.content === null ? null : await named(ctx, approval.content, content),
          },
    sentBack:
      sentBack?.action === 'post.sent_back'
        ? { by: sentBack.actor?.name ?? null, at: sentBack.occurredAt, reason: reasonOf(sentBack.metadata) }
        : null,
  };
}

/** @param kept as it was written by approve-post.ts */
async function named(
  ctx: AppContext,
  kept: unknown,
  now: ApprovedContent,
): Promise<(ContentChange & { account: string | null })[]> {
  const changes = contentChanges(kept as ApprovedContent, now);
  const ids = changes.flatMap(({ accountId }) => (accountId === null ? [] : [accountId]));
  const accounts = await ctx.db.connectedAccount.findMany({
    where: { id: { in: ids } },
    select: { id: true, displayName: true },
  });
  const nameOf = new Map(accounts.map(({ id, displayName }) => [id, displayName]));
  return changes.map((change) => ({ ...change, account: nameOf.get(change.accountId ?? '') ?? null }));
}

function lastEvent(ctx: AppContext, postId: string, actions: string[]) {
  return ctx.db.auditEvent.findFirst({
    where: { entity: 'Post', entityId: postId, action: { in: actions } },
    orderBy: [{ occurredAt: 'desc' }, { id: 'desc' }],
    select: { action: true, occurredAt: true, metadata: true, actor: { select: { name: true } } },
  });
}

function reasonOf(metadata: unknown): string {
  const { reason } = (metadata ?? {}) as { reason?: unknown };
  return typeof reason === 'string' ? reason : '';
}
