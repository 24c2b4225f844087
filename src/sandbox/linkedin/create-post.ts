/**
 * The heart of the sandbox: a create call either commits exactly one post to the ledger or none, and the fault switch
 * decides on which side of that commit something breaks.
 *
 * Everything between looking at the switch and committing happens in one turn of the event loop, so two requests at once
 * cannot both slip past the duplicate guard or share one counted fault.
 */
import type { Request, RequestHandler } from 'express';
import type { FaultSetting } from '../fault-switches.ts';
import type { RequestEntry } from '../request-log.ts';
import { type Answer, type Delivery, whole } from '../transmit.ts';
import { ApiError, duplicateOf, refusal } from './api-error.ts';
import { requireSession, type Session } from './bearer-session.ts';
import { type LinkedinContext, respond } from './linkedin-context.ts';
import { personUrn } from './sample-members.ts';

/** A create that passed every rule of its endpoint. */
export interface Draft {
  readonly author: string;
  /** What readers will see, and the text as sent. */
  readonly text: string;
  readonly commentary: string;
  readonly cutAt: { readonly index: number; readonly character: string } | null;
  readonly link: { readonly url: string; readonly title: string; readonly description: string } | null;
  readonly images: readonly { readonly urn: string; readonly altText: string }[];
  readonly visibility: string;
  readonly urnType: 'share' | 'ugcPost';
  readonly body: string;
  /** The success as this endpoint says it, and the same without the id. */
  accepted(urn: string): Answer;
  readonly acceptedWithoutId: Answer;
}

/** Same author, same content, within this time: refused. */
const DUPLICATE_WINDOW_MS = 10 * 60_000;

/** @param read checks a request against the endpoint's own rules; throws ApiError */
export function createHandler(
  context: LinkedinContext,
  endpoint: string,
  read: (request: Request, session: Session) => Draft,
): RequestHandler {
  return async (request, response) => {
    const receivedAt = context.clock.now();
    let entry: RequestEntry = {
      platform: 'linkedin',
      receivedAt: receivedAt.toISOString(),
      endpoint,
      account: null,
      status: null,
      code: null,
      fault: null,
      id: null,
    };
    let delivery: Delivery;
    try {
      const session = requireSession(context, request);
      entry = { ...entry, account: personUrn(session.member) };
      const draft = read(request, session);
      entry = { ...entry, account: draft.author };
      const result = publish(context, session, draft, endpoint, receivedAt);
      delivery = result.delivery;
      entry = { ...entry, id: result.urn, fault: result.fault };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      delivery = whole(error.answer);
      entry = { ...entry, code: error.code };
    }
    const status = delivery.manner === 'reset' ? null : delivery.answer.status;
    context.write({ kind: 'request', ...entry, status });
    await respond(context, response, delivery);
  };
}

interface Result {
  readonly delivery: Delivery;
  readonly urn: string | null;
  readonly fault: string | null;
}

function publish(context: LinkedinContext, session: Session, draft: Draft, endpoint: string, receivedAt: Date): Result {
  const setting = context.faults.get('linkedin', draft.author);
  const broken = setting && beforeCommit(setting);
  if (broken) {
    useFault(context, draft);
    return { delivery: broken, urn: null, fault: setting.fault };
  }
  spendQuota(context, session, receivedAt);
  const fingerprint = JSON.stringify([draft.author, draft.text, draft.link, draft.images]);
  const previous = context.state.lastByFingerprint.get(fingerprint);
  // A deleted post still counts: that is what clients of the real platform report.
  if (previous && receivedAt.getTime() - previous.receivedAt.getTime() < DUPLICATE_WINDOW_MS) {
    throw duplicateOf(previous.urn);
  }

  const urn = `urn:li:${draft.urnType}:${context.state.nextPostId(receivedAt)}`;
  const { author, text, commentary, cutAt, link, images, visibility, body } = draft;
  context.write({
    platform: 'linkedin',
    kind: 'post.created',
    ...{ urn, author, receivedAt, endpoint, text, commentary, cutAt, link, images, visibility, fingerprint, body },
  });
  if (!setting) return { delivery: whole(draft.accepted(urn)), urn, fault: null };
  useFault(context, draft);
  return { delivery: afterCommit(setting, draft, urn), urn, fault: setting.fault };
}

function useFault(context: LinkedinContext, draft: Draft): void {
  context.write({ platform: 'linkedin', kind: 'fault.used', account: draft.author });
}

const SERVER_ERROR: Answer = { status: 500, body: { message: 'Internal Server Error', status: 500 } };

/** null when nothing goes wrong on this side of the commit. */
function beforeCommit(setting: FaultSetting): Delivery | null {
  switch (setting.fault) {
    case '429':
      // The burst throttle: no Retry-After and no code; the day's quota below has its own message.
      return whole({ status: 429, body: { message: 'Too Many Requests', status: 429 } });
    case '500 before':
      return whole(SERVER_ERROR);
    case 'reset before':
      return { answer: SERVER_ERROR, manner: 'reset', delayMs: 0 };
    default:
      return null;
  }
}

function afterCommit(setting: FaultSetting, draft: Draft, urn: string): Delivery {
  const accepted = whole(draft.accepted(urn));
  switch (setting.fault) {
    case 'slow':
      return { ...accepted, delayMs: setting.delayMs };
    case '500 after':
      return whole(SERVER_ERROR);
    case 'reset after':
      return { ...accepted, manner: 'reset' };
    case 'truncated':
      return { ...accepted, manner: 'cut' };
    case 'malformed':
      return whole(draft.acceptedWithoutId);
    // These were answered before the commit, or hit tokens; a token newer than the switch gets here and is not hit.
    default:
      return accepted;
  }
}

/** "Share on LinkedIn": 150 requests per member and 100,000 per app and UTC day; no Retry-After, no rate headers. */
function spendQuota(context: LinkedinContext, session: Session, receivedAt: Date): void {
  const day = receivedAt.toISOString().slice(0, 10);
  const { memberDailyLimit, applicationDailyLimit } = context.options;
  if (context.state.quotaUsed(session.member.sub, day) >= memberDailyLimit) throw throttled('MEMBER');
  if (context.state.quotaUsed('application', day) >= applicationDailyLimit) throw throttled('APPLICATION');
  context.write({ platform: 'linkedin', kind: 'quota.used', sub: session.member.sub, day });
}

function throttled(who: 'MEMBER' | 'APPLICATION'): ApiError {
  const message = `Resource level throttle ${who} DAY limit for calls to this resource is reached.`;
  return refusal(429, 'TOO_MANY_REQUESTS', message);
}
