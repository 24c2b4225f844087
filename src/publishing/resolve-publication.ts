/**
 * A person decides about a publication of which nobody knows whether it is out, after looking at the account: it is live ·
 * it is not there · give up. The only ways out of `unconfirmed` apart from a look-up, and out of what is held because of a
 * restore, each with a reason and on record. What is not there is sent again; what nobody has approved waits for that first.
 */
import type { ConnectedAccount, Prisma, Publication, PublishAttempt } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import type { Actor } from '../domain/access.ts';
import { mayBeLive } from '../domain/publication.ts';
import { reasonProblem } from '../domain/reason.ts';
import { Refusal, refuseFields } from '../domain/refusal.ts';
import { readLiveLink } from '../platforms/live-link.ts';
import { lacksApproval, refuseUnapprovedRetry, requestApproval, voidApprovals } from './approval.ts';
import { possibleMaker, recordPresence } from './duplicate.ts';
import { GIVEN_UP } from './given-up.ts';
import { afterTheOrder } from './in-doubt.ts';
import { loadPublicationFor, type PublicationForChange } from './post-access.ts';
import { dueTime } from './publication-event.ts';
import { queuePublication } from './schedule-post.ts';
import { movePublication } from './transition.ts';
import { boundElsewhere, lockAdoption } from './twins.ts';

export const RESOLUTIONS = ['live', 'absent', 'abandon'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export interface ResolutionInput {
  /** As typed; anything else than a Resolution is refused. */
  resolution: string;
  /** The link to the live post; needed for `live`. */
  permalink?: string | undefined;
  reason: string;
}

/** The post that a person has seen. */
interface Seen {
  externalId: string;
  permalink: string;
}

/**
 * @param sendAt when an absent one is sent again, by the database's clock; now unless many are answered at once
 * @throws Refusal with a message per field, or when it is known (by now) whether the publication is out
 */
export async function resolvePublication(
  ctx: AppContext,
  actor: Actor,
  publicationId: string,
  input: ResolutionInput,
  sendAt?: Date,
): Promise<Publication> {
  await ctx.db.$transaction(async (tx) => {
    const publication = await loadPublicationFor(tx, ctx, actor, 'resolve', publicationId);
    const { resolution, seen } = checkInput(ctx, publication.account, input);
    if (!mayBeLive(publication)) {
      throw new Refusal(
        'conflict',
        `This publication is not unconfirmed (any more): it is ${publication.status.replaceAll('_', ' ')}.`,
      );
    }
    // As with Send again: what did not leave at its time, as far as is known, goes out at another one.
    const again = resolution === 'absent' && publication.status === 'held';
    const asksForApproval = again && (await lacksApproval(tx, publication.post));
    if (again && !asksForApproval) await refuseUnapprovedRetry(tx, actor, publication);
    if (seen !== null) await refuseForeignLink(tx, publication, seen);
    const now = await databaseTime(tx);
    const sendAgainAt = asksForApproval ? null : await afterTheOrder(tx, sendAt ?? now, now);
    const evidenceSha256 = await carryOut(tx, ctx, actor, publication, { resolution, seen }, sendAgainAt, now);
    const metadata = {
      resolution,
      from: publication.status,
      wasDueAt: dueTime(publication),
      reason: input.reason.trim(),
      permalink: seen?.permalink ?? null,
      ...(asksForApproval && { asksForApproval }),
      ...(evidenceSha256 !== null && { evidenceSha256 }),
    };
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'publication.resolved',
        entity: 'Publication',
        entityId: publication.id,
        teamId: publication.teamId,
        metadata,
      },
      ctx.clock.now(),
    );
    ctx.onStep('resolving', publicationId);
  });
  ctx.onStep('resolved', publicationId);
  ctx.wake();
  return ctx.db.publication.findUniqueOrThrow({ where: { id: publicationId } });
}

