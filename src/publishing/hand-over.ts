/**
 * Handing over: somebody leaves, and what he had planned goes on under a colleague's name. His posts that are not finished
 * get another author, his personal accounts another owner, in one transaction. What is published stays his.
 */
import type { PostStatus, PublicationStatus } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import { lockAccounts } from '../accounts/lock-accounts.ts';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { repeatWhenCrossed } from '../database/repeat-when-crossed.ts';
import { type Actor, can } from '../domain/access.ts';
import { mayBeLive } from '../domain/publication.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { hashOf, voidApprovals } from './approval.ts';
import { holdInDoubt } from './hold-publications.ts';
import { type PostForChange, readPost } from './post-access.ts';
import { type HeldForAccount, heldForAccounts, releaseHeld } from './release-account.ts';
import { lockPosts, movePublication } from './transition.ts';

/** Something of such a post may still go out. */
export const UNFINISHED: readonly PostStatus[] = [
  'draft',
  'awaiting_approval',
  'scheduled',
  'publishing',
  'partly_published',
  'unconfirmed',
  'held',
  'missed',
  'failed',
];

/** Would leave by itself, without anybody being asked. */
const WAITING: readonly PublicationStatus[] = ['scheduled', 'retrying', 'held'];

export interface HandedOver {
  posts: number;
  accounts: number;
  toName: string;
}

/** Hundreds of posts take their time, and all of them or none change hands. */
const TIMEOUT_MS = 60_000;

/**
 * Gives what a person has in the teams that both are in (or in one of them) to another active member.
 * @param input ids as typed; without a team: all they share
 * @throws {Refusal} `forbidden`, `not-found`, `invalid` with field to, `conflict` when there is nothing to hand over
 */
export async function handOver(
  ctx: AppContext,
  actor: Actor,
  fromId: string,
  input: { to: string; team: string | null },
): Promise<HandedOver> {
  if (!can(actor, 'User', 'handOver', { ownerId: fromId, teamId: null }))
    throw new Refusal('forbidden', 'Only a superuser may hand over what somebody has.');
  const done = await repeatWhenCrossed(() =>
    ctx.db.$transaction((tx) => handOverIn(tx, ctx, actor, fromId, input), { timeout: TIMEOUT_MS }),
  );
  ctx.wake();
  return done;
}

async function handOverIn(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  fromId: string,
  input: { to: string; team: string | null },
): Promise<HandedOver> {
  const { teamIds, toName } = await checkPeople(tx, fromId, input);
  const move = await lockWhatMoves(tx, { fromId, toId: input.to, teamIds });
  const accounts = await moveAccounts(tx, ctx, actor, move);
  const posts = await movePosts(tx, ctx, actor, move);
  if (posts === 0 && accounts === 0)
    throw new Refusal('conflict', 'There is nothing to hand over in the teams these two share.');
  const metadata = { to: input.to, posts, accounts, teams: teamIds };
  await recordEvent(
    tx,
    { actorId: actor.id, action: 'user.handed_over', entity: 'User', entityId: fromId, teamId: null, metadata },
    ctx.clock.now(),
  );
  // What could not leave because the account was somebody else's can leave now.
  await releaseHeld(tx, ctx, move.held);
  return { posts, accounts, toName };
}

interface Members {
  fromId: string;
  toId: string;
  teamIds: string[];
}

interface Move extends Members {
  accountIds: string[];
  postIds: string[];
  /** What waits for the accounts, be it in the posts of others. */
  held: HeldForAccount[];
}

/** In the order of docs/decisions/0017-the-order-of-locks.md: what is settled meanwhile locks its post first, too. */
async function lockWhatMoves(tx: Tx, members: Members): Promise<Move> {
  const { fromId, teamIds } = members;
  const where = { ownerId: fromId, teamId: { in: teamIds } };
  const accounts = await tx.connectedAccount.findMany({ where, select: { id: true } });
  const accountIds = accounts.map(({ id }) => id);
  const held = await heldForAccounts(tx, accountIds);
  const posts = await tx.post.findMany({ where: unfinishedOf(members), select: { id: true } });
  const postIds = posts.map(({ id }) => id);
  await lockPosts(tx, [...postIds, ...held.map(({ postId }) => postId)]);
  await lockAccounts(tx, accountIds);
  return { ...members, accountIds, postIds, held };
}

