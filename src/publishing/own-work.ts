/**
 * Four eyes: nobody approves what is his own. Which changes an approval covers is counted and kept with it, not told by
 * times: the processes that save a change and an approval have clocks of their own. Both happen under the post's lock.
 */
import type { Approval } from '@prisma/client';
import { z } from 'zod';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';

const kept = z.object({ changesCovered: z.record(z.string(), z.number()) });

/** What approve-post.ts keeps beside the content: how often each person has changed the post so far, by his id. */
export async function changesCovered(tx: Tx, postId: string): Promise<z.infer<typeof kept>> {
  const byPerson = await tx.auditEvent.groupBy({ by: ['actorId'], where: changesOf(postId), _count: { _all: true } });
  return {
    changesCovered: Object.fromEntries(
      byPerson.flatMap(({ actorId, _count }) => (actorId === null ? [] : [[actorId, _count._all]])),
    ),
  };
}

/**
 * Nobody approves what he wrote, whoever is its author by now, nor what he has changed since it was last approved.
 * The caller holds the post's lock. @throws Refusal
 */
export async function refuseOwnWork(tx: Tx, actor: Actor, postId: string): Promise<void> {
  const created = { entity: 'Post', entityId: postId, actorId: actor.id, action: 'post.created' };
  if ((await tx.auditEvent.count({ where: created })) > 0)
    throw new Refusal('forbidden', 'You wrote this post, so somebody else has to approve it.');
  const own = await tx.auditEvent.count({ where: { ...changesOf(postId), actorId: actor.id } });
  if (own === 0) return;
  for (const approval of await tx.approval.findMany({ where: { postId } }))
    if ((await coveredBy(tx, approval, actor.id)) >= own) return;
  throw new Refusal('forbidden', 'You changed this post, so somebody else has to approve it.');
}

async function coveredBy(tx: Tx, { postId, content, approvedAt }: Approval, actorId: string): Promise<number> {
  const counted = kept.safeParse(content);
  if (counted.success) return counted.data.changesCovered[actorId] ?? 0;
  // An approval from before this was kept has its time only.
  return tx.auditEvent.count({ where: { ...changesOf(postId), actorId, occurredAt: { lte: approvedAt } } });
}

function changesOf(postId: string) {
  return { entity: 'Post', entityId: postId, action: 'post.edited' };
}
