import type { AppContext } from '../../context.ts';
import { createHold, releaseHold } from '../../publishing/holds.ts';
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
      listProperties: ['reason', 'scope', 'platform', 'team', 'account', 'createdBy', 'createdAt', 'releasedAt'],
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
      show: showAction(),
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
        async (actor, id) => {
          await releaseHold(ctx, actor, id);
          return { notice: 'Released. What is still in time goes out.' };
        },
        {
          icon: 'PlayCircle',
          isVisible: ({ record }) => record?.params.releasedAt === null || record?.params.releasedAt === undefined,
        },
      ),
    },
  };
}
