/** What the first page shows: what waits for a person, what leaves next, what went out and how late, what happened. */
import type { AppContext } from '../context.ts';
import { type Actor, canSometimes, type ResourceName } from '../domain/access.ts';
import { PLATFORM_LABEL } from '../domain/platform-name.ts';
import { NEEDS_ATTENTION } from '../domain/publication.ts';
import { peopleToHandOver } from '../publishing/hand-over-report.ts';
import { oldestOverdueSeconds } from '../publishing/overdue.ts';
import { workerPresence } from '../publishing/worker-presence.ts';
import { sandboxFeed } from './account-address.ts';
import { deadConnections } from './dead-connections.ts';
import { endingConnections } from './ending-connections.ts';
import { aboutText, goesOnBy, toldPost } from './event-subject.ts';
import { recordListing } from './post-viewing.ts';
import { problemsAhead } from './problems-ahead.ts';
import { definitionOf, type ResourceDefinition } from './resource-definition.ts';
import type { Where } from './resource-query.ts';

const LENGTH = 6;
const WEEK_MS = 7 * 86_400_000;
/** Awaiting approval is work for a person as well, but nothing is wrong with it. */
const WAITING = [...NEEDS_ATTENTION, 'awaiting_approval'] as const;

const ROW = {
  id: true,
  teamId: true,
  status: true,
  text: true,
  dueAt: true,
  sentAt: true,
  acceptedAt: true,
  nextAttemptAt: true,
  permalink: true,
  errorCode: true,
  errorMessage: true,
  account: { select: { id: true, platform: true, displayName: true } },
  post: { select: { id: true, text: true, author: { select: { name: true } } } },
} as const;

/** @param definitions whose scopes limit every query here: a dashboard shows nothing its lists would not */
export async function dashboardData(
  ctx: AppContext,
  actor: Actor,
  definitions: readonly ResourceDefinition[],
): Promise<Record<string, unknown>> {
  const within = (name: ResourceName, ...conditions: Where[]) => ({
    AND: [definitionOf(definitions, name).spec.scope(actor), ...conditions],
  });
  const now = ctx.clock.now();
  const recently = new Date(now.getTime() - WEEK_MS);
  const { db } = ctx;
  const attention = within('Publication', { status: { in: WAITING } });
  const upcoming = within('Publication', { status: { in: ['scheduled', 'retrying', 'publishing'] } });
  const published = within('Publication', { status: 'published', acceptedAt: { gte: recently } });
  const activeAccounts = within('ConnectedAccount', { status: 'active' });

  const [
    attentionItems,
    upcomingItems,
    publishedItems,
    activity,
    attentionCount,
    upcomingCount,
    publishedCount,
    drafts,
    accounts,
    dead,
    ending,
    ahead,
    late,
    workers,
    overdueSeconds,
    toHandOver,
  ] = await Promise.all([
    db.publication.findMany({
      where: attention,
      orderBy: [{ dueAt: { sort: 'asc', nulls: 'first' } }, { id: 'asc' }],
      take: LENGTH,
      select: ROW,
    }),
    db.publication.findMany({ where: upcoming, orderBy: [{ dueAt: 'asc' }, { id: 'asc' }], take: LENGTH, select: ROW }),
    db.publication.findMany({
      where: within('Publication', { status: 'published' }),
      orderBy: [{ acceptedAt: { sort: 'desc', nulls: 'last' } }, { id: 'desc' }],
      take: LENGTH,
      select: ROW,
    }),
    db.auditEvent.findMany({
      where: within('AuditEvent'),
      orderBy: [{ occurredAt: 'desc' }, { id: 'desc' }],
      take: LENGTH + 2,
      select: {
        id: true,
        action: true,
        entity: true,
        entityId: true,
        teamId: true,
        metadata: true,
        occurredAt: true,
        actor: { select: { name: true } },
      },
    }),
    db.publication.count({ where: attention }),
    db.publication.count({ where: upcoming }),
    db.publication.count({ where: published }),
    db.post.count({ where: within('Post', { status: 'draft' }) }),
    db.connectedAccount.count({ where: activeAccounts }),
    deadConnections(ctx, actor, within('ConnectedAccount'), within('Publication')),
    endingConnections(ctx, actor, within('ConnectedAccount'), within('Publication')),
    problemsAhead(ctx, within('Publication')),
    db.publication.findMany({
      where: within('Publication', {
        status: 'published',
        acceptedAt: { gte: recently },
        sentAt: { not: null },
        dueAt: { not: null },
      }),
      orderBy: { acceptedAt: 'desc' },
      take: 200,
      select: { dueAt: true, sentAt: true },
    }),
    workerPresence(ctx),
    oldestOverdueSeconds(ctx),
    actor.isSuperuser ? peopleToHandOver(ctx) : [],
  ]);

  await recordListing(ctx, actor, { where: 'dashboard' }, [
    ...[...attentionItems, ...upcomingItems, ...publishedItems].map(({ post, teamId }) => ({
      postId: post.id,
      teamId,
    })),
    ...dead.flatMap(({ teamId, waiting }) => waiting.first.map(({ postId }) => ({ postId, teamId }))),
    ...ahead.first,
    ...activity.flatMap(toldPost),
  ]);
  const ids = activity.flatMap(({ entity, entityId }) => (entity === 'Publication' && entityId ? [entityId] : []));
  const accountsOf = await db.publication.findMany({
    where: within('Publication', { id: { in: ids } }),
    select: { id: true, account: { select: { platform: true, displayName: true } } },
  });

  return {
    now,
    counts: { attention: attentionCount, upcoming: upcomingCount, published: publishedCount, drafts, accounts },
    attention: attentionItems,
    upcoming: upcomingItems,
    published: publishedItems,
    activity: activity.map(({ metadata, actor: person, ...event }) => ({
      ...event,
      actor: person?.name ?? null,
      about: aboutText(metadata),
      by: goesOnBy(metadata),
      account: accountsOf.find(({ id }) => id === event.entityId)?.account ?? null,
    })),
    accountsToReconnect: dead,
    endingConnections: ending,
    problemsAhead: ahead,
    toHandOver,
    workerRuns: workers.some(({ state }) => state === 'running'),
    // Machines and their processes are the operator's business.
    workers: actor.isSuperuser ? workers : [],
    overdueSeconds,
    medianLatenessMs: median(late.map(({ dueAt, sentAt }) => (sentAt?.getTime() ?? 0) - (dueAt?.getTime() ?? 0))),
    platforms: Object.values(ctx.platforms).map(({ platform, sandboxed, organizationScopes }) => ({
      platform,
      organizations: organizationScopes !== undefined,
      label: PLATFORM_LABEL[platform],
      sandboxed,
      feedUrl: sandboxed ? sandboxFeed(ctx, platform) : null,
    })),
    teams: await teamsToConnectFor(ctx, actor),
    mayWrite: canSometimes(actor, 'Post', 'new'),
  };
}

async function teamsToConnectFor(ctx: AppContext, actor: Actor): Promise<{ id: string; name: string }[]> {
  const where = actor.isSuperuser ? {} : { id: { in: actor.memberships.map(({ teamId }) => teamId) } };
  return ctx.db.team.findMany({ where, orderBy: { name: 'asc' }, take: 50, select: { id: true, name: true } });
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
