import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

/** A database user whose connections can be taken away: Postgres then answers as when max_connections is reached. */
export interface LimitedRole {
  url: string;
  /** Ends its connections and lets it open no other. */
  exhaust(): Promise<void>;
  relax(): Promise<void>;
  /** Once nothing is connected as it any more. */
  drop(): Promise<void>;
}

/** @param databaseUrl of the database and of the user whose rights it has */
export async function limitedRole(databaseUrl: string): Promise<LimitedRole> {
  const admin = new pg.Client({ connectionString: inject('testServerUrl') });
  await admin.connect();
  const name = `limited_${randomBytes(6).toString('hex')}`;
  const url = new URL(databaseUrl);
  await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${name}' IN ROLE ${url.username}`);
  url.username = name;
  url.password = name;
  return {
    url: url.href,
    async exhaust() {
      await admin.query(`ALTER ROLE ${name} CONNECTION LIMIT 0`);
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [name]);
    },
    async relax() {
      await admin.query(`ALTER ROLE ${name} CONNECTION LIMIT -1`);
    },
    async drop() {
      await admin.query(`DROP ROLE ${name}`);
      await admin.end();
    },
  };
}
