/**
 * Looking for a post whose outcome is unknown, on the platforms that let us look. Found: published, with its id. Not
 * found: parked for a person, unless the team chose to send again after repeated good reads. A failed read proves nothing;
 * one that failed because the platform calls the token ended, or will not renew it, says that the account has to be looked
 * after.
 */

import type { PublishAttempt } from '@prisma/client';
import { ReauthorizationRequiredError } from '../accounts/access-token.ts';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import { absenceIsProven, clocksAgree, nextLookUpAt } from '../domain/look-up-policy.ts';
import type { LookUp } from '../domain/outcome.ts';
import { askWithToken } from './ask-with-token.ts';
import { possibleMaker, recordPresence } from './duplicate.ts';
import { contentFor } from './post-content.ts';
import { POST_IMAGES } from './post-images.ts';
import { dueTime } from './publication-event.ts';
import { queuePublication } from './schedule-post.ts';
import { lockPost, movePublication } from './transition.ts';
import { boundElsewhere, hasTwin, lockAdoption } from './twins.ts';

const BATCH = 20;
/** While one process looks, no other does; a process that dies while looking leaves the next look to others. */
const LOOKING_SECONDS = 60;

/** Makes every look-up that is due. @returns how many were made */
export async function lookUpUnconfirmed(ctx: AppContext, signal: AbortSignal): Promise<number> {
  const due = await ctx.db.$queryRaw<{ id: string }[]>`
    UPDATE publish_attempts SET next_look_up_at = clock_timestamp() + ${LOOKING_SECONDS} * interval '1 second'
    WHERE id IN (SELECT id FROM publish_attempts WHERE state = 'unknown' AND next_look_up_at <= clock_timestamp() ORDER BY next_look_up_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
    RETURNING id`;
  await Promise.all(due.map(({ id }) => lookUpOne(ctx, id, signal)));
  return due.length;
}

async function lookUpOne(ctx: AppContext, attemptId: string, signal: AbortSignal): Promise<void> {
  const attempt = await ctx.db.publishAttempt.findUniqueOrThrow({
    where: { id: attemptId },
    include: { publication: { include: { account: true, post: { include: { media: POST_IMAGES } } } } },
  });
  const { publication } = attempt;
  const { account } = publication;
  const publisher = ctx.platforms[account.platform]?.publisher;
  const { sentAt: createdAt } = await possibleMaker(ctx.db, attempt);
  const look = publisher?.lookUp?.bind(publisher);
  if (look === undefined || createdAt === null) {
    await ctx.db.publishAttempt.update({ where: { id: attemptId }, data: { nextLookUpAt: null } });
    return;
  }
  let found: LookUp;
  const now = await databaseClock(ctx);
  try {
    const content = contentFor(publication.post, publication);
    const { externalId, kind } = account;
    found = await askWithToken(
      ctx,
      account,
      (accessToken) => look(content, { externalId, kind, accessToken }, createdAt, signal, now),
      (answer) => (answer.found === 'no-answer' ? (answer.tokenRefused ?? null) : null),
    );
    if (found.found === 'absent' && !clocksAgree(found.platformTime, now()))
      found = clocksDiffer(ctx, publication.id, found);
  } catch (error) {
    if (!(error instanceof ReauthorizationRequiredError))
      ctx.log.warn({ err: error, publicationId: publication.id }, 'a look-up failed; looking again later');
    found = { found: 'no-answer', reason: 'the account cannot be read' };
  }
  await ctx.db.$transaction((tx) => apply(tx, ctx, attempt.id, publication.postId, found));
}

/** Tells the database's time, from now on by a clock that cannot jump. */
async function databaseClock(ctx: AppContext): Promise<() => Date> {
  const read = performance.now();
  const at = (await databaseTime(ctx.db)).getTime();
  return () => new Date(at + performance.now() - read);
}

function clocksDiffer(ctx: AppContext, publicationId: string, { platformTime }: LookUp & { found: 'absent' }): LookUp {
  ctx.log.error(
    { publicationId, platformTime },
    'the clocks of the database and of the platform differ, so not finding a post there proves nothing',
  );
  return { found: 'no-answer', reason: 'the clocks differ' };
}

