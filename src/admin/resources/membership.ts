import type { AppContext } from '../../context.ts';
import { createMembership, deleteMembership, updateMembership } from '../../identity/teams.ts';
import { textField, versionField } from '../payload.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { historyDetails } from '../record-history.ts';
import { ownedScope, pick, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { deleteAction, editAction, newAction } from '../write-actions.ts';

export function membershipResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'Membership',
      columns: ['id', 'user', 'team', 'role', 'createdAt', 'updatedAt'],
      filters: ['id', 'user', 'team', 'role', 'createdAt'],
      searchColumns: [],
      scope: (actor) =>
        ownedScope(
          actor,
          'Membership',
          (teamId) => ({ teamId }),
          (teamId) => ({ teamId, userId: actor.id }),
        ),
      subject: (row) => ({ ownerId: text(row.userId), teamId: text(row.teamId) }),
    },
    options: {
      navigation: { name: 'people', icon: 'Users' },
      titleProperty: 'role',
      sort: { sortBy: 'createdAt', direction: 'desc' },
      listProperties: ['user', 'team', 'role', 'createdAt'],
      showProperties: ['user', 'team', 'role', 'createdAt', 'updatedAt'],
      editProperties: ['user', 'team', 'role'],
      filterProperties: ['user', 'team', 'role'],
    },
    actions: {
      list: listAction(),
      search: searchAction,
      show: showAction(historyDetails(ctx, 'Membership')),
      new: newAction(
        async (actor, payload) => {
          const input = pick({
            user: textField(payload, 'user'),
            team: textField(payload, 'team'),
            role: textField(payload, 'role'),
          });
          const { id } = await createMembership(ctx, actor, input);
          return { id, notice: 'Added to the team.' };
        },
        { icon: 'UserPlus', variant: 'primary' },
      ),
      edit: editAction(
        async (actor, id, payload) => {
          await updateMembership(ctx, actor, id, pick({ role: textField(payload, 'role') }), versionField(payload));
          return { notice: 'Saved. The new role counts from the next click of this person.' };
        },
        { icon: 'Edit' },
      ),
      delete: deleteAction(async (actor, id) => {
        await deleteMembership(ctx, actor, id);
        return { notice: 'Removed from the team.' };
      }),
    },
  };
}
