/**
 * What every page shows above its own content: the holds that are in force for this person, and what releasing each would
 * do. Asked every few seconds, so it is little.
 */
import { type RequestHandler, Router } from 'express';
import type { AppContext } from '../context.ts';
import { type Actor, can } from '../domain/access.ts';
import { forecastRelease } from '../publishing/holds.ts';
import { actingContext, actorOf } from './acting.ts';
import type { ResourceSpec } from './scoped-resource.ts';

/** More banners than these would push every page out of sight; the list of holds has them all. */
const MOST_SHOWN = 5;

/** @param holds whose scope says which holds somebody may know of */
export function standingOrders(ctx: AppContext, holds: Pick<ResourceSpec, 'scope'>): RequestHandler {
  const router = Router();
  router.get('/', async (req, res) => {
    res.setHeader('Cache-Control', 'no-store').json(await activeHolds(ctx, actorOf(actingContext(req)), holds));
  });
  return router;
}

async function activeHolds(ctx: AppContext, actor: Actor, { scope }: Pick<ResourceSpec, 'scope'>) {
  const where = { AND: [scope(actor), { releasedAt: null }] };
  const [total, holds] = await Promise.all([
    ctx.db.hold.count({ where }),
    ctx.db.hold.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: MOST_SHOWN,
      include: {
        team: { select: { name: true } },
        account: { select: { displayName: true, platform: true } },
        createdBy: { select: { name: true } },
      },
    }),
  ]);
  return {
    total,
    holds: await Promise.all(
      holds.map(async (hold) => {
        const mayRelease = can(actor, 'Hold', 'release', { ownerId: null, teamId: hold.teamId });
        return {
          id: hold.id,
          scope: hold.scope,
          platform: hold.platform,
          team: hold.team?.name ?? null,
          account: hold.account,
          reason: hold.reason,
          createdAt: hold.createdAt,
          createdBy: hold.createdBy?.name ?? null,
          mayRelease,
          // How much waits elsewhere is nobody else's business.
          forecast: mayRelease ? await forecastRelease(ctx.db, hold) : null,
        };
      }),
    ),
  };
}
