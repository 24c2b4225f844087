import { destination, type Logger, pino } from 'pino';

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
  'code_verifier',
  'token',
];
// `code` is wanted in errors (ECONNREFUSED and the like), so it is only removed where OAuth puts it.
const PATHS = [
  ...SECRET_KEYS.flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]),
  'query.code',
  'req.query.code',
  'body.code',
];

/**
 * The product's logger, secrets removed: one JSON object per line on standard output, or a short line for a person who
 * watches a terminal.
 * @param level pino's level name, from LOG_LEVEL
 */
export function createLog(level: string, options: { forTerminal: boolean } = { forTerminal: false }): Logger {
  const settings = { level, redact: { paths: PATHS, censor: '[removed]' } };
  return options.forTerminal
    ? pino(settings, { write: (line: string) => void process.stdout.write(terminalLine(line)) })
    : // At once and in order: what a process said just before it was killed may be all that is left of an answer.
      pino(settings, destination({ fd: process.stdout.fd, sync: true }));
}

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** `12:03:01 warn  what happened {"publicationId":"…"}` */
function terminalLine(json: string): string {
  const { level, time, msg, pid: _pid, hostname: _hostname, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return `${clock} ${(LEVEL_NAMES[Number(level)] ?? '').padEnd(5)} ${String(msg ?? '')}${details}\n`;
}