async function apply(tx: Tx, ctx: AppContext, attemptId: string, postId: string, found: LookUp): Promise<void> {
  await lockPost(tx, postId);
  const attempt = await tx.publishAttempt.findUniqueOrThrow({
    where: { id: attemptId },
    include: { publication: { include: { team: true } } },
  });
  const { publication } = attempt;
  // A person, or a late answer, was faster.
  if (attempt.state !== 'unknown' || publication.status !== 'unconfirmed') {
    await tx.publishAttempt.update({ where: { id: attemptId }, data: { nextLookUpAt: null } });
    return;
  }
  const now = await databaseTime(tx);
  const lookUps = attempt.lookUps + 1;
  const at = nextLookUpAt(attempt.sentAt ?? now, lookUps, now);
  if (found.found === 'present') {
    await lockAdoption(tx, publication.id);
    if (!(await boundElsewhere(tx, attempt, found.externalId)) && !(await hasTwin(tx, attempt))) {
      const maker = await possibleMaker(tx, attempt);
      const acceptedAt = found.acceptedAt ?? maker.sentAt ?? now;
      const { externalId, permalink } = found;
      const acceptance = { httpStatus: null, externalId, permalink, acceptedAt, confirmedBy: 'a look-up' } as const;
      await tx.publishAttempt.update({ where: { id: attemptId }, data: { lookUps } });
      const evidenceSha256 = await recordPresence(tx, attempt, { maker, acceptance }, now);
      await movePublication(tx, publication, 'published', {
        sentAt: maker.sentAt,
        acceptedAt,
        externalId: found.externalId,
        permalink: found.permalink,
        errorCode: null,
        errorMessage: null,
        nextAttemptAt: null,
      });
      const metadata = {
        outcome: 'accepted',
        by: 'a look-up',
        externalId: found.externalId,
        permalink: found.permalink,
        evidenceSha256,
      };
      await recordEvent(
        tx,
        {
          actorId: null,
          action: 'publication.published',
          entity: 'Publication',
          entityId: publication.id,
          teamId: publication.teamId,
          metadata,
        },
        now,
      );
      return;
    }
    await tx.publishAttempt.update({ where: { id: attemptId }, data: { lookUps, nextLookUpAt: at } });
    return;
  }
  if (found.found === 'no-answer') {
    await tx.publishAttempt.update({ where: { id: attemptId }, data: { lookUps, nextLookUpAt: at } });
    return;
  }
  if (!(await allBoundElsewhere(tx, attempt, found.alike))) {
    // It may be this one, whatever time it says: a person looks. What was not seen before proves nothing any more.
    await tx.publishAttempt.update({
      where: { id: attemptId },
      data: { lookUps, absentReads: 0, firstAbsentAt: null, nextLookUpAt: at },
    });
    return;
  }
  const absentReads = attempt.absentReads + 1;
  const firstAbsentAt = attempt.firstAbsentAt ?? now;
  await tx.publishAttempt.update({
    where: { id: attemptId },
    data: { lookUps, absentReads, firstAbsentAt, nextLookUpAt: at },
  });
  if (publication.team.resendWhenAbsent && absenceIsProven(absentReads, firstAbsentAt, now)) {
    await tx.publishAttempt.update({
      where: { id: attemptId },
      data: { state: 'absent', finishedAt: now, nextLookUpAt: null },
    });
    await queuePublication(tx, ctx, publication, now);
    const metadata = { resolution: 'absent', by: 'look-ups', absentReads, wasDueAt: dueTime(publication) };
    await recordEvent(
      tx,
      {
        actorId: null,
        action: 'publication.resolved',
        entity: 'Publication',
        entityId: publication.id,
        teamId: publication.teamId,
        metadata,
      },
      now,
    );
  }
}

/** Whether each of these posts is known as another publication. */
async function allBoundElsewhere(tx: Tx, attempt: PublishAttempt, externalIds: readonly string[]): Promise<boolean> {
  for (const externalId of externalIds) if (!(await boundElsewhere(tx, attempt, externalId))) return false;
  return true;
}