function unfinishedOf({ fromId, teamIds }: Members) {
  return { authorId: fromId, teamId: { in: teamIds }, status: { in: [...UNFINISHED] } };
}

/** Both are locked, so that nobody is deactivated in the middle of it. @returns the teams this is about */
async function checkPeople(
  tx: Tx,
  fromId: string,
  { to, team }: { to: string; team: string | null },
): Promise<{ teamIds: string[]; toName: string }> {
  if (!isUuid(fromId)) throw notFound('person');
  if (!isUuid(to)) throw refusedRecipient('Choose who takes over.');
  await tx.$queryRaw`select 1 from users where id in (${fromId}::uuid, ${to}::uuid) order by id for share`;
  if ((await tx.user.count({ where: { id: fromId } })) === 0) throw notFound('person');
  const recipient = await tx.user.findUnique({ where: { id: to }, include: { memberships: true } });
  if (recipient === null || to === fromId) throw refusedRecipient('Choose who takes over.');
  if (!recipient.isActive) throw refusedRecipient(`${recipient.name} is deactivated. Choose somebody who is active.`);
  const teamIds = recipient.memberships
    .map(({ teamId }) => teamId)
    .filter((teamId) => team === null || team === '' || teamId === team);
  if (teamIds.length === 0)
    throw refusedRecipient(`${recipient.name} is not in that team. Choose a member of it, or make it one first.`);
  return { teamIds, toName: recipient.name };
}

async function moveAccounts(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  { fromId, toId, accountIds }: Move,
): Promise<number> {
  const where = { id: { in: accountIds }, ownerId: fromId };
  const accounts = await tx.connectedAccount.findMany({ where, orderBy: { id: 'asc' } });
  await tx.connectedAccount.updateMany({ where, data: { ownerId: toId } });
  for (const { id, teamId, platform, displayName } of accounts)
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'account.handed_over',
        entity: 'ConnectedAccount',
        entityId: id,
        teamId,
        metadata: { platform, displayName, from: fromId, to: toId },
      },
      ctx.clock.now(),
    );
  return accounts.length;
}

async function movePosts(tx: Tx, ctx: AppContext, actor: Actor, move: Move): Promise<number> {
  const { fromId, toId, postIds } = move;
  // Some may have been finished until they were locked.
  const posts = await tx.post.findMany({
    where: { ...unfinishedOf(move), id: { in: postIds } },
    select: { id: true, teamId: true },
    orderBy: { id: 'asc' },
  });
  const ids = posts.map(({ id }) => id);
  await tx.post.updateMany({ where: { id: { in: ids } }, data: { authorId: toId } });
  for (const { id, teamId } of posts)
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'post.handed_over',
        entity: 'Post',
        entityId: id,
        teamId,
        metadata: { from: fromId, to: toId },
      },
      ctx.clock.now(),
    );
  await askForOtherEyes(tx, ctx, actor, ids, toId);
  return ids.length;
}

/** What its new author approved while it was another's would now be approved by its own author. */
async function askForOtherEyes(tx: Tx, ctx: AppContext, actor: Actor, ids: string[], authorId: string): Promise<void> {
  const approvals = await tx.approval.findMany({
    where: { postId: { in: ids }, approvedById: authorId, voidedAt: null },
    select: { postId: true },
    distinct: ['postId'],
    orderBy: { postId: 'asc' },
  });
  for (const { postId } of approvals) {
    await holdInDoubt(tx, ctx, [postId]);
    const post = await readPost(tx, postId);
    await voidApprovals(tx, ctx, actor, post, 'the post was handed over to who approved it');
    if (post.team.requiresApproval) await waitForApproval(tx, ctx, actor, post);
  }
}

/**
 * What is leaving right now is asked about again at its next claim, by the worker itself. What may be live already is asked
 * about first: its answer goes on waiting, and asks for approval then (resolve-publication.ts).
 */
async function waitForApproval(tx: Tx, ctx: AppContext, actor: Actor, post: PostForChange): Promise<void> {
  const waiting = post.publications.filter((one) => WAITING.includes(one.status) && !mayBeLive(one));
  if (waiting.length === 0) return;
  for (const publication of waiting)
    await movePublication(tx, publication, 'awaiting_approval', {
      nextAttemptAt: null,
      errorCode: null,
      errorMessage: null,
    });
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

function refusedRecipient(message: string): Refusal {
  return new Refusal('invalid', message, { to: message });
}
