/** What Graph tells of a post and of a photo, field by field. */
import type { FacebookContext } from './facebook-context.ts';
import type { Photo, Post } from './facebook-state.ts';
import type { FieldRequest, NodeType } from './graph-fields.ts';

const ATTACHMENT = {
  type: 'StoryAttachment',
  fields: ['description', 'media', 'media_type', 'subattachments', 'target', 'title', 'type', 'unshimmed_url', 'url'],
};
const AUTHOR = { type: 'Page', fields: ['id', 'name'] };

export function permalink(post: Pick<Post, 'id'>): string {
  return `https://www.facebook.com/${post.id.replace('_', '/posts/')}`;
}

export function postType(context: FacebookContext): NodeType<Post> {
  return {
    name: 'Post',
    defaults: ['created_time', 'message', 'id'],
    fields: {
      id: { read: ({ id }) => id },
      message: { read: ({ text }) => (text === '' ? undefined : text) },
      created_time: { read: (post) => graphTime(createdAt(post)) },
      updated_time: { read: (post) => graphTime(createdAt(post)) },
      permalink_url: { read: permalink },
      from: { read: ({ pageId }) => author(context, pageId), of: AUTHOR },
      is_published: { read: (post) => isVisible(post, context.clock.now()) },
      is_hidden: { read: () => false },
      scheduled_publish_time: {
        read: ({ visibility, publishAt }) =>
          visibility === 'scheduled' && publishAt ? publishAt.getTime() / 1000 : undefined,
      },
      status_type: { read: statusType },
      full_picture: { read: ({ photoIds }) => (photoIds[0] === undefined ? undefined : address(context, photoIds[0])) },
      attachments: { read: (post) => attachments(context, post), of: ATTACHMENT },
      // Nobody shares, likes or comments here; Graph leaves the count of shares out when there are none.
      shares: { read: () => undefined, of: { type: 'Shares', fields: ['count'] } },
      reactions: { read: (_post, request) => emptyList(request) },
      likes: { read: (_post, request) => emptyList(request) },
      comments: { read: (_post, request) => emptyList(request) },
    },
  };
}

export function photoType(context: FacebookContext): NodeType<Photo> {
  return {
    name: 'Photo',
    defaults: ['created_time', 'name', 'id'],
    fields: {
      id: { read: ({ id }) => id },
      name: { read: ({ caption }) => (caption === '' ? undefined : caption) },
      created_time: { read: (photo) => graphTime(photo.createdAt) },
      alt_text_custom: { read: ({ altText }) => (altText === '' ? undefined : altText) },
      width: { read: ({ width }) => width },
      height: { read: ({ height }) => height },
      from: { read: ({ pageId }) => author(context, pageId), of: AUTHOR },
      link: { read: ({ id }) => `https://www.facebook.com/photo/?fbid=${id}` },
      picture: { read: ({ id }) => address(context, id) },
      images: { read: ({ id, width, height }) => [{ height, source: address(context, id), width }] },
      page_story_id: { read: ({ postId }) => postId ?? undefined },
    },
  };
}

/** When readers first see it: that is the time a scheduled post carries. */
export function createdAt(post: Post): Date {
  return post.publishAt ?? post.receivedAt;
}

export function isVisible(post: Post, now: Date): boolean {
  return post.deletedAt === null && post.publishAt !== null && post.publishAt <= now;
}

/** `2026-11-20T10:00:00+0000`: to the second, and without the colon of ISO 8601. */
function graphTime(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, '+0000');
}

function author(context: FacebookContext, pageId: string): object {
  return { name: context.state.pages.get(pageId)?.name ?? '', id: pageId };
}

function address(context: FacebookContext, photoId: string): string {
  return `${context.publicUrl()}/facebook/media/${photoId}`;
}

function statusType({ photoIds, link }: Post): string {
  if (photoIds.length > 0) return 'added_photos';
  return link === null ? 'mobile_status_update' : 'shared_story';
}

function attachments(context: FacebookContext, post: Post): object | undefined {
  const photos = post.photoIds.flatMap((id) => context.state.photos.get(id) ?? []);
  const [photo] = photos;
  if (photos.length > 1) {
    const subattachments = { data: photos.map((item) => photoAttachment(context, item)) };
    const url = permalink(post);
    return { data: [{ media_type: 'album', subattachments, target: { id: post.id, url }, type: 'album', url }] };
  }
  if (photo) return { data: [photoAttachment(context, photo)] };
  if (post.link === null) return undefined;
  const { link } = post;
  return {
    data: [
      {
        media_type: 'link',
        target: { url: link },
        title: linkTitle(link),
        type: 'share',
        unshimmed_url: link,
        url: link,
      },
    ],
  };
}

function photoAttachment(context: FacebookContext, { id, width, height, altText }: Photo): object {
  const url = `https://www.facebook.com/photo/?fbid=${id}`;
  const media = { image: { height, src: address(context, id), width } };
  return {
    description: altText === '' ? undefined : altText,
    media,
    media_type: 'photo',
    target: { id, url },
    type: 'photo',
    url,
  };
}

/** Facebook reads the title from the page; the sandbox opens no connections, so the page is named by its host. */
export function linkTitle(link: string): string {
  return new URL(link).hostname;
}

function emptyList({ modifiers }: FieldRequest): object {
  return { data: [], ...(modifiers.has('summary') ? { summary: { total_count: 0 } } : {}) };
}
