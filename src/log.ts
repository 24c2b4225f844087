import { type Logger, pino } from 'pino';

/** Whatever holds one of these keys, at any depth we use, never reaches a log line. */
const SECRET_KEYS = [
  'password',
  'authorization',
  'cookie',
  'set-cookie',
  'access_token',
  'refresh_token',
  'accessToken',
  'refreshToken',
  'client_secret',
  'clientSecret',
  'code',
  'code_verifier',
  'token',
];

/**
 * The product's logger: one JSON object per line on standard output, secrets removed.
 * @param level pino's level name, from LOG_LEVEL
 */
export function createLog(level: string): Logger {
  // `err.code` is wanted in logs (ECONNREFUSED and the like), so `code` is only removed where OAuth puts it.
  const nested = SECRET_KEYS.filter((key) => key !== 'code').flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]);
  return pino({
    level,
    redact: { paths: [...nested, 'query.code', 'req.query.code', 'body.code'], censor: '[removed]' },
  });
}
