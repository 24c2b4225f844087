/** What a create call must satisfy before it may be committed: the body, the text, the reply, the media. */
import type { Request } from 'express';
import type { Session } from './bearer-session.ts';
import { type PostBody, postSchema } from './post-schema.ts';
import { bareProblem, invalidRequest, notFound, notPermitted } from './problem.ts';
import { bodyText, readJson, requireQuery } from './request-rules.ts';
import { withProtocol } from './returned-text.ts';
import { recogniseUrls } from './url-recognition.ts';
import { MAX_LENGTH, weightedLength } from './weighted-length.ts';
import type { XContext } from './x-context.ts';
import type { Media, Post } from './x-state.ts';

/** A create that passed every rule. */
export type Draft = Pick<Post, 'text' | 'link' | 'media' | 'inReplyTo' | 'replySettings' | 'body'>;

const MAX_IMAGES = 4;
/** Of the body's fields, those that exclude each other, and those that exist on X but not here. */
const EXCLUSIVE = ['media', 'quote_tweet_id', 'poll', 'card_uri'] as const;
const NOT_PLAYED = ['poll', 'edit_options', 'community_id', 'geo', 'card_uri', 'direct_message_deep_link'] as const;
const NOT_PLAYED_IF_TRUE = ['nullcast', 'for_super_followers_only'] as const;
/** At the end or before a space or punctuation, as X links them. */
const CASHTAG = /(?<=^|\s)\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?=$|\s|\p{P})/gu;

export function readPost(context: XContext, request: Request, session: Session): Draft {
  requireQuery(context, request, []);
  const sent = bodyText(request);
  const body = readJson(context, request, sent, postSchema);
  refuseCombinations(context, body);
  const original = body.reply ? replyTarget(context, session, body.reply.in_reply_to_tweet_id) : null;
  const text = body.text.normalize('NFC');
  const media = readMedia(context, session, body.media?.media_ids ?? []);
  checkText(context, text, original, media.length > 0);
  // X shows a card for a URL in the text, but not beside pictures. Of several URLs it takes one; here the last.
  const url = recogniseUrls(text).at(-1)?.url;
  return {
    text,
    link: url === undefined || media.length > 0 ? null : withProtocol(url),
    media,
    inReplyTo: original?.id ?? null,
    replySettings: body.reply_settings ?? 'everyone',
    body: sent,
  };
}

function refuseCombinations(context: XContext, body: PostBody): void {
  const given = EXCLUSIVE.filter((name) => body[name] !== undefined);
  if (given.length > 1) {
    throw invalidRequest(context.options.fieldNames, `Only one of ${given.join(', ')} may be given.`);
  }
  // Removed from self-serve write access on 2026-04-20.
  if (body.quote_tweet_id !== undefined) throw notPermitted();
  const unplayed =
    NOT_PLAYED.find((name) => body[name] !== undefined) ?? NOT_PLAYED_IF_TRUE.find((name) => body[name] === true);
  if (unplayed) throw invalidRequest(context.options.fieldNames, `The sandbox does not play ${unplayed}.`);
}

/** Self-serve apps may reply to the user's own posts and where he was mentioned (since 2026-02-23). */
function replyTarget(context: XContext, session: Session, id: string): Post {
  const original = context.state.posts.get(id);
  if (!original || original.deletedAt) {
    const detail = 'You attempted to reply to a Tweet that is deleted or not visible to you.';
    throw bareProblem(403, 'Forbidden', detail);
  }
  const mentions = [...original.text.matchAll(/(?<!\w)@(\w{1,15})/g)].map(([, name]) => name?.toLowerCase());
  const summoned = mentions.includes(session.user.username.toLowerCase());
  if (original.userId !== session.user.id && !summoned) throw notPermitted();
  return original;
}

function checkText(context: XContext, text: string, original: Post | null, hasMedia: boolean): void {
  const refused = (message: string) => invalidRequest(context.options.fieldNames, message, { text: [text] });
  if (text.trim() === '' && !hasMedia) throw refused('A Tweet needs text or media.');
  if (!text.isWellFormed() || /[\uFFFE\uFEFF\uFFFF]/.test(text)) {
    throw refused('The text contains characters that are not allowed.');
  }
  // A reply may begin with whom it answers, which does not count.
  const answered = original ? context.state.users.get(original.userId)?.username : undefined;
  const counted = answered === undefined ? text : text.replace(new RegExp(`^@${answered}\\s+`, 'i'), '');
  const length = weightedLength(counted);
  if (length > MAX_LENGTH) throw refused(`Your Tweet text is too long: ${length} of ${MAX_LENGTH} characters.`);
  if ([...text.matchAll(CASHTAG)].length > 1) {
    throw bareProblem(403, 'Forbidden', 'A Post may contain a maximum of one cashtag.');
  }
}

/**
 * The media a post refers to, in the form the ledger keeps.
 * @throws ApiError 404 for one that has expired; 400 for one that does not exist, is another user's, is not processed, was
 * uploaded for something else, or does not go with the others
 */
function readMedia(context: XContext, session: Session, ids: readonly string[]): Draft['media'] {
  const { fieldNames } = context.options;
  const now = context.clock.now();
  const invalid = (why = '') => {
    const message = `Your media IDs are invalid.${why}`;
    return invalidRequest(fieldNames, message, { 'media.media_ids': ids });
  };
  const kinds = new Set<string>();
  const media = ids.map((id) => {
    const medium: Media | undefined = context.state.media.get(id);
    if (!medium || medium.userId !== session.user.id) throw invalid();
    if (now >= medium.expiresAt) throw notFound(fieldNames, 'media', 'id', id);
    const { completed } = medium;
    if (!completed?.content || now < completed.availableAt || !medium.category.startsWith('tweet_')) throw invalid();
    kinds.add(completed.content.kind);
    return { id, key: mediaKey(medium), altText: medium.altText, isPicture: completed.content.kind !== 'video' };
  });
  const fits = ids.length <= (kinds.has('gif') || kinds.has('video') ? 1 : MAX_IMAGES);
  if (!fits || new Set(ids).size < ids.length) {
    throw invalid(' A Tweet takes up to 4 different images, or 1 GIF, or 1 video.');
  }
  return media;
}

/** X's key is the id behind the number of its kind. */
export function mediaKey(medium: Pick<Media, 'id' | 'category'>): string {
  const kind = medium.category.endsWith('video') ? '7' : medium.category.endsWith('gif') ? '16' : '3';
  return `${kind}_${medium.id}`;
}
