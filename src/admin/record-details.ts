/** What the pages of a post and of a publication show beyond the record itself. Read only after the record was, in scope. */
import { validate as isUuid } from 'uuid';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { canBeLookedUp } from '../domain/look-up-policy.ts';
import { canDeletePost, canEditPost } from '../domain/post.ts';
import { mayBeLive } from '../domain/publication.ts';
import { isGivenUp } from '../publishing/given-up.ts';
import { warningsOf } from '../publishing/post-content.ts';
import { POST_IMAGES } from '../publishing/post-images.ts';
import { readEvidence } from '../publishing/read-evidence.ts';
import { accountAddress } from './account-address.ts';
import { approvalDetails } from './approval-details.ts';
import { FINDINGS, findingsOf } from './problems-ahead.ts';
import { historyOf } from './record-history.ts';

const ACCOUNT = {
  select: {
    id: true,
    platform: true,
    kind: true,
    externalId: true,
    displayName: true,
    status: true,
    statusReason: true,
    profileUrl: true,
  },
} as const;
const TEAM_DELIVERY = {
  select: { name: true, latePolicy: true, lateLimitMinutes: true, requiresApproval: true },
} as const;

/** The publications of a post, its history, and what its state allows. */
export async function postDetails(ctx: AppContext, actor: Actor, postId: string): Promise<Record<string, unknown>> {
  const publications = await ctx.db.publication.findMany({
    where: { postId },
    orderBy: { id: 'asc' },
    select: {
      id: true,
      status: true,
      text: true,
      dueAt: true,
      sentAt: true,
      acceptedAt: true,
      permalink: true,
      attemptCount: true,
      maxAttempts: true,
      nextAttemptAt: true,
      errorCode: true,
      errorMessage: true,
      account: ACCOUNT,
      preflight: FINDINGS,
      _count: { select: { attempts: true } },
    },
  });
  const statuses = publications.map((publication) => publication.status);
  const attempts = publications.reduce((sum, publication) => sum + publication._count.attempts, 0);
  const { team, ...post } = await ctx.db.post.findUniqueOrThrow({
    where: { id: postId },
    select: { team: TEAM_DELIVERY, text: true, linkUrl: true, media: POST_IMAGES },
  });
  return {
    team,
    warnings: warningsOf(post, publications),
    publications: publications.map(({ _count, preflight, ...publication }) => ({
      ...publication,
      findings: findingsOf({ status: publication.status, preflight }),
    })),
    approval: await approvalDetails(ctx, postId),
    history: await historyOf(ctx, actor, 'Post', postId),
    canEdit: canEditPost(statuses) && !publications.some(mayBeLive),
    canDelete: canDeletePost(statuses, attempts) && !publications.some(isGivenUp),
  };
}

/** The post, the account and every attempt of a publication. */
export async function publicationDetails(
  ctx: AppContext,
  actor: Actor,
  publicationId: string,
): Promise<Record<string, unknown> & { post: Record<string, unknown> & { id: string } }> {
  const publication = await ctx.db.publication.findUniqueOrThrow({
    where: { id: publicationId },
    select: {
      status: true,
      preflight: FINDINGS,
      account: ACCOUNT,
      team: { select: { ...TEAM_DELIVERY.select, resendWhenAbsent: true } },
      post: {
        select: {
          id: true,
          text: true,
          linkUrl: true,
          timeZone: true,
          author: { select: { id: true, name: true } },
          media: POST_IMAGES,
        },
      },
      attempts: {
        orderBy: { number: 'desc' },
        select: {
          id: true,
          number: true,
          state: true,
          outcome: true,
          dueAt: true,
          sentAt: true,
          acceptedAt: true,
          finishedAt: true,
          httpStatus: true,
          errorCode: true,
          errorMessage: true,
          externalId: true,
        },
      },
    },
  });
  const [evidence, events] = await Promise.all([
    shownEvidence(ctx, publicationId),
    historyOf(ctx, actor, 'Publication', publicationId),
  ]);
  const { account, post, status, preflight, ...shown } = publication;
  return {
    ...shown,
    findings: findingsOf({ status, preflight }),
    post: { ...post, media: post.media.map(({ altText, media }) => ({ ...media, altText })) },
    account: { ...account, address: accountAddress(ctx, account), canBeLookedUp: canBeLookedUp(account) },
    evidence,
    history: events,
  };
}

/** The evidence with the names of the people it names by id. */
async function shownEvidence(ctx: AppContext, publicationId: string): Promise<Record<string, unknown> | null> {
  const evidence = await readEvidence(ctx.db, publicationId);
  if (evidence === null) return null;
  const { document, sha256, computed, intact, attemptNumber } = evidence;
  const ids = [document.authorId, document.approverId].filter((id): id is string => isUuid(id));
  const people = await ctx.db.user.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } });
  const nameOf = (id: unknown) => people.find((person) => person.id === id)?.name ?? null;
  return {
    document,
    sha256,
    computed,
    intact,
    attemptNumber,
    author: nameOf(document.authorId),
    approver: nameOf(document.approverId),
  };
}
