/**
 * Why a token no longer works: its time, or a fault switch of its Page. The code is 190 (102 means the same); the subcode
 * says why.
 *
 * A switch hits the tokens that come from a consent given before it was set, so that going through the dialog again repairs
 * the connection and nothing less does: that is how it is on the real platform.
 */
import type { FacebookContext } from './facebook-context.ts';
import type { Token } from './facebook-state.ts';
import { type GraphError, tokenInvalid } from './graph-error.ts';

interface TokenFault {
  /** What the page says of the switch. */
  readonly meaning: string;
  readonly message: string;
  readonly subcode: number;
  /** Default 190. */
  readonly code?: number;
}

const LOGGED_OUT = 'The session is invalid because the user logged out.';

/** The switches that only Facebook has, by their name. */
export const TOKEN_FAULTS: Readonly<Record<string, TokenFault>> = {
  '190/459': {
    meaning: 'Facebook checks the person: connect again after that',
    message: 'You cannot access the app till you log in to www.facebook.com and follow the instructions given.',
    subcode: 459,
  },
  '190/460': {
    meaning: 'The password was changed: connect again',
    message:
      'The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.',
    subcode: 460,
  },
  '190/464': {
    meaning: 'The person is not confirmed: connect again after that',
    message: 'Sessions for the user are not allowed because the user is not a confirmed user.',
    subcode: 464,
  },
  '190/467': { meaning: 'The person logged out: connect again', message: LOGGED_OUT, subcode: 467 },
  '102/467': { meaning: 'The same under another code: connect again', message: LOGGED_OUT, subcode: 467, code: 102 },
  '190/492': {
    meaning: 'No role on the Page any more: connect again',
    message:
      'The user must be an administrator, editor, or moderator of the page in order to impersonate it. If the page business requires Two Factor Authentication, the user also needs to enable Two Factor Authentication.',
    subcode: 492,
  },
};

export interface DeadToken {
  readonly error: GraphError;
  readonly byFault: boolean;
}

/** null for a token that works. */
export function deadToken(context: FacebookContext, token: Token): DeadToken | null {
  const now = context.clock.now();
  if (token.expiresAt && now >= token.expiresAt) return { error: expired(token.expiresAt, now), byFault: false };
  const setting = token.pageId === null ? null : context.faults.get('facebook', token.pageId);
  if (!setting || token.authorizedAt > setting.setAt) return null;
  const error = faultError(context, setting, now);
  return error && { error, byFault: true };
}

function faultError(
  { options }: FacebookContext,
  { fault, setAt }: { readonly fault: string; readonly setAt: Date },
  now: Date,
): GraphError | null {
  if (fault === 'expired token') return expired(setAt, now);
  if (fault === 'revoked') return invalid(`The user has not authorized application ${options.clientId}.`, 458);
  const own = TOKEN_FAULTS[fault];
  return own ? invalid(own.message, own.subcode, own.code) : null;
}

function invalid(message: string, subcode: number, code = 190): GraphError {
  return tokenInvalid(`Error validating access token: ${message}`, subcode, code);
}

function expired(since: Date, now: Date): GraphError {
  return invalid(`Session has expired on ${pacific(since)}. The current time is ${pacific(now)}.`, 463);
}

/** Graph writes times in messages as in California: `Friday, 20-Nov-26 02:00:00 PST`. */
function pacific(date: Date): string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/Los_Angeles',
    weekday: 'long',
    day: '2-digit',
    month: 'short',
    year: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  const part = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
  return `${part.weekday}, ${part.day}-${part.month}-${part.year} ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`;
}
