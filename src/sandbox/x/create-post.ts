/**
 * `POST /2/tweets`, the heart of the sandbox's X: a create call either commits exactly one post to the ledger or none, and
 * the fault switch decides on which side of that commit something breaks.
 *
 * Everything between looking at the switch and committing happens in one turn of the event loop, so two requests at once
 * cannot both slip past the duplicate guard or share one counted fault.
 */
import type { RequestHandler } from 'express';
import type { FaultSetting } from '../fault-switches.ts';
import type { RequestEntry } from '../request-log.ts';
import { type Answer, type Delivery, whole } from '../transmit.ts';
import { requireScopes, requireSession, type Session } from './bearer-session.ts';
import { type Draft, readPost } from './post-draft.ts';
import { editHistory } from './post-object.ts';
import { ApiError, bareProblem, creditsDepleted, duplicateContent } from './problem.ts';
import { createHeaders, spendCreate } from './rate-limited.ts';
import { NOBODY } from './rate-limits.ts';
import { returnedText } from './returned-text.ts';
import { respond, type XContext } from './x-context.ts';
import { textKey } from './x-state.ts';

export const CREATE_ENDPOINT = 'POST /2/tweets';
export const WRITE_SCOPES = ['tweet.read', 'tweet.write', 'users.read'];

/** Fault switches that only X has. */
export const X_FAULTS: Readonly<Record<string, string>> = {
  '503 after': 'Published, yet answers “service unavailable”',
  '401 blip': 'A healthy token is refused',
  '402 credits': 'The app’s prepaid credit is used up',
  '403 credits': 'The same, told with 403',
};

export function createHandler(context: XContext): RequestHandler {
  return async (request, response) => {
    const receivedAt = context.clock.now();
    let entry: RequestEntry = {
      platform: 'x',
      receivedAt: receivedAt.toISOString(),
      endpoint: CREATE_ENDPOINT,
      account: null,
      status: null,
      code: null,
      fault: null,
      id: null,
    };
    let delivery: Delivery;
    try {
      const session = requireSession(context, request);
      entry = { ...entry, account: session.user.id };
      spendCreate(context, session.user.id, receivedAt);
      requireScopes(session, WRITE_SCOPES);
      const result = publish(context, session, readPost(context, request, session), receivedAt);
      delivery = result.delivery;
      entry = { ...entry, id: result.id, fault: result.fault };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      delivery = whole(error.answer);
      entry = { ...entry, code: error.code };
    }
    const status = delivery.manner === 'reset' ? null : delivery.answer.status;
    context.write({ kind: 'request', ...entry, status });
    await respond(context, response, delivery, createHeaders(context, entry.account ?? NOBODY));
  };
}

interface Result {
  readonly delivery: Delivery;
  readonly id: string | null;
  readonly fault: string | null;
}

function publish(context: XContext, session: Session, draft: Draft, receivedAt: Date): Result {
  const { user } = session;
  const setting = context.faults.get('x', user.id);
  const broken = setting && beforeCommit(context, setting);
  if (broken) {
    context.write({ platform: 'x', kind: 'fault.used', account: user.id });
    return { delivery: broken, id: null, fault: setting.fault };
  }
  refuseDuplicate(context, user.id, draft, receivedAt);

  const id = context.state.nextId(receivedAt);
  const { text, link, media, inReplyTo, replySettings, body } = draft;
  const shownAt = `https://x.com/${user.username}/status/${id}/${media[0]?.isPicture === false ? 'video' : 'photo'}/1`;
  const pictures = media.length > 0 ? { url: shownAt, keys: media.map(({ key }) => key) } : null;
  const returned = returnedText(text, pictures, context.options.decoratedText);
  context.write({
    platform: 'x',
    kind: 'post.created',
    ...{ id, userId: user.id, receivedAt, endpoint: CREATE_ENDPOINT, text, returned, link, media },
    ...{ inReplyTo, replySettings, body },
  });
  const data = { ...editHistory(context, id), id, text: returned.text };
  const accepted = { status: 201, body: { data } };
  if (!setting) return { delivery: whole(accepted), id, fault: null };
  context.write({ platform: 'x', kind: 'fault.used', account: user.id });
  const withoutId = { status: 201, body: { data: { text: returned.text } } };
  return { delivery: afterCommit(setting, accepted, withoutId), id, fault: setting.fault };
}

/** A deleted post still counts, as clients of the real X report; a post without text is not guarded. */
function refuseDuplicate(context: XContext, userId: string, draft: Draft, receivedAt: Date): void {
  const previous = context.state.lastByText.get(textKey(userId, draft.text));
  if (previous && receivedAt.getTime() - previous.receivedAt.getTime() < context.options.duplicateWindowMs) {
    throw duplicateContent();
  }
}

const SERVER_ERROR = bareProblem(500, 'Internal Server Error').answer;
const UNAVAILABLE = bareProblem(503, 'Service Unavailable').answer;

/** null when nothing goes wrong on this side of the commit. */
function beforeCommit(context: XContext, setting: FaultSetting): Delivery | null {
  switch (setting.fault) {
    case '429':
      return whole(tooManyRequests(context, setting));
    case '402 credits':
      return whole(creditsDepleted(402).answer);
    case '403 credits':
      return whole(creditsDepleted(403).answer);
    case '500 before':
      return whole(SERVER_ERROR);
    case 'reset before':
      return { answer: SERVER_ERROR, manner: 'reset', delayMs: 0 };
    default:
      return null;
  }
}

/** No Retry-After: the reset of the window says when. Here that is after the switch's delay, so that one need not wait long. */
function tooManyRequests(context: XContext, setting: FaultSetting): Answer {
  const { answer } = bareProblem(429, 'Too Many Requests');
  const reset = Math.ceil((context.clock.now().getTime() + setting.delayMs) / 1000);
  return {
    ...answer,
    headers: { ...answer.headers, 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(reset) },
  };
}

function afterCommit(setting: FaultSetting, accepted: Answer, withoutId: Answer): Delivery {
  switch (setting.fault) {
    case 'slow':
      return { ...whole(accepted), delayMs: setting.delayMs };
    case '500 after':
      return whole(SERVER_ERROR);
    case '503 after':
      return whole(UNAVAILABLE);
    case 'reset after':
      return { ...whole(accepted), manner: 'reset' };
    case 'truncated':
      return { ...whole(accepted), manner: 'cut' };
    case 'malformed':
      return whole(withoutId);
    // These were answered before the commit, or hit tokens; a token newer than the switch gets here and is not hit.
    default:
      return whole(accepted);
  }
}
