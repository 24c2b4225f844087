/**
 * Once per test run: a Postgres (an embedded one of our own, or the one TEST_DATABASE_URL names) and in it a database
 * with all migrations, which `freshDatabase()` clones.
 */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { openConnection } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { startTestServer } from './test-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the test server to which CREATE DATABASE and DROP DATABASE are sent. */
    testServerUrl: string;
    /** The migrated database to clone; nobody may connect to it. */
    templateDatabase: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const server = given ? { url: given, stop: async () => undefined } : await startTestServer();
  const template = `scheduler_template_${randomUUID().replaceAll('-', '')}`;
  try {
    await createTemplate(server.url, template);
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide('testServerUrl', server.url);
  project.provide('templateDatabase', template);

  return async () => {
    if (given) await drop(given, template);
    await server.stop();
  };
}

async function createTemplate(serverUrl: string, name: string): Promise<void> {
  const admin = await openConnection(serverUrl);
  try {
    await admin.query(`CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    await migrate(url.href, pino({ level: 'silent' }));
    // A forgotten connection would make every later clone fail.
    await admin.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  } finally {
    await admin.end();
  }
}

async function drop(serverUrl: string, name: string): Promise<void> {
  const admin = await openConnection(serverUrl);
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.end();
}
