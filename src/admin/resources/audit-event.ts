import { listAction, searchAction, showAction } from '../read-actions.ts';
import { ownedScope, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/** Who did what: read-only for everybody, by this panel and by a trigger in the database. */
export function auditEventResource(): ResourceDefinition {
  return {
    spec: {
      name: 'AuditEvent',
      columns: [
        'id',
        'actor',
        'action',
        'entity',
        'entityId',
        'team',
        'metadata',
        'occurredAt',
        'position',
        'previousHash',
        'hash',
      ],
      filters: ['id', 'actor', 'action', 'entity', 'entityId', 'team', 'occurredAt'],
      searchColumns: ['action', 'entity', 'entityId'],
      scope: (actor) =>
        ownedScope(
          actor,
          'AuditEvent',
          (teamId) => ({ teamId }),
          (teamId) => ({ teamId, actorId: actor.id }),
        ),
      subject: (row) => ({ ownerId: text(row.actorId), teamId: text(row.teamId) }),
    },
    options: {
      navigation: { name: 'audit', icon: 'Shield' },
      titleProperty: 'action',
      sort: { sortBy: 'occurredAt', direction: 'desc' },
      listProperties: ['occurredAt', 'action', 'actor', 'entity', 'team'],
      showProperties: [
        'occurredAt',
        'action',
        'actor',
        'entity',
        'entityId',
        'team',
        'metadata',
        'position',
        'previousHash',
        'hash',
      ],
      filterProperties: ['action', 'actor', 'entity', 'team', 'occurredAt'],
    },
    actions: { list: listAction(), search: searchAction, show: showAction() },
  };
}
