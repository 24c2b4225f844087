/**
 * npm run soak -- [--minutes N] [--rate PER_SECOND] [--only kills] [--seed N]
 * Three worker processes publish to the sandbox while everything that can go wrong does: the processes, the database and
 * both links. Then it stops, and the platform's ledger says whether anything was published twice or lost.
 * Ends with exit code 1 when it was.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sealAuditChain } from '../src/audit/seal-chain.ts';
import { readConfig } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts';
import { createLog } from '../src/log.ts';
import { openContext } from '../src/open-context.ts';
import { retryPublication } from '../src/publishing/retry-publication.ts';
import { wreakHavoc } from './soak/chaos.ts';
import { ChaosProxy } from './soak/chaos-proxy.ts';
import { judge, passed, type Verdict } from './soak/checker.ts';
import { Fleet } from './soak/fleet.ts';
import { watchLeases } from './soak/lease-watch.ts';
import { keepPosting, seedTeam, type Team } from './soak/load.ts';
import { seededRandom } from './soak/random.ts';
import { SOAK_TIMINGS } from './soak/timings.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    rate: { type: 'string', default: '20' },
    only: { type: 'string', default: 'everything' },
    seed: { type: 'string', default: String(Math.floor(performance.timeOrigin) % 1_000_000) },
    keep: { type: 'boolean', default: false },
  },
});
const minutes = positive('minutes');
const rate = positive('rate');
const seed = positive('seed');
const only = values.only === 'kills' ? 'kills' : 'everything';
const WORKERS = 3;
const ACCOUNTS = 200;
/** After the faults everything has to be at rest within this time; what piled up leaves account by account, 20 s apart. */
const CALM_MS = 20 * 60_000;

console.log(
  `Soak: ${minutes} min, ${rate} publications/s, ${only === 'kills' ? 'only SIGKILLs' : 'every fault'}, seed ${seed}, ${WORKERS} workers, ${ACCOUNTS} accounts`,
);
console.log(`Timings: ${JSON.stringify(SOAK_TIMINGS)} (shorter than production's, so that more recoveries fit in)`);

await using closing = new AsyncDisposableStack();
const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'scheduler-soak-')));
if (values.keep) console.log(`Kept afterwards: ${dataDir}`);
else closing.defer(() => rm(dataDir, { recursive: true, force: true }));
const log = createLog('silent');
const postgres = await startEmbeddedPostgres({ dataDir, log });
closing.defer(() => postgres.stop());
const sandbox = await startSandboxProcess();
const toDatabase = await proxyTo(postgres.url);
const toPlatform = await proxyTo(sandbox.apiUrl);

