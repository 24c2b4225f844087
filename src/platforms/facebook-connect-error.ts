/**
 * What Facebook's refusals mean while an account is being connected. Its words are not repeated here: they answer
 * parameters that anybody can put into a link. Source: Meta's "Manually build a login flow" and error pages.
 */
import { errorCodeOf, type FacebookError, readFacebookError } from './facebook-error.ts';
import { readUsage } from './facebook-usage.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import { ConnectError } from './platform.ts';

/** Pure. */
export function connectErrorOf(answer: HttpAnswer): ConnectError {
  const error = readFacebookError(answer);
  const { code, subcode } = error;
  if (isWrongApp(error)) {
    return failed(
      'app-refused',
      'Facebook does not accept this server’s app credentials. The operator has to check FACEBOOK_APP_ID and FACEBOOK_APP_SECRET.',
    );
  }
  if (isLimit(error, answer.status)) {
    const minutes = readUsage(answer, null).regainMinutes;
    return failed(
      'unreachable',
      `Facebook asks us to slow down. Try again in ${minutes === null ? 'an hour' : `${Math.ceil(minutes)} minutes`}.`,
    );
  }
  if (isPassing(answer)) return unreachable(`HTTP ${answer.status}`);
  if (code === 100 && subcode === 36008) {
    return failed(
      'code-refused',
      'Facebook did not accept the confirmation: the redirect address differs from the one registered for the app. The operator has to register it exactly; then start connecting again.',
      true,
    );
  }
  // A code that Facebook never gave has no subcode; what it is about then stands in the header only.
  if (code === 100 && (subcode === 36009 || subcode === 36007 || isAboutCode(answer))) {
    return failed(
      'code-refused',
      'Facebook did not accept the confirmation: it was used already, has expired, or was never given. Start connecting again.',
      true,
    );
  }
  if (code === 190 || code === 102) {
    return failed(
      'token-refused',
      'Facebook does not accept the permission it just gave. Start connecting again.',
      true,
    );
  }
  if (code === 10 || code === 3 || (code !== null && code >= 200 && code <= 299)) {
    return failed(
      'permission-missing',
      'Facebook does not let this app read which Pages there are. Start connecting again and leave every permission ticked; if it stays so, the operator has to add the permissions to the app.',
    );
  }
  const details = code === null ? `HTTP ${answer.status}` : `error ${errorCodeOf(error, answer.status)}`;
  return failed('refused', `Facebook refused (${details}). Start connecting again.`);
}

/** Whether the same question may be answered a moment later. */
export function isPassing(result: HttpResult): boolean {
  if (result.kind !== 'answer' || result.status >= 500) return true;
  if (result.status < 400) return false;
  const error = readFacebookError(result);
  return (
    (error.code === 1 || error.code === 2 || error.isTransient) && !isWrongApp(error) && !isLimit(error, result.status)
  );
}

export function unreachable(reason: string): ConnectError {
  return failed('unreachable', `Facebook could not be asked (${reason}). Try again in a few minutes.`);
}

export function unreadable(): ConnectError {
  return failed('unreadable-answer', 'Facebook’s answer could not be read. Try again in a few minutes.');
}

/** Code 1 is also "unknown error": only the text tells that the secret is wrong. 101: no such app. */
function isWrongApp({ code, text }: FacebookError): boolean {
  return code === 101 || /client secret|appsecret_proof/i.test(text);
}

function isAboutCode({ headers }: HttpAnswer): boolean {
  return /"invalid_code"/.test(headers['www-authenticate'] ?? '');
}

function isLimit({ code }: FacebookError, status: number): boolean {
  if (status === 429) return true;
  return code !== null && ([4, 17, 32, 341, 613].includes(code) || (code >= 80_000 && code <= 80_014));
}

function failed(code: string, message: string, dead = false): ConnectError {
  return new ConnectError(code, message, { dead });
}
