/**
 * What the database refuses because somebody else was a moment faster. The verbs lock first where two people naturally
 * meet; this is for the rest, so that being the second one is never our mistake in his eyes.
 */
import { Refusal } from '../domain/refusal.ts';

/** @returns what to tell the person; null when the error says something else. Nothing was saved. */
export function collision(error: unknown): Refusal | null {
  const code = codeIn(error, 0);
  const sentence = code === null ? undefined : SENTENCES[code];
  return sentence === undefined ? null : new Refusal('conflict', sentence, {}, { cause: error });
}

const TAKEN =
  'Somebody else saved the same thing at the same moment, and it can be there only once. Look at what is saved now.';
const GONE = 'Somebody else removed what this needs at the same moment. Reload the page to see what is there now.';
const CROSSED = 'Somebody else changed the same thing at the same moment, so nothing was saved. Try again.';

/** Prisma's codes, and Postgres' own, which is what a query of ours that Prisma only passes on comes back with. */
const SENTENCES: Readonly<Record<string, string>> = {
  P2002: TAKEN,
  '23505': TAKEN,
  P2003: GONE,
  P2025: GONE,
  '23503': GONE,
  P2034: CROSSED,
  '40001': CROSSED,
  '40P01': CROSSED,
  TransactionWriteConflict: CROSSED,
};

/** Whether it was this that ended a transaction: Postgres has undone all of it, so it may be tried again. */
export function hasCrossed(error: unknown): boolean {
  const code = codeIn(error, 0);
  return code !== null && SENTENCES[code] === CROSSED;
}

/** Prisma wraps what Postgres said, in a different way for each kind of query. */
function codeIn(error: unknown, depth: number): string | null {
  if (typeof error !== 'object' || error === null || depth > 5) return null;
  const { code, kind, originalCode, cause, meta, driverAdapterError } = error as Record<string, unknown>;
  const own = [code, originalCode, kind].find((name) => typeof name === 'string' && Object.hasOwn(SENTENCES, name));
  if (typeof own === 'string') return own;
  return codeIn(meta, depth + 1) ?? codeIn(driverAdapterError, depth + 1) ?? codeIn(cause, depth + 1);
}
