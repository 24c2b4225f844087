import { z } from 'zod';
import { cutOff } from '../domain/cut-off.ts';
import type { HttpAnswer } from './http-client.ts';
import { readJson } from './read-json.ts';

/** What X says when it says no, out of either of its two shapes. Every part may be missing. */
export interface XError {
  /** The problem type's last path segment, such as `invalid-request`; its host and its words have changed before. */
  problem: string | null;
  /** The number of the older shape: 88, 187. */
  code: number | null;
  title: string | null;
  /** X's own words for a person, the most telling ones, without line breaks, at most 300 characters. */
  message: string | null;
  /** `client-not-enrolled`, `official-client-forbidden`. */
  reason: string | null;
  /** Of a plan's cap: `Daily` or `Monthly`. */
  period: string | null;
  /** Everything above that is text, for matching on wording. */
  wording: string;
  /**
   * Whether the body has one of X's two shapes and is not that of something in between, which cannot know what X did: a
   * problem with its title and a type or detail, or `errors` of which the first says something. Source: X's OpenAPI document.
   */
  isOwn: boolean;
}

const text = z.string().optional().catch(undefined);
const particular = {
  type: text,
  title: text,
  detail: text,
  message: text,
  reason: text,
  period: text,
  code: z.number().optional().catch(undefined),
};
// Problem details (RFC 9457) with or without `errors`, or `errors` alone, which may hold problems or codes with messages.
const body = z.object({ ...particular, errors: z.array(z.object(particular)).optional().catch(undefined) });

/** Pure: reads X's refusal out of an answer; a body that is none gives nulls. */
export function readXError(answer: HttpAnswer): XError {
  const parsed = body.safeParse(readJson(answer.body));
  const outer = parsed.success ? parsed.data : {};
  const [inner = {}] = (parsed.success ? parsed.data.errors : undefined) ?? [];
  const said = [outer.title, outer.detail, outer.message, outer.reason, inner.title, inner.detail, inner.message];
  return {
    problem: problemName(outer.type) ?? problemName(inner.type),
    code: inner.code ?? outer.code ?? null,
    title: plain(outer.title) ?? plain(inner.title),
    // The outer detail of an invalid request only says that something was invalid.
    message:
      plain(inner.message) ?? plain(outer.detail) ?? plain(inner.detail) ?? plain(outer.message) ?? plain(outer.title),
    reason: shortName(outer.reason ?? inner.reason),
    period: shortName(outer.period ?? inner.period),
    wording: said.filter((part) => part !== undefined).join('\n'),
    isOwn: isProblem(outer) || isProblem(inner) || inner.message !== undefined,
  };
}

function isProblem({ title, type, detail }: Pick<z.output<typeof body>, 'title' | 'type' | 'detail'>): boolean {
  return title !== undefined && (type ?? detail) !== undefined;
}

function problemName(type: string | undefined): string | null {
  return shortName(/^https?:\/\/.*\/([^/?#]+)\/?$/.exec(type ?? '')?.[1]);
}

function shortName(name: string | undefined): string | null {
  return name !== undefined && /^[A-Za-z0-9_.-]{1,64}$/.test(name) ? name : null;
}

function plain(words: string | undefined): string | null {
  const line = words?.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() ?? '';
  return line === '' ? null : cutOff(line, 300);
}
