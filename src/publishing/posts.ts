/** Writing posts: create, edit, delete, duplicate. Scheduling is another verb (schedule-post.ts). */
import type { Post } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, can } from '../domain/access.ts';
import { canDeletePost, canEditPost } from '../domain/post.ts';
import { mayBeLive } from '../domain/publication.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { sameTexts, textsOf } from './account-texts.ts';
import { voidApprovals } from './approval.ts';
import {
  DEFAULT_DELIVERY,
  type DeliverySettings,
  deliveryOf,
  sameDelivery,
  sameLateRule,
} from './delivery-settings.ts';
import { isGivenUp } from './given-up.ts';
import { loadPostFor, type PostForChange } from './post-access.ts';
import { type PostImage, releaseImages, replaceImages, sameImages } from './post-images.ts';
import { type CheckedPost, checkPostInput, type PostBefore, type PostInput } from './post-input.ts';
import { addPublications, replaceAccounts } from './post-publications.ts';
import { requeueAfterEdit } from './requeue-after-edit.ts';
import { projectPostStatus } from './transition.ts';

/**
 * Saves a new draft, with one draft publication per chosen account.
 * @throws Refusal with a message per field; nothing is saved then
 */
export async function createPost(ctx: AppContext, actor: Actor, input: PostInput): Promise<Post> {
  return ctx.db.$transaction(async (tx) => {
    const teamId = await teamForNewPost(tx, actor, input.team);
    const before: PostBefore = {
      authorId: actor.id,
      teamId,
      text: '',
      linkUrl: null,
      accountIds: [],
      texts: {},
      media: [],
      scheduledAt: null,
      timeZone: null,
      wallClock: null,
      delivery: DEFAULT_DELIVERY,
    };
    const checked = await checkPostInput(tx, input, before, actor.timeZone, ctx.clock.now());
    const post = await tx.post.create({ data: { teamId, authorId: actor.id, ...columns(checked) } });
    await addPublications(
      tx,
      post,
      checked.accounts.map((account) => account.id),
      checked.texts,
      checked.delivery,
    );
    await replaceImages(tx, post.id, [], checked.content.media, ctx.clock.now());
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'post.created',
        entity: 'Post',
        entityId: post.id,
        teamId,
        metadata: summary(checked),
      },
      ctx.clock.now(),
    );
    return post;
  });
}

/**
 * Changes a post that has not left yet. A scheduled one stays scheduled: its publications move to the new time in the
 * same transaction, accounts that were added are scheduled too, accounts that were removed are taken off.
 * @param expectedUpdatedAt the version the person was looking at; another one means somebody saved meanwhile
 * @throws Refusal
 */
export async function editPost(
  ctx: AppContext,
  actor: Actor,
  postId: string,
  input: PostInput,
  expectedUpdatedAt?: Date,
): Promise<Post> {
  const saved = await ctx.db.$transaction(async (tx) => {
    const post = await loadPostFor(tx, ctx, actor, 'edit', postId);
    refuseUneditable(post);
    if (expectedUpdatedAt !== undefined && expectedUpdatedAt.getTime() !== post.updatedAt.getTime()) {
      throw new Refusal(
        'conflict',
        'Somebody changed this post while you were editing it. Open it again in another tab, compare, and save again.',
      );
    }
    if (input.team !== undefined && input.team !== null && input.team !== '' && input.team !== post.teamId) {
      throw new Refusal('invalid', 'A post stays in its team. Duplicate it in the other team instead.', {
        team: 'A post stays in its team.',
      });
    }
    const delivery = deliveryOf(post.publications);
    const accountIds = post.publications.map((publication) => publication.accountId);
    const before: PostBefore = { ...post, accountIds, texts: textsOf(post.publications), delivery };
    const checked = await checkPostInput(tx, input, before, actor.timeZone, ctx.clock.now());
    const changed = changedFields(post, checked, delivery);
    const redelivered = !sameDelivery(delivery, checked.delivery);
    const updated = await tx.post.update({ where: { id: post.id }, data: columns(checked) });
    await replaceAccounts(
      tx,
      post,
      checked.accounts.map((account) => account.id),
      checked.texts,
      checked.delivery,
    );
    await replaceImages(tx, post.id, post.media, checked.content.media, ctx.clock.now());
    if (redelivered)
      // Nothing of an editable post has left, so all of it gets the new settings.
      await tx.publication.updateMany({ where: { postId: post.id }, data: checked.delivery });
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'post.edited',
        entity: 'Post',
        entityId: post.id,
        teamId: post.teamId,
        metadata: {
          ...summary(checked),
          changed: redelivered && !changed.includes('delivery') ? [...changed, 'delivery'] : changed,
          ...(redelivered ? { ...checked.delivery } : {}),
        },
      },
      ctx.clock.now(),
    );
    // How often it is tried is not what somebody approved: that alone asks for no new approval.
    if (changed.length > 0) await voidApprovals(tx, ctx, actor, post, 'the post was changed');
    await requeueAfterEdit(tx, ctx, actor, post, checked, changed.length > 0);
    await projectPostStatus(tx, post.id);
    return updated.id;
  });
  ctx.wake();
  return ctx.db.post.findUniqueOrThrow({ where: { id: saved } });
}

