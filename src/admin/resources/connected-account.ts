import type { ConnectedAccount } from '@prisma/client';
import type { ActionContext, ActionRequest, ActionResponse } from 'adminjs';
import { shareAccount } from '../../accounts/share-account.ts';
import type { AppContext } from '../../context.ts';
import { type Actor, readScope } from '../../domain/access.ts';
import { restEnd } from '../../publishing/account-rest.ts';
import { disconnectAndHold } from '../../publishing/hold-account.ts';
import { accountAddress, reconnectAddress } from '../account-address.ts';
import { actorOf } from '../acting.ts';
import { endingConnections } from '../ending-connections.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { historyDetails } from '../record-history.ts';
import { text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { Where } from '../resource-query.ts';
import { justConnectedShared, sharedAccounts } from '../shared-accounts.ts';
import { recordAction } from '../write-actions.ts';
import { publicationScope } from './publication.ts';

export function connectedAccountResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'ConnectedAccount',
      columns: [
        'id',
        'platform',
        'kind',
        'displayName',
        'externalId',
        'profileUrl',
        'status',
        'statusReason',
        'scopes',
        'team',
        'owner',
        'connectedBy',
        'connectedAt',
        'lastUsedAt',
        'tokenExpiresAt',
        'refreshTokenExpiresAt',
        'permissionEndsAt',
        'createdAt',
        'updatedAt',
      ],
      filters: [
        'id',
        'platform',
        'kind',
        'displayName',
        'externalId',
        'status',
        'team',
        'owner',
        'connectedBy',
        'connectedAt',
        'lastUsedAt',
        'tokenExpiresAt',
        'permissionEndsAt',
      ],
      searchColumns: ['displayName', 'externalId'],
      scope: accountScope,
      subject: (row) => ({ ownerId: text(row.ownerId), teamId: text(row.teamId) }),
      extras: (row) => ({ address: accountAddress(ctx, row as unknown as ConnectedAccount) }),
    },
    options: {
      navigation: { name: 'accounts', icon: 'Link' },
      titleProperty: 'displayName',
      sort: { sortBy: 'displayName', direction: 'asc' },
      listProperties: ['displayName', 'platform', 'status', 'team', 'owner', 'lastUsedAt', 'permissionEndsAt'],
      showProperties: [
        'displayName',
        'platform',
        'kind',
        'status',
        'statusReason',
        'team',
        'owner',
        'externalId',
        'profileUrl',
        'scopes',
        'connectedBy',
        'connectedAt',
        'lastUsedAt',
        'permissionEndsAt',
        'tokenExpiresAt',
      ],
      editProperties: [],
      filterProperties: ['platform', 'status', 'team'],
      properties: { scopes: { isArray: true, isRequired: false } },
    },
    actions: {
      list: listAction({
        after: async (response: ActionResponse, _request: ActionRequest, context: ActionContext) => ({
          ...response,
          endingConnections: await ending(ctx, actorOf(context), {}),
          sharedAccounts: await justConnectedShared(ctx, actorOf(context), accountScope(actorOf(context))),
        }),
      }),
      search: searchAction,
      show: showAction(
        async (record, context) => ({
          ...(await historyDetails(ctx, 'ConnectedAccount')(record, context)),
          endingConnections: await ending(ctx, actorOf(context), { id: record.id() }),
          sharedAccounts: await sharedAccounts(ctx, actorOf(context), { id: record.id() }),
          restsUntil: await restEnd(ctx.db, record.id()),
        }),
        { component: 'AccountPage' },
      ),
      reconnect: recordAction(
        async (_actor, id) => {
          const account = await ctx.db.connectedAccount.findUniqueOrThrow({
            where: { id },
            select: { id: true, platform: true, kind: true, teamId: true },
          });
          return {
            notice: 'Continue on the platform to connect it again.',
            redirectUrl: reconnectAddress(account),
          };
        },
        { icon: 'RefreshCw' },
      ),
      share: recordAction(
        async (actor, id) => {
          await shareAccount(ctx, actor, id);
          return { notice: 'Shared: everybody in the team may publish to it now.' };
        },
        { icon: 'Users', isVisible: ({ record }) => Boolean(record?.params.owner) },
      ),
      disconnect: recordAction(
        async (actor, id) => {
          await disconnectAndHold(ctx, actor, id);
          return { notice: 'Disconnected. Its tokens are deleted; connect it again at any time.' };
        },
        { icon: 'XCircle', isVisible: ({ record }) => record?.params.status !== 'disconnected' },
      ),
    },
  };
}

function ending(ctx: AppContext, actor: Actor, which: Where) {
  return endingConnections(ctx, actor, { AND: [accountScope(actor), which] }, publicationScope(actor));
}

/** The accounts somebody may know of: a personal one is its owner's business, and beside him of those who look after the team. */
export function accountScope(actor: Actor): Where {
  const scope = readScope(actor, 'ConnectedAccount');
  if (scope.all) return {};
  const teams = scope.teams.map(({ teamId, own, shared, team }): Where => {
    if (team) return { teamId };
    return { teamId, OR: [...(shared ? [{ ownerId: null }] : []), ...(own ? [{ ownerId: actor.id }] : [])] };
  });
  return teams.length === 0 ? { id: { in: [] } } : { OR: teams };
}
