import type { AppContext } from '../../context.ts';
import { createHold, forecastRelease, releaseHold } from '../../publishing/holds.ts';
import { textField } from '../payload.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { pick, readableTeams, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { newAction, recordAction } from '../write-actions.ts';

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
      // Whoever waits may know why, also when the hold is for everything.
      scope: (actor) => {
        const teams = readableTeams(actor, 'Hold');
        return teams === null ? {} : { OR: [{ teamId: { in: teams } }, { scope: { in: ['everything', 'platform'] } }] };
      },
      subject: (row) => ({ ownerId: null, teamId: text(row.teamId) }),
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
      show: showAction(async (record) => ({
        forecast: await forecastRelease(ctx.db, await ctx.db.hold.findUniqueOrThrow({ where: { id: record.id() } })),
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
