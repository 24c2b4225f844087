/** What an edit does to the publications of a post: those on their way follow it, and a new time is a decision about the others. */
import type { Publication } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import type { Actor } from '../domain/access.ts';
import type { PublicationStatus } from '../domain/publication.ts';
import { Refusal } from '../domain/refusal.ts';
import { requestApproval } from './approval.ts';
import { forgetOverdueApproval } from './overdue-approval.ts';
import { type PostForChange, readPost } from './post-access.ts';
import type { CheckedPost } from './post-input.ts';
import { dueTime } from './publication-event.ts';
import { queuePublication, recordSchedule, refuseUnpublishable } from './schedule-post.ts';

const ON_ITS_WAY: readonly PublicationStatus[] = ['scheduled', 'retrying', 'awaiting_approval', 'held'];

/**
 * After an edit of a post that is on its way: moves its publications to the new time and takes new accounts along. What was
 * missed, or is held for a person's decision, leaves at the new time, if there is one; what is held for anything else stays
 * held, and what was called off or has failed stays as it is.
 * In a team with approval, a change of what was approved asks for approval again.
 * The caller holds the post's lock.
 * @param before the post as it was before the edit: what was on its way then stays so, whatever accounts it has now
 * @throws Refusal
 */
export async function requeueAfterEdit(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  before: PostForChange,
  { schedule }: CheckedPost,
  changed: boolean,
): Promise<void> {
  const hasNewTime = schedule !== null && !schedule.unchanged;
  const follows = ({ status }: Publication) => ON_ITS_WAY.includes(status) || (hasNewTime && status === 'missed');
  if (!before.publications.some(follows)) return;
  const post = await readPost(tx, before.id);
  const going = post.publications.filter((one) => one.status === 'draft' || follows(one));
  if (schedule === null) {
    const message = 'A scheduled post needs a time. To make it a draft again, cancel it.';
    throw new Refusal('invalid', message, { scheduledAt: message });
  }
  refuseUnpublishable(post, going);
  if (going.length === 0) return;
  if (hasNewTime) await forgetOverdueApproval(tx, post);
  if (changed && post.team.requiresApproval) {
    await requestApproval(tx, ctx, actor, post, going);
    return;
  }
  const now = await databaseTime(tx);
  const dueAt = schedule.instant.getTime() < now.getTime() ? now : schedule.instant;
  const moving = going.filter(
    (one) => one.status === 'draft' || (hasNewTime && (isQueued(one) || waitsForDecision(one))),
  );
  for (const publication of moving) {
    await queuePublication(tx, ctx, publication, dueAt);
    if (waitsForDecision(publication)) await recordDecision(tx, ctx, actor, publication);
  }
  for (const { id } of going.filter((one) => one.status === 'held' && !moving.includes(one)))
    await tx.publication.update({
      where: { id },
      data: { dueAt: schedule.instant, ...(hasNewTime ? { putOffUntil: null } : {}) },
    });
  if (moving.length === 0) return;
  const accounts = moving.map(({ accountId }) => accountId);
  await recordSchedule(tx, ctx, actor, 'post.scheduled', post, accounts);
}

function isQueued({ status }: Publication): boolean {
  return status === 'scheduled' || status === 'retrying';
}

/** What is held because of a restore is answered before its post can be changed (mayBeLive). */
function waitsForDecision({ status, errorCode }: Publication): boolean {
  return status === 'missed' || (status === 'held' && errorCode === 'late');
}

/** That it goes on, why, and what it was stopped for, on its own record. */
async function recordDecision(tx: Tx, ctx: AppContext, actor: Actor, publication: Publication): Promise<void> {
  const { id, teamId, status, errorCode } = publication;
  const metadata = { by: 'a new time', from: status, errorCode, wasDueAt: dueTime(publication) };
  await recordEvent(
    tx,
    { actorId: actor.id, action: 'publication.released', entity: 'Publication', entityId: id, teamId, metadata },
    ctx.clock.now(),
  );
}
