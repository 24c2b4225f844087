import type { AppContext } from '../../context.ts';
import type { Actor } from '../../domain/access.ts';
import { canCancel, canRetry, isPublicationStatus, mayBeLive, type Standing } from '../../domain/publication.ts';
import { cancelMany, type DecidedMany, resolveMany, retryMany } from '../../publishing/many-publications.ts';
import { resolvePublication } from '../../publishing/resolve-publication.ts';
import { cancelPublication, retryPublication } from '../../publishing/retry-publication.ts';
import { actorOf } from '../acting.ts';
import { absentNotice, retryNotice } from '../launch-notice.ts';
import { textField } from '../payload.ts';
import { recordViewing } from '../post-viewing.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { publicationDetails } from '../record-details.ts';
import { ownedScope, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { Where } from '../resource-query.ts';
import { manyAction, recordAction } from '../write-actions.ts';

export function publicationResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'Publication',
      columns: [
        'id',
        'post',
        'account',
        'team',
        'status',
        'text',
        'dueAt',
        'sentAt',
        'acceptedAt',
        'externalId',
        'permalink',
        'attemptCount',
        'maxAttempts',
        'retryBaseSeconds',
        'latePolicy',
        'lateLimitMinutes',
        'nextAttemptAt',
        'errorCode',
        'errorMessage',
        'createdAt',
        'updatedAt',
      ],
      filters: [
        'id',
        'post',
        'account',
        'team',
        'status',
        'dueAt',
        'sentAt',
        'acceptedAt',
        'externalId',
        'permalink',
        'attemptCount',
        'nextAttemptAt',
        'errorCode',
        'createdAt',
        'updatedAt',
      ],
      searchColumns: ['permalink', 'externalId', 'errorCode', 'errorMessage'],
      select: {
        post: { select: { authorId: true } },
        attempts: {
          where: { state: 'unknown' },
          select: { lookUps: true, absentReads: true, nextLookUpAt: true },
          orderBy: { number: 'desc' },
          take: 1,
        },
      },
      scope: publicationScope,
      subject: (row) => ({
        ownerId: text((row.post as { authorId?: unknown } | null)?.authorId),
        teamId: text(row.teamId),
      }),
      extras: lookUpsOf,
      // A list names each by the words of its post.
      posts: ({ postId, teamId }) => [{ postId: String(postId), teamId: text(teamId) }],
    },
    options: {
      navigation: { name: 'write', icon: 'Edit3' },
      titleProperty: 'id',
      sort: { sortBy: 'dueAt', direction: 'desc' },
      listProperties: ['post', 'account', 'status', 'dueAt', 'lateness'],
      showProperties: [
        'post',
        'account',
        'team',
        'status',
        'text',
        'dueAt',
        'sentAt',
        'acceptedAt',
        'permalink',
        'externalId',
        'attemptCount',
        'nextAttemptAt',
        'errorCode',
        'errorMessage',
      ],
      editProperties: [],
      filterProperties: ['status', 'account', 'team', 'dueAt'],
      // No column: what stands there is reckoned from the times.
      properties: {
        lateness: {
          type: 'string',
          isSortable: false,
          isVisible: { list: true, show: false, edit: false, filter: false },
        },
      },
    },
    actions: {
      list: listAction(),
      search: searchAction,
      show: showAction(
        async (record, context) => {
          const actor = actorOf(context);
          const details = await publicationDetails(ctx, actor, record.id());
          // Its page shows the whole post.
          await recordViewing(ctx, actor, { postId: details.post.id, teamId: record.subject.teamId });
          return details;
        },
        { component: 'PublicationPage' },
      ),
      retry: recordAction(
        async (actor, id) => {
          await retryPublication(ctx, actor, id);
          return { notice: await retryNotice(ctx, id, 'Sent again. It will be there in a moment.') };
        },
        { icon: 'RefreshCw', isVisible: whileIt(canRetry) },
      ),
      cancel: recordAction(
        async (actor, id) => {
          await cancelPublication(ctx, actor, id);
          return { notice: 'Cancelled. It will not be published to this account, unless the post is scheduled again.' };
        },
        { icon: 'XCircle', isVisible: whileIt(canCancel) },
      ),
      resolve: recordAction(
        async (actor, id, payload) => {
          const resolution = textField(payload, 'resolution') ?? '';
          await resolvePublication(ctx, actor, id, {
            resolution,
            permalink: textField(payload, 'permalink') ?? undefined,
            reason: textField(payload, 'reason') ?? '',
          });
          return {
            notice:
              resolution === 'live'
                ? 'Noted as published.'
                : resolution === 'absent'
                  ? await absentNotice(ctx, id)
                  : 'Given up. It will not be sent again.',
          };
        },
        { icon: 'HelpCircle', isVisible: whileIt(mayBeLive) },
      ),
      retryMany: manyAction(async (actor, ids) => {
        const decided = await retryMany(ctx, actor, ids);
        return { ...decided, notice: sentence(decided, 'sent again', 'could not be sent again') };
      }),
      cancelMany: manyAction(async (actor, ids) => {
        const decided = await cancelMany(ctx, actor, ids);
        return { ...decided, notice: sentence(decided, 'given up', 'could not be given up') };
      }),
      resolveMany: manyAction(async (actor, ids, payload) => {
        const resolution = textField(payload, 'resolution') ?? '';
        const decided = await resolveMany(ctx, actor, ids, {
          resolution,
          reason: textField(payload, 'reason') ?? '',
        });
        return { ...decided, notice: sentence(decided, 'answered', 'no longer unconfirmed') };
      }),
    },
  };
}

/** How often the post was looked for, of one whose outcome is unknown. */
function lookUpsOf({ status, attempts }: Record<string, unknown>): Record<string, unknown> {
  if (status !== 'unconfirmed') return {};
  const [open] = attempts as { lookUps: number; absentReads: number; nextLookUpAt: Date | null }[];
  return { lookUps: 0, absentReads: 0, nextLookUpAt: null, ...open };
}

export function publicationScope(actor: Actor): Where {
  return ownedScope(
    actor,
    'Publication',
    (teamId) => ({ teamId }),
    (teamId) => ({ teamId, post: { authorId: actor.id } }),
  );
}

/** Such as `4 answered, 1 no longer unconfirmed.` */
function sentence({ done, leftOut }: DecidedMany, did: string, didNot: string): string {
  const gone = leftOut.filter((one) => one.gone).length;
  const parts = [
    `${done} ${did}`,
    ...(leftOut.length > gone ? [`${leftOut.length - gone} ${didNot}`] : []),
    ...(gone > 0 ? [`${gone} not there, or not yours to decide`] : []),
  ];
  return `${parts.join(', ')}.`;
}

function whileIt(stands: (publication: Standing) => boolean) {
  return ({ record }: { record?: { params: Record<string, unknown> } }) => {
    if (record === undefined) return true;
    const { status, errorCode } = record.params;
    return (
      isPublicationStatus(status) && stands({ status, errorCode: typeof errorCode === 'string' ? errorCode : null })
    );
  };
}
