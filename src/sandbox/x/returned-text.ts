/**
 * A post's text as the API returns it, which is not what was sent (observed in captured traffic of API v2):
 * - every URL is rewritten to a t.co link of 23 characters, and `entities.urls` says where it leads. A URL that was typed
 *   without a protocol leads to `http://…`;
 * - a post with media ends in one more t.co link, which leads to the post's first picture and stands in `entities.urls` once
 *   per medium, each with its `media_key`;
 * - `&`, `<` and `>` are HTML entities.
 * Positions count code points of the returned text.
 */
import { randomInt } from 'node:crypto';
import { recogniseUrls } from './url-recognition.ts';

export interface UrlEntity {
  readonly start: number;
  readonly end: number;
  readonly url: string;
  readonly expanded_url: string;
  readonly display_url: string;
  readonly media_key?: string;
}

export interface ReturnedText {
  readonly text: string;
  readonly urls: readonly UrlEntity[];
}

const SLUG = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const MAX_DISPLAY = 26;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** @param media where the post's pictures are shown, and their keys; null for a post without media */
export function returnedText(
  sent: string,
  media: { url: string; keys: readonly string[] } | null,
  decorated: boolean,
): ReturnedText {
  const urls: UrlEntity[] = [];
  let text = '';
  const append = (expanded: string, shown: string, keys: readonly (string | undefined)[]): void => {
    const url = /^https?:\/\/t\.co\/\w+$/.test(expanded) ? expanded : shortLink();
    const start = [...text].length;
    text += url;
    const end = [...text].length;
    for (const key of keys) {
      const entity = { start, end, url, expanded_url: expanded, display_url: shown };
      urls.push(key === undefined ? entity : { ...entity, media_key: key });
    }
  };
  let index = 0;
  for (const { start, end, url } of recogniseUrls(sent)) {
    text += escaped(sent.slice(index, start), decorated);
    append(withProtocol(url), displayed(url), [undefined]);
    index = end;
  }
  text += escaped(sent.slice(index), decorated);
  if (media && decorated) {
    if (text !== '') text += ' ';
    append(media.url, `pic.x.com/${shortLink().slice(-10)}`, media.keys);
  }
  return { text, urls };
}

export function withProtocol(url: string): string {
  return /^https?:\/\//i.test(url) ? url : `http://${url}`;
}

function escaped(text: string, decorated: boolean): string {
  return decorated ? text.replace(/[&<>]/g, (character) => ENTITIES[character] ?? character) : text;
}

function shortLink(): string {
  return `https://t.co/${Array.from({ length: 10 }, () => SLUG.charAt(randomInt(SLUG.length))).join('')}`;
}

function displayed(url: string): string {
  const shown = [...url.replace(/^https?:\/\//i, '').replace(/^www\./i, '')];
  return shown.length > MAX_DISPLAY ? `${shown.slice(0, MAX_DISPLAY).join('')}…` : shown.join('');
}
