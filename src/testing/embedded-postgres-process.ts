/**
 * A process that uses the embedded database, for tests that need a second one or one to kill:
 * `node src/testing/embedded-postgres-process.ts DATA_DIR`. It writes one line of JSON, the URL and whether it owns the
 * server, and stays until SIGTERM. SIGINT is ignored, as by a product that is still draining.
 */
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../database/embedded-postgres.ts';

const [dataDir = ''] = process.argv.slice(2);
process.on('SIGINT', () => undefined);
const { url, owner, stop } = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }), durable: false });
process.on('SIGTERM', () => void stop());
process.stdout.write(`${JSON.stringify({ url, owner })}\n`);
