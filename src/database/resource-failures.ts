/**
 * The database lives, answers questions, and cannot save for want of something: its disk is full, it is read-only. What
 * requests of this process met is remembered for a minute, for whoever watches it: the worker counts its own (worker.ts).
 */

const REMEMBERED_MS = 60_000;

/** SQLSTATE (Postgres' manual, appendix A): what is wrong, and what an operator can do. */
const FAILURES: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  '53100': ['the database’s disk is full', 'Make room there'],
  '53200': ['the database has no memory left', 'Give it more'],
  '53300': ['the database has no connection left', 'Raise its max_connections, or stop something that uses it'],
  '58030': ['the database’s disk fails', 'Look at the machine it runs on'],
  '25006': ['the database is read-only', 'Let DATABASE_URL name a server that can be written to'],
};
const OTHER_SHORTAGE = /^53\w{3}$/;

/** Said to whoever wanted to save something. */
export const CANNOT_SAVE =
  'The server cannot save at the moment, so nothing was changed. Try again later; if it stays, tell your administrator.';

let latest: { reason: string; at: number } | null = null;

/** @returns what the database lacks, as half a sentence; null when the error says something else */
export function resourceFailure(error: unknown): string | null {
  return failureIn(error)?.reason ?? null;
}

/** The same as a whole sentence for the operator, who reads it in the place of a stack. */
export function explainResourceFailure(error: unknown): string | null {
  const failure = failureIn(error);
  if (failure === null) return null;
  return `Nothing can be saved: ${failure.reason} (SQLSTATE ${failure.code}). ${failure.remedy}, then start again.`;
}

/** Remembers a failure of a request. @returns as `resourceFailure` */
export function noteResourceFailure(error: unknown): string | null {
  const reason = resourceFailure(error);
  if (reason !== null) latest = { reason, at: performance.now() };
  return reason;
}

/** What a request of this process failed for within the last minute; null when none did. */
export function recentResourceFailure(): string | null {
  return latest !== null && performance.now() - latest.at <= REMEMBERED_MS ? latest.reason : null;
}

function failureIn(error: unknown): { code: string; reason: string; remedy: string } | null {
  const code = codeIn(error, 0);
  if (code === null) return null;
  const [reason, remedy] = FAILURES[code] ?? [`the database lacks something (${code})`, 'Look at its log'];
  return { code, reason, remedy };
}

/** Prisma wraps what Postgres said, in a different way for each kind of query. */
function codeIn(error: unknown, depth: number): string | null {
  if (typeof error !== 'object' || error === null || depth > 5) return null;
  const { code, originalCode, cause, meta, driverAdapterError } = error as Record<string, unknown>;
  const own = [code, originalCode].find(
    (name) => typeof name === 'string' && (Object.hasOwn(FAILURES, name) || OTHER_SHORTAGE.test(name)),
  );
  if (typeof own === 'string') return own;
  return codeIn(meta, depth + 1) ?? codeIn(driverAdapterError, depth + 1) ?? codeIn(cause, depth + 1);
}