const environment = {
  PATH: process.env.PATH ?? '',
  NODE_ENV: 'test',
  DATA_DIR: dataDir,
  SANDBOX: 'off',
  LOG_LEVEL: 'warn',
  TOKEN_KEYS: `k1:${Buffer.alloc(32, seed % 256).toString('base64')}`,
  LINKEDIN_CLIENT_ID: 'sandbox-client',
  LINKEDIN_CLIENT_SECRET: 'sandbox-secret',
  LINKEDIN_OAUTH_URL: sandbox.oauthUrl,
};
const direct = readConfig({
  ...environment,
  ...{ ROLE: 'web', PORT: '0', DATABASE_URL: postgres.url, LINKEDIN_API_URL: sandbox.apiUrl },
});
const { ctx } = await openContext(direct, log, closing, () => undefined);
const [machine] = await ctx.db.$queryRaw<{ text: string }[]>`
  SELECT 'Postgres ' || current_setting('server_version') || ', fsync ' || current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit') AS text`;
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}, ${machine?.text ?? ''}\n`);
const team = await seedTeam(ctx, ACCOUNTS);
const workerLog = join(dataDir, 'workers.log');
const fleet = new Fleet(
  {
    ...environment,
    DATABASE_URL: through(toDatabase, postgres.url),
    LINKEDIN_API_URL: through(toPlatform, sandbox.apiUrl),
  },
  WORKERS,
  workerLog,
);
closing.defer(() => fleet.close());

const faulty = AbortSignal.timeout(minutes * 60_000);
const watching = new AbortController();
const watch = watchLeases(ctx, watching.signal);
const reporting = report();
const [done] = await Promise.all([
  wreakHavoc(
    {
      ...{ fleet, workers: WORKERS, databaseUrl: postgres.url, cluster: join(dataDir, 'postgres', 'cluster') },
      ...{ toDatabase, toPlatform, sandboxUrl: sandbox.url, members: team.accounts.map(urn) },
    },
    seededRandom(seed),
    only,
    faulty,
  ),
  keepPosting(ctx, team, seededRandom(seed + 1), rate, faulty),
]);
fleet.thaw();
for (const account of team.accounts) await clearFault(urn(account));
const calmFrom = performance.now();
await untilAtRest(ctx, team);
const restedAfter = performance.now() - calmFrom;
watching.abort();
const leases = await watch;
await reporting;
await fleet.close();
while ((await sealAuditChain(ctx.db)) > 0);
const journal = join(dataDir, 'platform', 'sandbox', 'journal.jsonl');
const verdict = await judge(ctx, { sandboxUrl: sandbox.url, journal, workerLog, leases });
print(verdict, done);
process.exitCode = passed(verdict) ? 0 : 1;

/** A line every quarter of a minute, so that one sees that something moves. */
async function report(): Promise<void> {
  while (!watching.signal.aborted) {
    await Promise.race([pause(15_000), once(watching.signal, 'abort')]);
    try {
      const groups = await ctx.db.publication.groupBy({ by: ['status'], _count: true });
      const counts = groups.map(({ status, _count }) => `${status} ${_count}`).join(', ');
      console.log(`  ${Math.round(performance.now() / 1000)} s: ${counts}`);
    } catch {
      console.log(`  ${Math.round(performance.now() / 1000)} s: the database is away`);
    }
  }
}

/** Waits for everything that moves by itself. What a rate limit put off for a quarter of an hour, a person retries now. */
async function untilAtRest({ db }: AppContext, { actor }: Team): Promise<void> {
  const deadline = performance.now() + CALM_MS;
  while (performance.now() < deadline) {
    try {
      const moving = await db.publication.count({ where: { status: { in: ['scheduled', 'publishing', 'retrying'] } } });
      if (moving === 0) return;
      const inAMinute = new Date(ctx.clock.now().getTime() + 60_000);
      const putOff = await db.publication.findMany({
        where: { status: 'retrying', nextAttemptAt: { gt: inAMinute } },
        take: 200,
      });
      for (const { id } of putOff) await retryPublication(ctx, actor, id);
    } catch {
      // Connections of the last storm; the next look opens new ones.
    }
    await pause(500);
  }
}

function print(found: Verdict, havoc: Record<string, number>): void {
  const percent = (count: number) => `${count} (${((100 * count) / Math.max(1, found.publications)).toFixed(2)} %)`;
  const ends = Object.entries(fleet.ends).map(([how, times]) => `${how} ${times}`);
  const lines: [string, string | number][] = [
    ['faults', list(havoc)],
    ['ends of worker processes', ends.join(', ')],
    ['posts / publications', `${found.posts} / ${found.publications}`],
    ['statuses', list(found.byStatus)],
    ['duplicates on the platform', found.duplicates],
    ['second copies that the platform refused', found.refusedCopies],
    ['lost', found.lost],
    ['published, but its post is not there', found.publishedWithoutItsPost],
    ['failed or not sent, but its post is there', found.failedButLive],
    ['unconfirmed because a process or its database died', percent(found.unconfirmed.interrupted)],
    ['unconfirmed because the platform’s answer was ambiguous', percent(found.unconfirmed.ambiguous)],
    ['  by code', list(found.unconfirmed.byCode)],
    ['  of both, live', found.unconfirmed.live],
    ['abandoned claims recovered', found.recovery.count],
    ['  from the end of the lease to rest, p50 / p99 / max', seconds(found.recovery)],
    ['all at rest after the last fault', `${(restedAfter / 1000).toFixed(1)} s`],
    ['audit chain', found.auditIntact ? 'intact' : 'BROKEN'],
  ];
  console.log();
  for (const [name, value] of lines) console.log(`${name.padEnd(58)} ${value}`);
  console.log(passed(found) ? '\nPASSED' : '\nFAILED');
}

function seconds({ p50, p99, max }: Verdict['recovery']): string {
  return [p50, p99, max].map((milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`).join(' / ');
}

function list(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function urn({ externalId }: { externalId: string }): string {
  return `urn:li:person:${externalId}`;
}

async function clearFault(account: string): Promise<void> {
  const body = JSON.stringify({ platform: 'linkedin', account, fault: 'ok' });
  await fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
}

async function proxyTo(url: string): Promise<ChaosProxy> {
  const { hostname, port } = new URL(url);
  const proxy = await ChaosProxy.start({ host: hostname, port: Number(port) });
  closing.defer(() => proxy.close());
  return proxy;
}

/** Where only processes die, the links are left alone: a proxy in this busy process would make every round trip slower. */
function through(proxy: ChaosProxy, address: string): string {
  if (only === 'kills') return address;
  const url = new URL(address);
  url.host = `127.0.0.1:${proxy.port}`;
  return url.href;
}

async function startSandboxProcess(): Promise<{ url: string; oauthUrl: string; apiUrl: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../bench/sink.ts'), join(dataDir, 'platform')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closing.defer(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line) as { url: string; oauthUrl: string; apiUrl: string };
}

function positive(name: 'minutes' | 'rate' | 'seed'): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`--${name} must be a number above 0.`);
  process.exit(2);
}