/** Deletes a draft. Anything that was ever sent stays, for the audit. @throws Refusal */
export async function deletePost(ctx: AppContext, actor: Actor, postId: string): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const post = await loadPostFor(tx, ctx, actor, 'delete', postId);
    const attempts = await tx.publishAttempt.count({ where: { publication: { postId } } });
    const statuses = post.publications.map((publication) => publication.status);
    if (post.publications.some(isGivenUp))
      throw new Refusal(
        'conflict',
        'This post was given up while it may be live, so it stays on record. It cannot be deleted.',
      );
    if (!canDeletePost(statuses, attempts)) {
      throw new Refusal(
        'conflict',
        attempts > 0
          ? 'This post was sent at least once, so it stays on record. It cannot be deleted.'
          : 'Only a draft or a cancelled post can be deleted. Cancel it first.',
      );
    }
    await releaseImages(tx, post.media, ctx.clock.now());
    await tx.post.delete({ where: { id: postId } });
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'post.deleted',
        entity: 'Post',
        entityId: postId,
        teamId: post.teamId,
        metadata: { text: excerpt(post.text) },
      },
      ctx.clock.now(),
    );
  });
}

/**
 * A new draft with the same texts, link, images, delivery settings and still usable accounts, without a time; its author is
 * who duplicated it.
 * @throws Refusal
 */
export async function duplicatePost(ctx: AppContext, actor: Actor, postId: string): Promise<Post> {
  const source = await ctx.db.$transaction((tx) => loadPostFor(tx, ctx, actor, 'duplicate', postId));
  const usable = source.publications.filter(
    ({ account }) => account.status !== 'disconnected' && (account.ownerId === null || account.ownerId === actor.id),
  );
  return createPost(ctx, actor, {
    text: source.text,
    linkUrl: source.linkUrl,
    team: source.teamId,
    accounts: usable.map((publication) => publication.accountId),
    texts: textsOf(usable),
    media: source.media.map(({ altText, media }) => ({ id: media.id, altText })),
    ...(usable.length === 0 ? {} : asTyped(deliveryOf(usable))),
  });
}

async function teamForNewPost(tx: Tx, actor: Actor, wanted: string | null | undefined): Promise<string> {
  const only = actor.memberships.length === 1 ? actor.memberships[0]?.teamId : undefined;
  const teamId = wanted === undefined || wanted === null || wanted === '' ? only : wanted;
  if (teamId === undefined) {
    const message =
      actor.memberships.length === 0
        ? 'You are not in a team yet. Choose the team this post is for, or ask a superuser to add you to one.'
        : 'Choose the team this post is for.';
    throw new Refusal('invalid', message, { team: message });
  }
  const exists = isUuid(teamId) && (await tx.team.findUnique({ where: { id: teamId }, select: { id: true } })) !== null;
  if (!exists || !can(actor, 'Post', 'new', { ownerId: actor.id, teamId })) {
    throw new Refusal('invalid', notFound('team').message, { team: notFound('team').message });
  }
  return teamId;
}

function refuseUneditable(post: PostForChange): void {
  const statuses = post.publications.map((publication) => publication.status);
  const unsure = post.publications.some(mayBeLive);
  if (canEditPost(statuses) && !unsure) return;
  const reason = statuses.includes('published')
    ? 'It has been published, so it is read-only. Duplicate it to write a new one.'
    : unsure
      ? 'It may already be live. Resolve it first: open its publication and say what is on the account.'
      : 'It is being published right now.';
  throw new Refusal('conflict', `This post cannot be changed. ${reason}`);
}

function columns(checked: CheckedPost) {
  return {
    text: checked.content.text,
    linkUrl: checked.content.linkUrl,
    scheduledAt: checked.schedule?.instant ?? null,
    timeZone: checked.schedule?.timeZone ?? null,
    wallClock: checked.schedule?.wallClock ?? null,
  };
}

/** Settings in the form in which a person gives them. */
function asTyped(delivery: DeliverySettings): Record<keyof DeliverySettings, string> {
  return {
    latePolicy: delivery.latePolicy ?? '',
    lateLimitMinutes: delivery.lateLimitMinutes?.toString() ?? '',
    retryBaseSeconds: delivery.retryBaseSeconds.toString(),
    maxAttempts: delivery.maxAttempts.toString(),
  };
}

/** What of it somebody may have approved. How late it may be belongs to that: it can move a post to another time. */
function changedFields(post: PostForChange, checked: CheckedPost, delivery: DeliverySettings): string[] {
  const before = post.publications
    .map((publication) => publication.accountId)
    .sort()
    .join();
  const after = checked.accounts
    .map((account) => account.id)
    .sort()
    .join();
  const changes: [string, boolean][] = [
    ['text', post.text !== checked.content.text],
    ['linkUrl', post.linkUrl !== checked.content.linkUrl],
    ['scheduledAt', post.scheduledAt?.getTime() !== checked.schedule?.instant.getTime()],
    ['timeZone', post.timeZone !== (checked.schedule?.timeZone ?? null)],
    ['accounts', before !== after],
    ['texts', !sameTexts(textsOf(post.publications), checked.texts)],
    ['media', !sameImages(post.media, checked.content.media)],
    ['delivery', !sameLateRule(delivery, checked.delivery)],
  ];
  return changes.filter(([, differs]) => differs).map(([field]) => field);
}

function summary(checked: CheckedPost) {
  return {
    text: excerpt(checked.content.text),
    scheduledAt: checked.schedule?.instant.toISOString() ?? null,
    accounts: checked.accounts.map((account) => account.id),
    ...namesOf(checked.content.media),
  };
}

/** What an image is called in the audit, which outlives it. */
function namesOf(images: readonly PostImage[]): { images?: string[] } {
  return images.length === 0 ? {} : { images: images.map(({ media }) => media.sha256) };
}

/** By code points: half an emoji is text that no database takes. */
function excerpt(text: string): string {
  const characters = [...text];
  return characters.length > EXCERPT_LENGTH ? `${characters.slice(0, EXCERPT_LENGTH - 1).join('')}…` : text;
}

const EXCERPT_LENGTH = 120;
