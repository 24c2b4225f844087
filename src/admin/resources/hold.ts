import type { AppContext } from '../../context.ts';
import { type Actor, readScope } from '../../domain/access.ts';
import { createHold, forecastRelease, releaseHold } from '../../publishing/holds.ts';
import { textField } from '../payload.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { historyDetails } from '../record-history.ts';
import { pick, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { Where } from '../resource-query.ts';
import { newAction, recordAction } from '../write-actions.ts';
import { accountScope } from './connected-account.ts';

export function holdResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'Hold',
      columns: [
        'id',
        'scope',
        'platform',
        'team',
        'account',
        'reason',
        'createdBy',
        'createdAt',
        'releasedAt',
        'releasedBy',
      ],
      filters: ['id', 'scope', 'platform', 'team', 'account', 'createdBy', 'createdAt', 'releasedAt'],
      searchColumns: ['reason'],
      select: { account: { select: { ownerId: true } } },
      scope: holdScope,
      subject: (row) => ({
        ownerId: text((row.account as { ownerId?: unknown } | null)?.ownerId),
        teamId: text(row.teamId),
      }),
    },
    options: {
      navigation: { name: 'accounts', icon: 'Link' },
      titleProperty: 'reason',
      sort: { sortBy: 'createdAt', direction: 'desc' },
      // `scope` shows the platform, team or account as well.
      listProperties: ['reason', 'scope', 'createdBy', 'createdAt', 'releasedAt'],
      showProperties: [
        'reason',
        'scope',
        'platform',
        'team',
        'account',
        'createdBy',
        'createdAt',
        'releasedAt',
        'releasedBy',
      ],
      editProperties: ['scope', 'platform', 'team', 'account', 'reason'],
      filterProperties: ['scope', 'team', 'releasedAt'],
    },
    actions: {
      list: listAction(),
      search: searchAction,
      // What releasing would do is asked before it is done.
      show: showAction(async (record, context) => ({
        forecast: await forecastRelease(ctx.db, await ctx.db.hold.findUniqueOrThrow({ where: { id: record.id() } })),
        ...(await historyDetails(ctx, 'Hold')(record, context)),
      })),
      new: newAction(
        async (actor, payload) => {
          const target = pick({
            platform: textField(payload, 'platform'),
            team: textField(payload, 'team'),
            account: textField(payload, 'account'),
          });
          const { id } = await createHold(ctx, actor, {
            ...target,
            scope: textField(payload, 'scope') ?? '',
            reason: textField(payload, 'reason') ?? '',
          });
          return { id, notice: 'On hold. Nothing it covers will be published until it is released.' };
        },
        { icon: 'PauseCircle', variant: 'danger' },
      ),
      release: recordAction(
        async (actor, id, payload) => {
          const { goingOn } = await releaseHold(ctx, actor, id, textField(payload, 'reason') ?? '');
          return {
            notice:
              goingOn === 0
                ? 'Released. Nothing was waiting for it alone.'
                : `Released. ${goingOn === 1 ? 'One publication goes' : `${goingOn} publications go`} on.`,
          };
        },
        {
          icon: 'PlayCircle',
          isVisible: ({ record }) => record?.params.releasedAt === null || record?.params.releasedAt === undefined,
        },
      ),
    },
  };
}

/**
 * Whoever waits may know why, also when the hold is for everything. A hold on a colleague's personal account keeps nobody
 * else waiting: it is seen by those who see the account.
 */
function holdScope(actor: Actor): Where {
  const scope = readScope(actor, 'Hold');
  if (scope.all) return {};
  const teams = scope.teams.map(({ teamId, team }): Where => {
    return team ? { teamId } : { teamId, OR: [{ accountId: null }, { account: accountScope(actor) }] };
  });
  return { OR: [...teams, { scope: { in: ['everything', 'platform'] } }] };
}
