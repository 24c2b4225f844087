/**
 * Slows down guessing of passwords. Only failures count, and they are counted before the password is looked at (a
 * success takes its count back), so that a hundred guesses at once are a hundred guesses.
 *
 * Three counters, in Postgres so that all processes share them:
 * - one address: somebody tries many accounts. Generous, because a whole office may share an address;
 * - one account from one address: somebody guesses one password;
 * - one account from anywhere: many machines guess one password. An address that this account signed in from within the
 *   last month is exempt, so that strangers cannot lock a person out of his own desk.
 * Asked in this order, and what one of them refuses the next does not count: a single machine cannot close an account to
 * everybody, and what a closed address goes on trying says nothing about the accounts.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type pg from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';

export interface SignInLimiter {
  /** Counts an attempt. @returns why it is refused when there were too many failures, else null: go on */
  attempt(email: string, address: string): Promise<Block | null>;
  /** Takes the attempt back and remembers the address. */
  succeeded(email: string, address: string): Promise<void>;
}

/** What is closed for now, and since how many attempts (this one included, whichever process they came to). */
export interface Block {
  by: 'address' | 'account and address' | 'account';
  refused: number;
  waitSeconds: number;
}

const WINDOW_SECONDS = 15 * 60;
const FAILURES = { accountAndAddress: 10, address: 40, account: 100 };
const REMEMBERED_SECONDS = 30 * 86_400;

/** @param pool connections to the product's database, which has the table `rate_limits` */
export function createSignInLimiter(pool: pg.Pool): SignInLimiter {
  const counter = (keyPrefix: string, points: number) =>
    new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: 'rate_limits',
      tableCreated: true,
      keyPrefix,
      points,
      duration: WINDOW_SECONDS,
    });
  const perAccountAndAddress = counter('sign-in', FAILURES.accountAndAddress);
  const perAddress = counter('sign-in-from', FAILURES.address);
  const perAccount = counter('sign-in-to', FAILURES.account);
  const remembered = counter('signed-in', 1);

  return {
    async attempt(email, address) {
      const both = key(email, address);
      return (
        (await consume(perAddress, key(address), 'address')) ??
        (await consume(perAccountAndAddress, both, 'account and address')) ??
        ((await remembered.get(both)) === null ? consume(perAccount, key(email), 'account') : null)
      );
    },
    async succeeded(email, address) {
      const both = key(email, address);
      const known = (await remembered.get(both)) !== null;
      await Promise.all([
        perAccountAndAddress.delete(both),
        perAddress.reward(key(address)),
        known ? null : perAccount.reward(key(email)),
        remembered.set(both, 1, REMEMBERED_SECONDS),
      ]);
    },
  };
}

async function consume(counter: RateLimiterPostgres, counted: string, by: Block['by']): Promise<Block | null> {
  try {
    await counter.consume(counted);
    return null;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const waitSeconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    return { by, refused: refused.consumedPoints - counter.points, waitSeconds };
  }
}

/** Hashed: the counters need no one's e-mail address, and a key has room for 255 characters only. */
function key(...parts: string[]): string {
  return createHash('sha256').update(parts.map(canonical).join('\n')).digest('base64url');
}

/** One customer of an IPv6 network has at least a /64 to himself: its addresses count as one. */
function canonical(part: string): string {
  const text = part.trim().toLowerCase();
  if (!isIPv6(text)) return text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [head = '', tail = ''] = text.split('::');
  const groups = head.split(':').filter(Boolean);
  const missing = text.includes('::') ? 8 - groups.length - tail.split(':').filter(Boolean).length : 0;
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0')].slice(0, 4).join(':');
}
