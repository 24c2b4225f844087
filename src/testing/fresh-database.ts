import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { connectDatabase, type Database } from '../database/client.ts';

export interface FreshDatabase {
  url: string;
  db: Database;
  /** Disconnects and drops the database, even when something is still connected to it. */
  close(): Promise<void>;
}

/** A migrated, empty database of one's own: normally one per test file, in `beforeAll`, closed in `afterAll`. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const { url, drop } = await createDatabase(inject('templateDatabase'));
  const db = await connectDatabase(url);
  return {
    url,
    db,
    async close() {
      await db.$disconnect();
      await drop();
    },
  };
}

/** A database without any table, for tests of the migrations themselves. */
export async function emptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  return createDatabase('template0');
}

async function createDatabase(template: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `scheduler_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(inject('testServerUrl'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function onServer(statement: string): Promise<void> {
  const admin = new pg.Client({ connectionString: inject('testServerUrl') });
  await admin.connect();
  try {
    await admin.query(statement);
  } finally {
    await admin.end();
  }
}
