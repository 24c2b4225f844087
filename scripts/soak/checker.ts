/**
 * Compares what the platform has with what the product says. The platform's ledger and its journal of requests are the
 * judge; the product's tables are what is judged.
 */
import { readFile } from 'node:fs/promises';
import { verifyAuditChain } from '../../src/audit/verify-chain.ts';
import type { AppContext } from '../../src/context.ts';
import type { LeaseEnds } from './lease-watch.ts';

export interface Verdict {
  posts: number;
  publications: number;
  byStatus: Record<string, number>;
  /** Posts on the platform beyond one per publication. */
  duplicates: number;
  /** Requests that the platform refused because the same post was there already: a second copy, had it been less careful. */
  refusedCopies: number;
  /** Neither at an end nor waiting for a person. */
  lost: number;
  publishedWithoutItsPost: number;
  /** Said to have failed or not to have left, and yet on the platform. */
  failedButLive: number;
  unconfirmed: { interrupted: number; ambiguous: number; live: number; byCode: Record<string, number> };
  /** Milliseconds from the end of an abandoned claim's lease to a status that does not change by itself. */
  recovery: { count: number; p50: number; p99: number; max: number };
  auditIntact: boolean;
}

interface Row {
  id: string;
  status: string;
  external_id: string | null;
  error_code: string | null;
  text: string;
  account: string;
  finished_at: Date | null;
}

const UNFINISHED = ['scheduled', 'publishing', 'retrying'];

export async function judge(
  ctx: AppContext,
  from: { sandboxUrl: string; journal: string; workerLog: string; leases: LeaseEnds },
): Promise<Verdict> {
  const answer = await fetch(`${from.sandboxUrl}/sandbox/ledger?platform=linkedin`);
  const { entries } = (await answer.json()) as { entries: { id: string; text: string; account: string }[] };
  const there = Map.groupBy(entries, ({ account, text }) => `${account} ${text}`);
  const rows = await ctx.db.$queryRaw<Row[]>`
    SELECT publications.id, publications.status::text, publications.external_id, publications.error_code, posts.text,
           'urn:li:person:' || connected_accounts.external_id AS account,
           (SELECT max(finished_at) FROM publish_attempts WHERE publication_id = publications.id) AS finished_at
    FROM publications JOIN posts ON posts.id = post_id JOIN connected_accounts ON connected_accounts.id = account_id`;
  const live = (row: Row) => there.get(`${row.account} ${row.text}`) ?? [];
  const of = (...statuses: string[]) => rows.filter(({ status }) => statuses.includes(status));
  const unconfirmed = of('unconfirmed');
  const interrupted = unconfirmed.filter((row) => row.error_code === 'interrupted').length;
  const audit = await verifyAuditChain(ctx.db);
  return {
    posts: await ctx.db.post.count(),
    publications: rows.length,
    byStatus: tally(rows.map(({ status }) => status)),
    duplicates: entries.length - there.size,
    refusedCopies: await refusedCopies(from.journal),
    lost: of(...UNFINISHED).length,
    publishedWithoutItsPost: of('published').filter((row) => !live(row).some(({ id }) => id === row.external_id))
      .length,
    failedButLive: of('failed', 'missed', 'held', 'cancelled', 'draft', ...UNFINISHED).filter(
      (row) => live(row).length > 0,
    ).length,
    unconfirmed: {
      interrupted,
      ambiguous: unconfirmed.length - interrupted,
      live: unconfirmed.filter((row) => live(row).length > 0).length,
      byCode: tally(unconfirmed.map((row) => row.error_code ?? '?')),
    },
    recovery: await recovery(rows, from.workerLog, from.leases),
    auditIntact: audit.intact,
  };
}

export function passed(verdict: Verdict): boolean {
  const { duplicates, refusedCopies, lost, publishedWithoutItsPost, failedButLive, auditIntact } = verdict;
  return duplicates + refusedCopies + lost + publishedWithoutItsPost + failedButLive === 0 && auditIntact;
}

async function refusedCopies(journal: string): Promise<number> {
  const lines = (await readFile(journal, 'utf8')).split('\n');
  return lines.filter((line) => line.includes('"code":"DUPLICATE_POST"')).length;
}

/** The workers log whom they recover; when the lease had ended was noted while it lasted. */
async function recovery(rows: readonly Row[], workerLog: string, leases: LeaseEnds): Promise<Verdict['recovery']> {
  const finishedAt = new Map(rows.map((row) => [row.id, row.finished_at?.getTime()]));
  const lags: number[] = [];
  for (const line of (await readFile(workerLog, 'utf8')).split('\n')) {
    if (!/a claim was abandoned|a worker died while sending/.test(line)) continue;
    const { publicationId = '', time = 0 } = parsed(line);
    const end = leases.get(publicationId)?.findLast((instant) => instant <= time);
    const finished = finishedAt.get(publicationId);
    if (end !== undefined && finished !== undefined && finished >= end) lags.push(finished - end);
  }
  lags.sort((one, other) => one - other);
  const quantile = (q: number) => lags[Math.min(lags.length - 1, Math.floor(q * lags.length))] ?? 0;
  return { count: lags.length, p50: quantile(0.5), p99: quantile(0.99), max: lags.at(-1) ?? 0 };
}

/** A killed process may have written half a line. */
function parsed(line: string): { publicationId?: string; time?: number } {
  try {
    return JSON.parse(line) as { publicationId?: string; time?: number };
  } catch {
    return {};
  }
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
