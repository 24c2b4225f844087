import type { AppContext } from '../../context.ts';
import { actorOf } from '../acting.ts';
import { recordViewing } from '../post-viewing.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { ownedScope, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/** Evidence of every try: read-only for everybody. */
export function publishAttemptResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'PublishAttempt',
      columns: [
        'id',
        'publication',
        'number',
        'state',
        'outcome',
        'dueAt',
        'sentAt',
        'acceptedAt',
        'finishedAt',
        'httpStatus',
        'errorCode',
        'errorMessage',
        'externalId',
        'requestHash',
        'createdAt',
      ],
      filters: [
        'id',
        'publication',
        'number',
        'state',
        'outcome',
        'sentAt',
        'acceptedAt',
        'finishedAt',
        'httpStatus',
        'errorCode',
        'externalId',
        'createdAt',
      ],
      searchColumns: ['errorCode', 'errorMessage', 'externalId'],
      select: { publication: { select: { teamId: true, postId: true, post: { select: { authorId: true } } } } },
      scope: (actor) =>
        ownedScope(
          actor,
          'PublishAttempt',
          (teamId) => ({ publication: { teamId } }),
          (teamId) => ({ publication: { teamId, post: { authorId: actor.id } } }),
        ),
      subject: (row) => {
        const publication = row.publication as { teamId?: unknown; post?: { authorId?: unknown } } | null;
        return { ownerId: text(publication?.post?.authorId), teamId: text(publication?.teamId) };
      },
      // It refers to its publication, which has the text for its account.
      posts: (row) => {
        const { postId, teamId } = row.publication as { postId: string; teamId: string };
        return [{ postId, teamId }];
      },
    },
    options: {
      navigation: { name: 'audit', icon: 'Shield' },
      titleProperty: 'number',
      sort: { sortBy: 'createdAt', direction: 'desc' },
      listProperties: ['sentAt', 'publication', 'number', 'state', 'httpStatus', 'errorCode'],
      filterProperties: ['state', 'sentAt'],
    },
    actions: {
      list: listAction(),
      search: searchAction,
      show: showAction(async (record, context) => {
        const { publication } = await ctx.db.publishAttempt.findUniqueOrThrow({
          where: { id: record.id() },
          select: { publication: { select: { postId: true, teamId: true } } },
        });
        await recordViewing(ctx, actorOf(context), publication);
        return {};
      }),
    },
  };
}
