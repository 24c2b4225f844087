import { PLATFORM_LABEL, type Platform } from '../domain/platform-name.ts';
import { ConnectError, type Reach } from './platform.ts';

/**
 * Pure: what it means when a platform sends the browser back with `error=` instead of a code (RFC 6749, 4.1.2.1, and
 * LinkedIn's own `user_cancelled_login`, `user_cancelled_authorize` and `unauthorized_scope_error`).
 * `error_description` is not shown: anybody can put words into a link.
 */
export function consentError(platform: Platform, error: string, reach: Reach = 'own'): ConnectError {
  const name = PLATFORM_LABEL[platform];
  switch (error) {
    case 'access_denied':
    case 'user_cancelled_login':
    case 'user_cancelled_authorize':
      return new ConnectError('cancelled', `You cancelled at ${name}. Nothing was connected.`, { dead: false });
    case 'unauthorized_scope_error':
    case 'invalid_scope':
      if (reach === 'organizations') {
        return new ConnectError(
          'app-refused',
          `${name} does not allow this app to ask for Pages. The operator has to request the product “Community Management API” for the app at ${name}; until then only people’s own accounts can be connected.`,
          { dead: false },
        );
      }
      return new ConnectError(
        'app-refused',
        `${name} does not allow this app everything it asks for. The operator has to add the missing product or permission to the app at ${name}.`,
        { dead: false },
      );
    case 'server_error':
    case 'temporarily_unavailable':
      return new ConnectError('unreachable', `${name} has a problem. Try again in a few minutes.`, { dead: false });
    default:
      return new ConnectError(
        'refused',
        `${name} refused to connect. Start again; if it stays so, the operator has to check the app’s settings at ${name}.`,
        { dead: false },
      );
  }
}