/** @throws Refusal with a message per field */
function checkInput(
  ctx: Pick<AppContext, 'config' | 'platforms'>,
  account: ConnectedAccount,
  input: ResolutionInput,
): { resolution: Resolution; seen: Seen | null } {
  const fields: Record<string, string> = {};
  const resolution = RESOLUTIONS.find((known) => known === input.resolution);
  if (resolution === undefined) fields.resolution = 'Choose what you found: live, absent or abandon.';
  const badReason = reasonProblem(input.reason, 'Say in a few words how you know. It is kept for the audit.');
  if (badReason !== null) fields.reason = badReason;
  const permalink = input.permalink?.trim() ?? '';
  const link = resolution === 'live' ? readLiveLink(permalink, account, sandboxOf(ctx, account)) : null;
  if (link !== null && 'problem' in link) fields.permalink = link.problem;
  const refusal = refuseFields(fields);
  if (refusal !== null) throw refusal;
  const seen = link !== null && 'externalId' in link ? { externalId: link.externalId, permalink } : null;
  return { resolution: resolution ?? 'abandon', seen };
}

/** Where the sandbox is, if it answers for this account's platform. */
function sandboxOf(ctx: Pick<AppContext, 'config' | 'platforms'>, { platform }: ConnectedAccount): string | null {
  return ctx.platforms[platform]?.sandboxed === true ? ctx.config.platforms[platform].authorizeUrl : null;
}

/**
 * @param sendAgainAt for an absent one; null: somebody has to approve it first
 * @returns the sha256 of the evidence, when it is live
 */
async function carryOut(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  publication: PublicationForChange,
  { resolution, seen }: { resolution: Resolution; seen: Seen | null },
  sendAgainAt: Date | null,
  now: Date,
): Promise<string | null> {
  const open = {
    publicationId: publication.id,
    state: { in: ['unknown', 'sent'] },
  } satisfies Prisma.PublishAttemptWhereInput;
  switch (resolution) {
    case 'live':
      if (seen === null) throw new Error('a live post is resolved with its link');
      return recordLive(tx, publication, await tx.publishAttempt.findFirst({ where: open }), seen, now);
    case 'absent':
      await tx.publishAttempt.updateMany({
        where: open,
        data: { state: 'absent', finishedAt: now, nextLookUpAt: null },
      });
      if (sendAgainAt === null) await waitForApproval(tx, ctx, actor, publication);
      else await queuePublication(tx, ctx, publication, sendAgainAt);
      return null;
    case 'abandon':
      // Nobody knows, and nobody looks any more: the attempt stays what it is.
      await tx.publishAttempt.updateMany({ where: open, data: { nextLookUpAt: null } });
      await movePublication(tx, publication, 'cancelled', { nextAttemptAt: null, ...GIVEN_UP });
      return null;
  }
}

/** It is answered, so it is like any other that nobody has approved: the author gives it a new time, and somebody approves it. */
async function waitForApproval(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  publication: PublicationForChange,
): Promise<void> {
  const { post } = publication;
  await voidApprovals(tx, ctx, actor, post, 'approval was asked for again');
  await requestApproval(tx, ctx, actor, post, [{ ...publication, errorCode: null }]);
}

/** What was sent is on record; that it is there, a person says. When it was accepted nobody has seen: when it was sent. */
async function recordLive(
  tx: Tx,
  publication: PublicationForChange,
  open: PublishAttempt | null,
  { externalId, permalink }: Seen,
  now: Date,
): Promise<string | null> {
  const maker = open && (await possibleMaker(tx, open));
  const sentAt = maker?.sentAt ?? publication.sentAt;
  const acceptedAt = sentAt ?? now;
  await movePublication(tx, publication, 'published', {
    ...{ sentAt, acceptedAt, externalId, permalink },
    ...{ nextAttemptAt: null, errorCode: null, errorMessage: null },
  });
  if (open === null || maker === null) return null;
  const acceptance = { httpStatus: null, externalId, permalink, acceptedAt, confirmedBy: 'a person' } as const;
  return recordPresence(tx, open, { maker, acceptance }, now);
}

/** One live post belongs to one publication. @throws Refusal at the link */
async function refuseForeignLink(tx: Tx, publication: PublicationForChange, { externalId }: Seen): Promise<void> {
  await lockAdoption(tx, publication.id);
  if (!(await boundElsewhere(tx, { publicationId: publication.id }, externalId))) return;
  const message = 'This link belongs to another publication. Paste the link of this very post.';
  throw new Refusal('invalid', message, { permalink: message });
}
