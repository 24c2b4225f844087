import { z } from 'zod';
import { cutOff } from '../domain/cut-off.ts';
import type { HttpAnswer } from './http-client.ts';
import { readJson } from './read-json.ts';

/** What the Graph API says when it says no. Every part may be missing. */
export interface FacebookError {
  code: number | null;
  subcode: number | null;
  /** `error_user_msg`, which Meta writes for people, else `message`; without line breaks and tokens, at most 300 characters. */
  words: string | null;
  /** Both texts, to tell apart what shares one code. */
  text: string;
  isTransient: boolean;
  /**
   * Whether the envelope is the Graph API's own and not that of something in between, which cannot know what Facebook did:
   * it has a code and, as every documented one, a type.
   */
  isOwn: boolean;
}

const NOTHING: FacebookError = {
  code: null,
  subcode: null,
  words: null,
  text: '',
  isTransient: false,
  isOwn: false,
};

const number = z
  .union([
    z.int().nonnegative(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .nullish()
  .catch(null);
const text = z.string().nullish().catch(null);
// An object, unlike the text that RFC 6749 puts there.
const envelope = z.object({
  error: z.object({
    code: number,
    type: text,
    error_subcode: number,
    message: text,
    error_user_msg: text,
    is_transient: z.boolean().nullish().catch(null),
  }),
});

/** Pure: reads the Graph API's error envelope out of an answer; a body that is not one gives nulls. */
export function readFacebookError(answer: HttpAnswer): FacebookError {
  const parsed = envelope.safeParse(readJson(answer.body));
  if (!parsed.success) return NOTHING;
  const { code, type, error_subcode: subcode, message, error_user_msg: userMessage, is_transient } = parsed.data.error;
  return {
    code: code ?? null,
    subcode: subcode ?? null,
    words: plain(userMessage) ?? plain(message),
    text: `${message ?? ''} ${userMessage ?? ''}`,
    isTransient: is_transient === true,
    isOwn: typeof code === 'number' && typeof type === 'string',
  };
}

/** What is stored as the error's code: `506`, `190/463`, or the bare status. */
export function errorCodeOf({ code, subcode }: FacebookError, status: number): string {
  if (code === null) return `http-${status}`;
  return subcode === null ? String(code) : `${code}/${subcode}`;
}

/** Facebook's own words in quotes, without their full stop, or the bare status. */
export function said({ words }: FacebookError, status: number): string {
  const sentence = words?.replace(/[.!\s]+$/, '') ?? '';
  return sentence === '' ? `HTTP ${status}` : `“${sentence}” (HTTP ${status})`;
}

/** "(#506) Duplicate status message" without its number; "Malformed access token EAAB…" without the token. */
function plain(words: string | null | undefined): string | null {
  const bare = words
    ?.replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .replace(/^\(#\d+\) */, '')
    .replace(/[\w|-]{40,}/g, '…');
  if (bare === undefined || bare === '') return null;
  return cutOff(bare, 300);
}
