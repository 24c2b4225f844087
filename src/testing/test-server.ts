import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../database/embedded-postgres.ts';
import { stopPostmaster } from '../database/postmaster.ts';

const PREFIX = 'scheduler-tests-';
const log = pino({ level: 'silent' });

/**
 * A Postgres for one test run, in a temporary directory that goes with it. It forgets what it was told when the machine
 * crashes, for speed. What earlier runs that were killed left behind is removed first.
 */
export async function startTestServer(): Promise<{ url: string; stop(): Promise<void> }> {
  await removeLeftovers();
  const dataDir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const server = await startEmbeddedPostgres({ dataDir, log, durable: false, maxConnections: 300 });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function removeLeftovers(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    if (isAlive(Number(name.slice(PREFIX.length).split('-')[0]))) continue;
    const dataDir = await realpath(join(tmpdir(), name));
    await stopPostmaster({ directory: join(dataDir, 'postgres', 'cluster') }, log);
    await rm(dataDir, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
