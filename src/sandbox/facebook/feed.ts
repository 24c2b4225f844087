/** `POST /{page}/feed`: text, a link, photos that were uploaded before; now, later, or never shown. */
import type { Router } from 'express';
import { z } from 'zod';
import { createHandler, type Draft } from './create-post.ts';
import type { FacebookContext } from './facebook-context.ts';
import type { Photo } from './facebook-state.ts';
import { contentRefused, GraphError, invalidParameter } from './graph-error.ts';
import { flagOf, type GraphCall, textOf, wholeNumberOf } from './graph-request.ts';
import type { Page } from './sample-people.ts';

/** What the product on facebook.com takes. Counted in UTF-16 units: the strictest reading of an undocumented unit. */
const MAX_TEXT = 63_206;
/** Where two well-tested clients stop; Meta names no number. */
const MAX_PHOTOS = 10;
const SOONEST_MS = 10 * 60_000;
const LATEST_MS = 30 * 86_400_000;

const mediaSchema = z.strictObject({ media_fbid: z.union([z.string(), z.number()]).transform(String) });

export function mountFeed(router: Router, context: FacebookContext): void {
  router.post(
    '/:id/feed',
    createHandler(context, 'POST /{page-id}/feed', (call, page, receivedAt) =>
      readPost(context, call, page, receivedAt),
    ),
  );
}

function readPost(context: FacebookContext, call: GraphCall, page: Page, receivedAt: Date): Draft {
  const text = readText(call, 'message');
  const link = readLink(call);
  const photos = readMedia(call).map((id) => readPhoto(context, page, id));
  if (text.trim() === '' && link === null && photos.length === 0)
    throw new GraphError(197, '(#197) The post is empty. Please enter a message to share.');
  const timing = readTiming(call, receivedAt);
  if (timing.visibility === 'scheduled' && photos.some(({ temporary }) => !temporary)) {
    throw invalidParameter('A scheduled post takes only photos that were uploaded with temporary=true');
  }
  const mutation = textOf(call, 'client_mutation_id') === null ? {} : { post_supports_client_mutation_id: true };
  return {
    text,
    link,
    ...timing,
    photoIds: photos.map(({ id }) => id),
    upload: null,
    body: call.bodyText,
    accepted: (id) => ({ status: 200, body: { id, ...mutation } }),
    acceptedWithoutId: () => ({ status: 200, body: {} }),
  };
}

export function readText(call: GraphCall, name: string): string {
  const text = textOf(call, name) ?? '';
  if (text.length > MAX_TEXT)
    throw invalidParameter(`Param ${name} must be no longer than ${MAX_TEXT} characters, it has ${text.length}`);
  return text;
}

function readLink(call: GraphCall): string | null {
  const text = textOf(call, 'link') ?? '';
  if (text === '') return null;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) throw new GraphError(1500, '(#1500) The url you supplied is invalid');
  if (/(^|\.)facebook\.com$/.test(url.hostname)) {
    throw contentRefused(1609008, 'Link not allowed', 'Links to facebook.com cannot be shared in this way.');
  }
  // The name that is reserved for what cannot exist stands for every page that cannot be scraped.
  if (/(^|\.)invalid$/.test(url.hostname)) {
    throw contentRefused(
      1609005,
      'Link could not be read',
      'There was a problem scraping data from the provided link.',
    );
  }
  return text;
}

/** `attached_media[0]={"media_fbid":"…"}`, `attached_media[0][media_fbid]=…`, or the whole list as JSON. */
function readMedia(call: GraphCall): string[] {
  const whole = call.parameters.get('attached_media');
  const list: unknown = typeof whole === 'string' ? parseJson(whole) : (whole ?? []);
  if (!Array.isArray(list)) throw invalidParameter('Param attached_media must be an array');
  const numbered = [...call.parameters].flatMap(([name, value]) => {
    const index = /^attached_media\[(\d{1,4})\](\[media_fbid\])?$/.exec(name);
    if (!index) return [];
    return [{ index: Number(index[1]), value: index[2] ? { media_fbid: value } : value }];
  });
  numbered.sort((a, b) => a.index - b.index);
  const items = [...list, ...numbered.map(({ value }) => value)];
  if (items.length > MAX_PHOTOS) throw invalidParameter(`Param attached_media takes at most ${MAX_PHOTOS} items`);
  const ids = items.map((item: unknown, index) => {
    const media = mediaSchema.safeParse(typeof item === 'string' ? parseJson(item) : item);
    if (!media.success) throw invalidParameter(`Param attached_media[${index}] must be an object with media_fbid`);
    return media.data.media_fbid;
  });
  if (new Set(ids).size < ids.length) throw invalidParameter('Param attached_media names a photo twice');
  return ids;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // What is no JSON fits no schema: the caller refuses it by the parameter's name.
  }
}

/** Whether it was posted before is checked at the moment of publishing, see create-post.ts. */
function readPhoto(context: FacebookContext, page: Page, id: string): Photo {
  const photo = context.state.photos.get(id);
  if (!photo || photo.pageId !== page.id) throw invalidParameter(`Photo ${id} does not exist or is not the Page's`);
  return photo;
}

function readTiming(call: GraphCall, receivedAt: Date): Pick<Draft, 'visibility' | 'publishAt'> {
  const isPublished = flagOf(call, 'published', true);
  const seconds = wholeNumberOf(call, 'scheduled_publish_time');
  if (seconds === null) {
    return isPublished
      ? { visibility: 'public', publishAt: receivedAt }
      : { visibility: 'unpublished', publishAt: null };
  }
  if (isPublished) throw invalidParameter('You cannot specify a scheduled publish time on a published post');
  const aheadMs = seconds * 1000 - receivedAt.getTime();
  if (aheadMs < SOONEST_MS || aheadMs > LATEST_MS)
    throw invalidParameter('The specified scheduled publish time is invalid.');
  return { visibility: 'scheduled', publishAt: new Date(seconds * 1000) };
}
