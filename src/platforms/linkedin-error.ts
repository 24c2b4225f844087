import { z } from 'zod';
import { cutOff } from '../domain/cut-off.ts';
import type { HttpAnswer } from './http-client.ts';
import { readJson } from './read-json.ts';

/** What LinkedIn says when it says no. Every part may be missing. */
export interface LinkedInError {
  /** The first input error's code, else the envelope's: the most telling one. */
  code: string | null;
  serviceErrorCode: number | null;
  /** LinkedIn's own words for a person, without line breaks, at most 300 characters. */
  message: string | null;
  /**
   * Whether the body is LinkedIn's own error and not that of something in between, which cannot know what LinkedIn did: the
   * envelope repeats the HTTP status and says something, or it has what only LinkedIn gives: its number, or a coded input
   * error. `code` and `serviceErrorCode` may be missing. Source: LinkedIn's error pages; captured bodies, all with the status.
   */
  isOwn: boolean;
}

const NOTHING: LinkedInError = { code: null, serviceErrorCode: null, message: null, isOwn: false };

// Captured bodies leave out any of these, so each is optional and a wrong type counts as missing.
const envelope = z.object({
  code: z.string().optional().catch(undefined),
  status: z.number().optional().catch(undefined),
  serviceErrorCode: z.number().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  errorDetails: z
    .object({
      inputErrors: z.array(
        z.object({ code: z.string().optional().catch(undefined), description: z.string().optional().catch(undefined) }),
      ),
    })
    .optional()
    .catch(undefined),
});

/** Pure: reads LinkedIn's error envelope out of an answer; a body that is not one gives nulls. */
export function readLinkedInError(answer: HttpAnswer): LinkedInError {
  const parsed = envelope.safeParse(readJson(answer.body));
  if (!parsed.success) return NOTHING;
  const { data } = parsed;
  const input = data.errorDetails?.inputErrors[0];
  const code = shortCode(input?.code) ?? shortCode(data.code);
  // With an input error the outer message often is only a Java exception around the description.
  const message = plain(input?.description) ?? plain(data.message);
  const serviceErrorCode = data.serviceErrorCode ?? null;
  const isOwn =
    serviceErrorCode !== null ||
    shortCode(input?.code) !== null ||
    (data.status === answer.status && (code ?? message) !== null);
  return { code, serviceErrorCode, message, isOwn };
}

const TOKEN_CODES = ['INVALID_ACCESS_TOKEN', 'REVOKED_ACCESS_TOKEN', 'EXPIRED_ACCESS_TOKEN'];

/**
 * Pure: whether LinkedIn itself says that the token is worth nothing any more, as its gateway's bare 401 does not. Sources:
 * captured bodies for 65600, 65601 and 65602.
 */
export function endsToken({ code, serviceErrorCode }: LinkedInError): boolean {
  return (
    (serviceErrorCode !== null && serviceErrorCode >= 65600 && serviceErrorCode <= 65602) ||
    (code !== null && TOKEN_CODES.includes(code))
  );
}

function shortCode(code: string | undefined): string | null {
  return code !== undefined && /^[A-Za-z0-9_.-]{1,64}$/.test(code) ? code : null;
}

function plain(message: string | undefined): string | null {
  const text = message?.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() ?? '';
  return text === '' ? null : cutOff(text, 300);
}
