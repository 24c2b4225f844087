import type { AppContext } from '../../context.ts';
import { textsOf } from '../../publishing/account-texts.ts';
import { approvePost, sendPostBack } from '../../publishing/approve-post.ts';
import { type DeliverySettings, deliveryOf } from '../../publishing/delivery-settings.ts';
import { POST_IMAGES, type PostImage } from '../../publishing/post-images.ts';
import type { PostInput } from '../../publishing/post-input.ts';
import { createPost, deletePost, duplicatePost, editPost } from '../../publishing/posts.ts';
import { cancelPost, publishPostNow, schedulePost } from '../../publishing/schedule-post.ts';
import { actorOf } from '../acting.ts';
import { launchNotice } from '../launch-notice.ts';
import { listField, type Payload, textField, versionField } from '../payload.ts';
import { recordsField, textOf, textsField } from '../payload-parts.ts';
import { recordViewing } from '../post-viewing.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { postDetails } from '../record-details.ts';
import { ownedScope, pick, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { ScopedRecord } from '../scoped-resource.ts';
import { deleteAction, editAction, newAction, recordAction } from '../write-actions.ts';

/** Statuses in which the buttons below make sense; the verbs decide for themselves. */
const NOT_SENT = ['draft', 'awaiting_approval', 'scheduled', 'held', 'missed', 'failed', 'cancelled'];
const WAITING = ['draft', 'missed', 'failed', 'cancelled', 'held'];
const CANCELLABLE = ['awaiting_approval', 'scheduled', 'publishing', 'partly_published', 'held', 'missed', 'failed'];

const DELIVERY = { latePolicy: true, lateLimitMinutes: true, retryBaseSeconds: true, maxAttempts: true } as const;
const ON_THE_FORM = { type: 'string', isVisible: { list: false, show: false, edit: true, filter: false } } as const;

export function postResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'Post',
      columns: [
        'id',
        'text',
        'linkUrl',
        'scheduledAt',
        'timeZone',
        'wallClock',
        'status',
        'author',
        'team',
        'createdAt',
        'updatedAt',
      ],
      filters: [
        'id',
        'text',
        'linkUrl',
        'scheduledAt',
        'timeZone',
        'status',
        'author',
        'team',
        'createdAt',
        'updatedAt',
      ],
      searchColumns: ['text', 'linkUrl'],
      select: {
        publications: { select: { accountId: true, status: true, text: true, ...DELIVERY }, orderBy: { id: 'asc' } },
        media: POST_IMAGES,
      },
      scope: (actor) =>
        ownedScope(
          actor,
          'Post',
          (teamId) => ({ teamId }),
          (teamId) => ({ teamId, authorId: actor.id }),
        ),
      subject: (row) => ({ ownerId: text(row.authorId), teamId: text(row.teamId) }),
      posts: ({ id, teamId }) => [{ postId: id, teamId: text(teamId) }],
      extras: (row) => {
        const publications = row.publications as ({ accountId: string; text: string | null } & DeliverySettings)[];
        return {
          accounts: publications.map(({ accountId }) => accountId),
          texts: textsOf(publications),
          media: (row.media as PostImage[]).map(({ altText, media: { sha256, ...image } }) => ({ ...image, altText })),
          ...deliveryOf(publications),
        };
      },
    },
    options: {
      navigation: { name: 'write', icon: 'Edit3' },
      titleProperty: 'text',
      sort: { sortBy: 'updatedAt', direction: 'desc' },
      listProperties: ['text', 'accounts', 'status', 'scheduledAt', 'author', 'team'],
      showProperties: [
        'text',
        'linkUrl',
        'accounts',
        'status',
        'scheduledAt',
        'timeZone',
        'author',
        'team',
        'createdAt',
        'updatedAt',
      ],
      editProperties: [
        'text',
        'linkUrl',
        'accounts',
        'scheduledAt',
        'timeZone',
        'team',
        'latePolicy',
        'lateLimitMinutes',
        'retryBaseSeconds',
        'maxAttempts',
      ],
      filterProperties: ['status', 'author', 'team', 'scheduledAt'],
      properties: {
        text: { type: 'textarea' },
        accounts: {
          reference: 'ConnectedAccount',
          isArray: true,
          isVisible: { list: true, show: true, edit: true, filter: false },
        },
        // Kept elsewhere than on the post; here, so that a form that is sent back keeps what was typed.
        texts: { ...ON_THE_FORM, type: 'mixed' },
        media: { ...ON_THE_FORM, type: 'mixed', isArray: true },
        latePolicy: ON_THE_FORM,
        lateLimitMinutes: ON_THE_FORM,
        retryBaseSeconds: ON_THE_FORM,
        maxAttempts: ON_THE_FORM,
      },
    },
    actions: {
      list: listAction(),
      search: searchAction,
      show: showAction(
        async (record, context) => {
          const actor = actorOf(context);
          await recordViewing(ctx, actor, viewed(record));
          return postDetails(ctx, actor, record.id());
        },
        { component: 'PostPage' },
      ),
      new: newAction(
        async (actor, payload) => {
          const { id } = await createPost(ctx, actor, inputOf(payload));
          return { id, notice: 'Saved as a draft.' };
        },
        { component: 'PostComposer', icon: 'Plus', variant: 'primary' },
      ),
      edit: editAction(
        async (actor, id, payload) => {
          const { status } = await editPost(ctx, actor, id, inputOf(payload), versionField(payload));
          // A new time lets go on what was missed or held as late, and a hold may keep it from leaving.
          return {
            notice: status === 'scheduled' ? await launchNotice(ctx, id, 'Saved. It leaves at its time.') : 'Saved.',
          };
        },
        { component: 'PostComposer', icon: 'Edit', isVisible: hasStatus(NOT_SENT) },
        (actor, record) => recordViewing(ctx, actor, viewed(record)),
      ),
      delete: deleteAction(
        async (actor, id) => {
          await deletePost(ctx, actor, id);
          return { notice: 'The draft is deleted.' };
        },
        { isVisible: hasStatus(['draft', 'cancelled']) },
      ),
      schedule: recordAction(
        async (actor, id) => {
          await schedulePost(ctx, actor, id);
          return { notice: await launchNotice(ctx, id, 'Scheduled. It will be published on time, without you.') };
        },
        // While approval is awaited it is for a team that needs none any more.
        { icon: 'Clock', isVisible: hasStatus([...WAITING, 'awaiting_approval']) },
      ),
      publishNow: recordAction(
        async (actor, id) => {
          await publishPostNow(ctx, actor, id);
          return { notice: await launchNotice(ctx, id, 'On its way. It will be there in a moment.') };
        },
        { icon: 'Send', isVisible: hasStatus([...WAITING, 'scheduled']) },
      ),
      cancel: recordAction(
        async (actor, id) => {
          await cancelPost(ctx, actor, id);
          return { notice: 'Cancelled. Nothing more of it will be published.' };
        },
        { icon: 'XCircle', isVisible: hasStatus(CANCELLABLE) },
      ),
      duplicate: recordAction(
        async (actor, id) => {
          const copy = await duplicatePost(ctx, actor, id);
          return {
            id: copy.id,
            notice: 'Duplicated as a new draft.',
            redirectUrl: `/admin/resources/Post/records/${copy.id}/edit`,
          };
        },
        { icon: 'Copy' },
      ),
      approve: recordAction(
        async (actor, id, payload) => {
          await approvePost(ctx, actor, id, textField(payload, 'contentHash') ?? undefined);
          return { notice: await launchNotice(ctx, id, 'Approved.') };
        },
        { icon: 'CheckCircle', isVisible: hasStatus(['awaiting_approval']) },
      ),
      sendBack: recordAction(
        async (actor, id, payload) => {
          await sendPostBack(ctx, actor, id, textField(payload, 'reason') ?? '');
          return { notice: 'Sent back to its author.' };
        },
        { icon: 'CornerUpLeft', isVisible: hasStatus(['awaiting_approval']) },
      ),
    },
  };
}

function inputOf(payload: Payload): PostInput {
  return pick({
    text: textField(payload, 'text') ?? undefined,
    linkUrl: textField(payload, 'linkUrl'),
    accounts: listField(payload, 'accounts'),
    texts: textsField(payload, 'texts'),
    media: recordsField(payload, 'media')?.map((image) => ({
      id: textOf(image, 'id', 'media') ?? '',
      altText: textOf(image, 'altText', 'media'),
    })),
    scheduledAt: textField(payload, 'scheduledAt'),
    timeZone: textField(payload, 'timeZone'),
    team: textField(payload, 'team'),
    latePolicy: textField(payload, 'latePolicy'),
    lateLimitMinutes: textField(payload, 'lateLimitMinutes'),
    retryBaseSeconds: textField(payload, 'retryBaseSeconds'),
    maxAttempts: textField(payload, 'maxAttempts'),
  });
}

function viewed(record: ScopedRecord): { postId: string; teamId: string | null } {
  return { postId: record.id(), teamId: record.subject.teamId };
}

function hasStatus(statuses: readonly string[]) {
  return ({ record }: { record?: { params: Record<string, unknown> } }) =>
    record === undefined || statuses.includes(String(record.params.status));
}
