/** Holds: an order that publications must wait, for everything, a platform, a team or an account. */
import type { ConnectedAccount, Hold, Prisma } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Database, Tx } from '../database/client.ts';
import { type Actor, can } from '../domain/access.ts';
import { isPlatform } from '../domain/platform-name.ts';
import { reasonProblem } from '../domain/reason.ts';
import { notFound, Refusal, refuseFields } from '../domain/refusal.ts';
import { putInPlace } from './backlog.ts';
import { holdPublications } from './hold-publications.ts';
import { letGoOn } from './let-go-on.ts';
import { lockPost } from './transition.ts';

/** As typed. */
export interface HoldInput {
  scope: string;
  platform?: string | null;
  team?: string | null;
  account?: string | null;
  reason: string;
}

/** What a publication that is held says of it. */
export const onHold = ({ reason }: Pick<Hold, 'reason'>) => `On hold: ${reason}`;

/** The hold that covers this account now, the oldest if several do. */
export async function activeHoldFor(
  db: Database | Tx,
  account: Pick<ConnectedAccount, 'id' | 'platform' | 'teamId'>,
): Promise<Hold | null> {
  return db.hold.findFirst({ where: { releasedAt: null, OR: coveredBy(account) }, orderBy: { createdAt: 'asc' } });
}

/**
 * Orders a hold. The order is committed first: from then on nothing it covers is sent, in any process. What it covers is
 * marked as held after that; what falls due later is held then. @throws Refusal
 */
export async function createHold(ctx: AppContext, actor: Actor, input: HoldInput): Promise<Hold> {
  const hold = await ctx.db.$transaction(async (tx) => {
    const target = await checkTarget(tx, actor, input);
    const ordered = await tx.hold.create({
      data: { ...target, reason: input.reason.trim(), createdById: actor.id, createdAt: ctx.clock.now() },
    });
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'hold.created',
        entity: 'Hold',
        entityId: ordered.id,
        teamId: ordered.teamId,
        metadata: {
          scope: ordered.scope,
          reason: ordered.reason,
          ...(ordered.platform === null ? {} : { platform: ordered.platform }),
          ...(ordered.accountId === null ? {} : { account: ordered.accountId }),
        },
      },
      ctx.clock.now(),
    );
    return ordered;
  });
  await markCovered(ctx, actor, hold);
  return hold;
}

/** Whoever ordered the hold has it, whatever becomes of this: what is not marked is refused by every claim, and held then. */
async function markCovered(ctx: AppContext, actor: Actor, hold: Hold): Promise<void> {
  try {
    await holdPublications(ctx, await covered(ctx.db, hold, ['scheduled', 'retrying']), {
      errorCode: 'hold',
      errorMessage: onHold(hold),
      actorId: actor.id,
      metadata: { hold: hold.id },
    });
  } catch (error) {
    ctx.log.error(
      { err: error, hold: hold.id },
      'a hold is in force, but not all it covers could be marked: each is held when it falls due',
    );
  }
}

/** What would happen if this hold were released now. */
export interface ReleaseForecast {
  /** Publications that wait for this hold alone: they go on. */
  goOn: number;
  /** Publications it covers that wait for a person because of a restore: they stay on hold, because they may be out already. */
  stay: number;
}

export async function forecastRelease(db: Database | Tx, hold: Hold): Promise<ReleaseForecast> {
  const others = await db.hold.findMany({ where: { releasedAt: null, id: { not: hold.id } } });
  const [goOn, stay] = await Promise.all([
    others.some(({ scope }) => scope === 'everything')
      ? 0
      : db.publication.count({
          where: { ...coverage(hold), status: 'held', errorCode: 'hold', NOT: others.map(coverage) },
        }),
    db.publication.count({ where: { ...coverage(hold), status: 'held', errorCode: 'restored' } }),
  ]);
  return { goOn, stay };
}

/** Each takes several round trips; nobody should have to wait for more than these. */
const MOST_IN_A_REQUEST = 200;

/**
 * Lifts a hold; what no other hold covers goes back on the schedule. The late policy decides about what is overdue. The
 * release is committed first; of very many the first go on here, and the sweep releases the others (groundless-holds.ts).
 * @param reason why it is over; may be empty
 * @returns the hold, and how many publications go on by it
 * @throws Refusal
 */
export async function releaseHold(
  ctx: AppContext,
  actor: Actor,
  holdId: string,
  reason = '',
): Promise<Hold & { goingOn: number }> {
  const badReason = reasonProblem(reason, null);
  if (badReason !== null) throw new Refusal('invalid', badReason, { reason: badReason });
  const released = await ctx.db.$transaction(async (tx) => {
    const hold = isUuid(holdId) ? await tx.hold.findUnique({ where: { id: holdId } }) : null;
    if (hold === null || !can(actor, 'Hold', 'show', { ownerId: null, teamId: hold.teamId })) throw notFound('hold');
    if (!can(actor, 'Hold', 'release', { ownerId: null, teamId: hold.teamId }))
      throw new Refusal('forbidden', 'Only a manager of the team, or a superuser, may release this hold.');
    if (hold.releasedAt !== null) throw new Refusal('conflict', 'This hold has been released already.');
    const updated = await tx.hold.update({
      where: { id: hold.id },
      data: { releasedAt: ctx.clock.now(), releasedById: actor.id },
    });
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'hold.released',
        entity: 'Hold',
        entityId: hold.id,
        teamId: hold.teamId,
        metadata: { scope: hold.scope, reason: reason.trim() },
      },
      ctx.clock.now(),
    );
    const { goOn } = await forecastRelease(tx, hold);
    return { ...updated, goingOn: goOn };
  });
  try {
    await releaseCovered(ctx, actor, released);
  } catch (error) {
    ctx.log.error({ err: error, hold: released.id }, 'a hold is released, but not all it covered; the sweep goes on');
  }
  ctx.wake();
  return released;
}

