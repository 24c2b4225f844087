/**
 * npm run bench [-- N N …]
 * How late do posts leave? First one after the other, then N posts all due at one instant; the receiving side, another
 * process, stamps each receipt.
 * Real embedded Postgres with fsync, real HTTP. The figures are void unless every post arrived exactly once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectAccount } from '../src/accounts/connect-account.ts';
import { readConfig } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import type { Actor } from '../src/domain/access.ts';
import { createLog } from '../src/log.ts';
import { openContext } from '../src/open-context.ts';
import { setAlarm } from '../src/publishing/alarm.ts';
import { startWorker } from '../src/worker/worker.ts';

const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);
const LEAD_MS = 12_000;
/** Writing one row and its alarm, on a busy machine. */
const SCHEDULING_MS = 15;
const PATIENCE_MS = 120_000;
/** Far enough apart that none waits for another. */
const TRICKLE = 60;
const TRICKLE_MS = 250;

await using closing = new AsyncDisposableStack();
const dataDir = await mkdtemp(join(tmpdir(), 'scheduler-bench-'));
closing.defer(() => rm(dataDir, { recursive: true, force: true }));
const sink = await startSink();
const config = readConfig({
  DATA_DIR: dataDir,
  PORT: '0',
  SANDBOX: 'off',
  LINKEDIN_CLIENT_ID: 'sandbox-client',
  LINKEDIN_CLIENT_SECRET: 'sandbox-secret',
  LINKEDIN_OAUTH_URL: sink.oauthUrl,
  LINKEDIN_API_URL: sink.apiUrl,
});
const { ctx: opened } = await openContext(config, createLog('error'), closing, () => undefined);
const ctx: AppContext = { ...opened, wake: () => worker.wake() };
const worker = await startWorker(ctx);
closing.defer(() => worker.stop());

const { actor, accountId, teamId } = await seed();
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}, one process, ${(await version()) ?? ''}\n`,
);
console.log('posts due | received | distinct | lateness p50 | p95 | p99 | max (ms) | posts/s');
await measure(`${TRICKLE}, one every ${TRICKLE_MS} ms`, TRICKLE, TRICKLE_MS);
for (const size of sizes.length > 0 ? sizes : [1, 100, 1_000]) await measure(`${size} at once`, size, 0);

/** @param apartMs between the due instants of two posts */
async function measure(name: string, size: number, apartMs: number): Promise<void> {
  const first = Date.now() + LEAD_MS + size * SCHEDULING_MS;
  const dueAt = (index: number) => first + index * apartMs;
  const tag = `bench ${name} ${first}`;
  await schedule(size, dueAt, tag);
  const receipts = await received(tag, size, dueAt(size - 1));
  const lateness = receipts
    .map(({ text, at }) => at - dueAt(Number(text.slice(text.lastIndexOf('#') + 1))))
    .sort((one, other) => one - other);
  const quantile = (q: number) =>
    lateness[Math.min(lateness.length - 1, Math.floor(q * lateness.length))] ?? Number.NaN;
  const distinct = new Set(receipts.map((receipt) => receipt.text)).size;
  const max = lateness.at(-1) ?? Number.NaN;
  const figures = [
    name,
    receipts.length,
    distinct,
    quantile(0.5),
    quantile(0.95),
    quantile(0.99),
    max,
    apartMs > 0 ? '–' : Math.round(size / (Math.max(max, 1) / 1000)),
  ];
  console.log(figures.join(' | '));
  if (receipts.length !== size || distinct !== size) {
    console.log('VOID: not every post arrived exactly once.');
    process.exitCode = 1;
  }
}

/** Rows and alarms as scheduling writes them, in bulk: writing one by one would only measure the form. */
async function schedule(size: number, instant: (index: number) => number, tag: string): Promise<void> {
  for (let start = 0; start < size; start += 100) {
    await ctx.db.$transaction(
      async (tx) => {
        for (let index = start; index < Math.min(start + 100, size); index++) {
          const dueAt = new Date(instant(index));
          const post = await tx.post.create({
            data: {
              teamId,
              authorId: actor.id,
              text: `${tag} #${index}`,
              scheduledAt: dueAt,
              timeZone: 'UTC',
              status: 'scheduled',
            },
          });
          const publication = await tx.publication.create({
            data: {
              postId: post.id,
              teamId,
              accountId,
              status: 'scheduled',
              dueAt,
              nextAttemptAt: dueAt,
              generation: 1,
            },
          });
          await setAlarm(tx, ctx, publication, dueAt);
        }
      },
      { timeout: 60_000 },
    );
  }
  if (Date.now() > instant(0) - 1_000) throw new Error('scheduling took too long; the figures would be wrong');
}

async function received(tag: string, size: number, last: number): Promise<{ text: string; at: number }[]> {
  const deadline = last + PATIENCE_MS;
  for (;;) {
    const published = await ctx.db.publication.count({
      where: { status: 'published', post: { text: { startsWith: tag } } },
    });
    if (published >= size || Date.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const answer = (await (await fetch(`${sink.url}/sandbox/ledger?platform=linkedin`)).json()) as {
    entries: { text: string; receivedAt: string }[];
  };
  return answer.entries
    .filter(({ text }) => text.startsWith(tag))
    .map(({ text, receivedAt }) => ({ text, at: Date.parse(receivedAt) }));
}

async function startSink(): Promise<{ url: string; oauthUrl: string; apiUrl: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sink.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closing.defer(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line) as { url: string; oauthUrl: string; apiUrl: string };
}

async function seed(): Promise<{ actor: Actor; accountId: string; teamId: string }> {
  const team = await ctx.db.team.create({ data: { name: 'Bench' } });
  const user = await ctx.db.user.create({
    data: { email: 'bench@example.com', name: 'Bench', memberships: { create: { teamId: team.id, role: 'manager' } } },
  });
  const actor: Actor = {
    id: user.id,
    email: user.email,
    name: user.name,
    timeZone: 'UTC',
    isSuperuser: false,
    memberships: [{ teamId: team.id, role: 'manager' }],
  };
  const adapter = ctx.platforms.linkedin;
  if (adapter === undefined) throw new Error('LinkedIn is configured above');
  const redirectUri = 'http://localhost:3000/connect/linkedin/callback';
  const consent = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 'bench', codeChallenge: '' }));
  consent.searchParams.set('sandbox_member', 'amara.okafor@example.com');
  const location = (await fetch(consent, { redirect: 'manual' })).headers.get('location') ?? '';
  const code = new URL(location).searchParams.get('code') ?? '';
  const now = new Date();
  const grant = await adapter.connector.exchangeCode({ code, redirectUri, codeVerifier: '' }, now);
  const [candidate] = await adapter.connector.candidates(grant, now);
  if (candidate === undefined) throw new Error('the member is a candidate');
  const account = await ctx.db.$transaction((tx) =>
    connectAccount(tx, ctx, { actor, teamId: team.id, personal: false, platform: 'linkedin', candidate, grant }),
  );
  return { actor, accountId: account.id, teamId: team.id };
}

async function version(): Promise<string | undefined> {
  const [row] = await ctx.db.$queryRaw<
    { version: string }[]
  >`SELECT 'Postgres ' || current_setting('server_version') || ', fsync ' || current_setting('fsync') AS version`;
  return row?.version;
}
