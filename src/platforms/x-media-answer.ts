/** Pure: what X's answers to an upload mean. Nothing was posted, whatever they say, so what is in doubt may be repeated. */
import { z } from 'zod';
import { cutOff } from '../domain/cut-off.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import type { NotCreated } from './platform.ts';
import { readJson } from './read-json.ts';
import { readXError } from './x-error.ts';
import { codeOf, readRefusal, said } from './x-refusal.ts';

export interface Upload {
  id: string;
  /** Null where X does not say. */
  usableUntil: Date | null;
  /** Milliseconds after which to ask whether X has finished with it; null: it has. */
  readyAfterMs: number | null;
}

/** An image is not used in the last moments of its life: between here and the post lies the time until it is due. */
const MARGIN_SECONDS = 15 * 60;
/** X names it; this is for an answer without. */
const CHECK_AFTER_SECONDS = 1;

const uploaded = z.object({
  data: z.object({
    id: z.string().regex(/^\d{1,19}$/),
    expires_after_secs: z.number().positive().optional().catch(undefined),
    processing_info: z
      .object({
        state: z.enum(['pending', 'in_progress', 'succeeded', 'failed']),
        check_after_secs: z.number().min(0).max(3600).optional().catch(undefined),
        error: z
          .object({ message: z.string().optional().catch(undefined) })
          .optional()
          .catch(undefined),
      })
      .nullish(),
  }),
});

/** Of an upload, and of asking how far it is. */
export function readUploadAnswer(result: HttpResult, now: Date): Upload | { outcome: NotCreated } {
  if (result.kind !== 'answer') return { outcome: unreached(result.reason) };
  if (result.status < 200 || result.status > 299) return { outcome: refusal(result, now) };
  const body = uploaded.safeParse(readJson(result.body));
  if (!body.success) {
    return {
      outcome: unavailable(
        result.status,
        'unreadable-answer',
        'X’s answer to an image could not be read. Nothing was published yet.',
      ),
    };
  }
  const { id, expires_after_secs: seconds, processing_info: processing } = body.data.data;
  if (processing?.state === 'failed') {
    const words = processing.error?.message?.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() ?? '';
    return {
      outcome: {
        kind: 'rejected',
        httpStatus: result.status,
        errorCode: 'media-processing-failed',
        errorMessage: `X could not process an image of this post${words === '' ? '' : `: “${cutOff(words, 300)}”`}. Try another file.`,
      },
    };
  }
  const underWay = processing?.state === 'pending' || processing?.state === 'in_progress';
  return {
    id,
    usableUntil: seconds === undefined ? null : new Date(now.getTime() + Math.max(0, seconds - MARGIN_SECONDS) * 1000),
    readyAfterMs: underWay ? (processing.check_after_secs ?? CHECK_AFTER_SECONDS) * 1000 : null,
  };
}

/** @returns null when the description was taken */
export function readMetadataAnswer(result: HttpResult, now: Date): NotCreated | null {
  if (result.kind !== 'answer') return unreached(result.reason);
  return result.status >= 200 && result.status <= 299 ? null : refusal(result, now);
}

function refusal(answer: HttpAnswer, now: Date): NotCreated {
  const { status } = answer;
  const error = readXError(answer);
  return (
    readRefusal(answer, 'image', now) ??
    unavailable(
      status,
      codeOf(error, status),
      `X did not take an image of this post: ${said(error, status)}. Nothing was published yet.`,
    )
  );
}

function unreached(reason: string): NotCreated {
  return unavailable(null, reason, `An image could not be brought to X (${reason}). Nothing was published yet.`);
}

function unavailable(httpStatus: number | null, errorCode: string, errorMessage: string): NotCreated {
  return { kind: 'unavailable', httpStatus, errorCode, errorMessage, retryAt: null };
}