/** One transaction each: a stop over hundreds of posts ends like one over three. What this leaves the sweep releases. */
async function releaseCovered(ctx: AppContext, actor: Actor, hold: Hold): Promise<void> {
  const held = await ctx.db.publication.findMany({
    where: { ...coverage(hold), status: 'held', errorCode: 'hold' },
    select: { id: true, postId: true },
    orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
    take: MOST_IN_A_REQUEST,
  });
  for (const { id, postId } of held) {
    await ctx.db.$transaction(async (tx) => {
      await lockPost(tx, postId);
      const publication = await tx.publication.findUniqueOrThrow({ where: { id }, include: { account: true } });
      if (publication.status !== 'held' || publication.errorCode !== 'hold') return;
      const other = await activeHoldFor(tx, publication.account);
      if (other !== null) {
        // It goes on waiting, for another reason than it was told.
        await tx.publication.update({ where: { id }, data: { errorMessage: onHold(other) } });
        return;
      }
      if (!(await letGoOn(tx, ctx, publication))) return;
      await recordEvent(
        tx,
        {
          actorId: actor.id,
          action: 'publication.released',
          entity: 'Publication',
          entityId: id,
          teamId: publication.teamId,
          metadata: { hold: hold.id },
        },
        ctx.clock.now(),
      );
      await putInPlace(tx, [id]);
    });
  }
}

function coveredBy(account: Pick<ConnectedAccount, 'id' | 'platform' | 'teamId'>): Prisma.HoldWhereInput[] {
  return [
    { scope: 'everything' },
    { scope: 'platform', platform: account.platform },
    { scope: 'team', teamId: account.teamId },
    { scope: 'account', accountId: account.id },
  ];
}

/** The publications a hold is about, whatever their status. */
function coverage(hold: Hold): Prisma.PublicationWhereInput {
  if (hold.scope === 'platform' && hold.platform !== null) return { account: { platform: hold.platform } };
  if (hold.scope === 'team' && hold.teamId !== null) return { teamId: hold.teamId };
  if (hold.scope === 'account' && hold.accountId !== null) return { accountId: hold.accountId };
  return {};
}

async function covered(
  db: Database,
  hold: Hold,
  statuses: ('scheduled' | 'retrying')[],
): Promise<{ id: string; postId: string }[]> {
  return db.publication.findMany({
    where: { ...coverage(hold), status: { in: statuses } },
    select: { id: true, postId: true },
    orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
  });
}

async function checkTarget(
  tx: Tx,
  actor: Actor,
  input: HoldInput,
): Promise<Pick<Hold, 'scope' | 'platform' | 'teamId' | 'accountId'>> {
  const fields: Record<string, string> = {};
  const badReason = reasonProblem(input.reason, 'Say why. It is shown to everybody who waits.');
  if (badReason !== null) fields.reason = badReason;
  const none = { platform: null, teamId: null, accountId: null };
  let target: Pick<Hold, 'scope' | 'platform' | 'teamId' | 'accountId'> = { scope: 'everything', ...none };
  if (input.scope === 'platform') {
    const platform = input.platform ?? '';
    if (isPlatform(platform)) target = { ...none, scope: 'platform', platform };
    else fields.platform = 'Choose the platform.';
  } else if (input.scope === 'team') {
    const team = isUuid(input.team ?? '') ? await tx.team.findUnique({ where: { id: input.team ?? '' } }) : null;
    // What is not there and what he may not see are answered alike, so that ids cannot be probed.
    if (team === null || !can(actor, 'Team', 'show', { ownerId: null, teamId: team.id }))
      fields.team = 'Choose the team.';
    else target = { ...none, scope: 'team', teamId: team.id };
  } else if (input.scope === 'account') {
    const account = isUuid(input.account ?? '')
      ? await tx.connectedAccount.findUnique({ where: { id: input.account ?? '' } })
      : null;
    if (account === null || !can(actor, 'ConnectedAccount', 'show', account)) fields.account = 'Choose the account.';
    // The team is kept beside the account, so that its managers may release the hold.
    else target = { ...none, scope: 'account', accountId: account.id, teamId: account.teamId };
  } else if (input.scope !== 'everything') {
    fields.scope = 'Choose what is to wait: everything, a platform, a team or an account.';
  }
  const refusal = refuseFields(fields);
  if (refusal !== null) throw refusal;
  if (!can(actor, 'Hold', 'new', { ownerId: null, teamId: target.teamId }))
    throw new Refusal(
      'forbidden',
      'Only a manager of the team may hold it; only a superuser may hold more than a team.',
    );
  return target;
}
