/** What happened to a record, newest first and page by page: on its page, and further back on request. */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { validate as isUuid } from 'uuid';
import type { AppContext } from '../context.ts';
import type { Actor, ResourceName } from '../domain/access.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { actingContext, actorOf } from './acting.ts';
import { recordListing } from './post-viewing.ts';
import type { Where } from './resource-query.ts';
import { auditScope } from './resources/audit-event.ts';
import type { ScopedRecord, ScopedResource } from './scoped-resource.ts';

/** Resources whose records have a history of their own; events and attempts are history themselves. */
const WITH_HISTORY = ['Post', 'Publication', 'ConnectedAccount', 'Team', 'User', 'Membership', 'Hold'] as const;
type WithHistory = (typeof WITH_HISTORY)[number];

const PAGE = 50;

export interface History {
  events: {
    id: string;
    action: string;
    occurredAt: Date;
    metadata: unknown;
    actor: string | null;
    /** Where it happened, in the history of a post that goes to several accounts. */
    account: { platform: string; displayName: string } | null;
  }[];
  /** The last event here, when there are older ones: what to ask for next. */
  olderThan: string | null;
}

/** For a page whose only particular is its history. */
export function historyDetails(ctx: AppContext, resource: WithHistory) {
  return async (record: ScopedRecord, context: { currentAdmin?: unknown }) => ({
    history: await historyOf(ctx, actorOf(context), resource, record.id()),
  });
}

/**
 * Called only about a record that this person may see.
 * @param olderThan an event of an earlier page
 */
export async function historyOf(
  ctx: AppContext,
  actor: Actor,
  resource: WithHistory,
  id: string,
  olderThan: string | null = null,
): Promise<History> {
  const shown: Where[] = [await about(ctx, resource, id), visibleTo(actor, resource, id)];
  const events = await ctx.db.auditEvent.findMany({
    where: { AND: [...shown, await before(ctx, shown, olderThan)] },
    orderBy: [{ occurredAt: 'desc' }, { id: 'desc' }],
    take: PAGE + 1,
    select: {
      id: true,
      action: true,
      entityId: true,
      occurredAt: true,
      metadata: true,
      actor: { select: { name: true } },
    },
  });
  const page = events.slice(0, PAGE);
  const accounts =
    resource === 'Post' ? await accountsOf(ctx, id) : new Map<string, { platform: string; displayName: string }>();
  return {
    events: page.map(({ actor: person, entityId, ...event }) => ({
      ...event,
      actor: person?.name ?? null,
      account: accounts.get(entityId ?? '') ?? null,
    })),
    olderThan: events.length > PAGE ? (page.at(-1)?.id ?? null) : null,
  };
}

/** By publication: what tells the events of several accounts apart. */
async function accountsOf(
  ctx: AppContext,
  postId: string,
): Promise<Map<string, { platform: string; displayName: string }>> {
  const publications = await ctx.db.publication.findMany({
    where: { postId },
    select: { id: true, account: { select: { platform: true, displayName: true } } },
  });
  return new Map(publications.map(({ id, account }) => [id, account]));
}

/** `GET /:resource/:id?before=EVENT`: the next page of a history, for whoever may see the record. */
export function historyPages(ctx: AppContext, resources: ReadonlyMap<ResourceName, ScopedResource>): RequestHandler {
  const router = Router();
  router.get('/:resource/:id', async (req: Request<{ resource: string; id: string }>, res: Response) => {
    const context = actingContext(req);
    const resource = WITH_HISTORY.find((name) => name === req.params.resource);
    if (resource === undefined) throw new Refusal('not-found', 'There is nothing of this name here.');
    const record = await resources.get(resource)?.findOne(req.params.id, context);
    if (record === null || record === undefined) throw notFound('record');
    if (resource === 'Post') {
      const shown = { postId: record.id(), teamId: record.subject.teamId };
      await recordListing(ctx, actorOf(context), { where: 'history' }, [shown]);
    }
    const before = typeof req.query.before === 'string' && isUuid(req.query.before) ? req.query.before : null;
    res
      .setHeader('Cache-Control', 'no-store')
      .json(await historyOf(ctx, actorOf(context), resource, record.id(), before));
  });
  return router;
}

async function before(ctx: AppContext, shown: Where[], eventId: string | null): Promise<Where> {
  if (eventId === null) return {};
  const event = await ctx.db.auditEvent.findFirst({
    where: { AND: [...shown, { id: eventId }] },
    select: { id: true, occurredAt: true },
  });
  if (event === null) throw notFound('event');
  const { id, occurredAt } = event;
  return { OR: [{ occurredAt: { lt: occurredAt } }, { occurredAt, id: { lt: id } }] };
}

/** With its kind, so that the index over both is used. A post's history is also that of its publications. */
async function about(ctx: AppContext, resource: WithHistory, id: string): Promise<Where> {
  if (resource !== 'Post') return { entity: resource, entityId: id };
  const publications = await ctx.db.publication.findMany({ where: { postId: id }, select: { id: true } });
  return {
    OR: [
      { entity: 'Post', entityId: id },
      { entity: 'Publication', entityId: { in: publications.map((publication) => publication.id) } },
    ],
  };
}

/**
 * Who sees a record sees what happened to it, with two exceptions, which are for those who may read the audit: what
 * superusers looked at, and what other people do with their own access.
 */
function visibleTo(actor: Actor, resource: WithHistory, id: string): Where {
  if (resource === 'User') return id === actor.id ? {} : auditScope(actor);
  return { OR: [{ action: { not: 'post.viewed' } }, auditScope(actor)] };
}
