import type { AppContext } from '../../context.ts';
import { createTeam, type TeamInput, updateTeam } from '../../identity/teams.ts';
import { booleanField, type Payload, textField, versionField } from '../payload.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { pick, readableTeams } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { editAction, newAction } from '../write-actions.ts';

export function teamResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'Team',
      columns: [
        'id',
        'name',
        'timeZone',
        'requiresApproval',
        'latePolicy',
        'lateLimitMinutes',
        'resendWhenAbsent',
        'createdAt',
        'updatedAt',
      ],
      filters: ['id', 'name', 'timeZone', 'requiresApproval', 'latePolicy', 'createdAt'],
      searchColumns: ['name'],
      scope: (actor) => {
        const teams = readableTeams(actor, 'Team');
        return teams === null ? {} : { id: { in: teams } };
      },
      subject: (row) => ({ ownerId: null, teamId: row.id }),
    },
    options: {
      navigation: { name: 'people', icon: 'Users' },
      titleProperty: 'name',
      sort: { sortBy: 'name', direction: 'asc' },
      listProperties: ['name', 'timeZone', 'requiresApproval', 'latePolicy', 'createdAt'],
      showProperties: [
        'name',
        'timeZone',
        'requiresApproval',
        'latePolicy',
        'lateLimitMinutes',
        'resendWhenAbsent',
        'createdAt',
        'updatedAt',
      ],
      editProperties: ['name', 'timeZone', 'requiresApproval', 'latePolicy', 'lateLimitMinutes', 'resendWhenAbsent'],
      filterProperties: ['name'],
    },
    actions: {
      list: listAction(),
      search: searchAction,
      show: showAction(),
      new: newAction(
        async (actor, payload) => {
          const { id } = await createTeam(ctx, actor, inputOf(payload));
          return { id, notice: 'The team is there. Add its people under Memberships.' };
        },
        { icon: 'Plus', variant: 'primary' },
      ),
      edit: editAction(
        async (actor, id, payload) => {
          await updateTeam(ctx, actor, id, inputOf(payload), versionField(payload));
          return { notice: 'Saved.' };
        },
        { icon: 'Edit' },
      ),
    },
  };
}

function inputOf(payload: Payload): TeamInput {
  return pick({
    name: textField(payload, 'name'),
    timeZone: textField(payload, 'timeZone'),
    requiresApproval: booleanField(payload, 'requiresApproval'),
    latePolicy: textField(payload, 'latePolicy') ?? undefined,
    lateLimitMinutes: textField(payload, 'lateLimitMinutes') ?? undefined,
    resendWhenAbsent: booleanField(payload, 'resendWhenAbsent'),
  });
}
