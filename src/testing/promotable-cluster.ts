import { execFile } from 'node:child_process';
import { chown, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { prepareCluster } from '../database/cluster.ts';
import { clusterUrl } from '../database/cluster-share.ts';
import { startPostmaster, stopPostmaster } from '../database/postmaster.ts';

/** A Postgres server of one's own that can be replaced by a promoted standby, as in a failover, or by an earlier copy of itself. */
export interface PromotableCluster {
  url: string;
  /** The server goes away and comes back on the same address as a standby that was just promoted: its timeline is the next. */
  fail(): Promise<void>;
  /** A cold copy of all its files, as of now; the server is away for a moment. */
  copy(): Promise<void>;
  /** The copy takes over on the same address: same system identifier, same timeline. Once for each copy. */
  putBack(): Promise<void>;
  close(): Promise<void>;
}

export async function promotableCluster(): Promise<PromotableCluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'scheduler-failover-'));
  const log = pino({ level: 'silent' });
  const settings = { shared_buffers: '16MB', fsync: 'off' };
  const cluster = await prepareCluster({ dataDir, log, durable: false, settings, binaries: {} });
  const port = await freePort();
  await startPostmaster(cluster, port);
  const snapshot = `${cluster.directory}.copy`;
  const standby = join(cluster.directory, 'standby.signal');
  const url = new URL(clusterUrl(cluster, port));
  url.pathname = '/postgres';
  return {
    url: url.href,
    async fail() {
      await stopPostmaster(cluster, log);
      await writeFile(standby, '');
      if (cluster.user) await chown(standby, cluster.user.uid, cluster.user.gid);
      await startPostmaster(cluster, port);
      const admin = new pg.Client({ connectionString: url.href });
      await admin.connect();
      await admin.query('SELECT pg_promote()');
      await admin.end();
    },
    async copy() {
      await stopPostmaster(cluster, log);
      await promisify(execFile)('cp', ['-a', cluster.directory, snapshot]);
      await startPostmaster(cluster, port);
    },
    async putBack() {
      await stopPostmaster(cluster, log);
      await rm(cluster.directory, { recursive: true });
      await rename(snapshot, cluster.directory);
      await startPostmaster(cluster, port);
    },
    async close() {
      await stopPostmaster(cluster, log);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
