/**
 * Runs `prisma generate` after an install, without any download.
 *
 * Prisma 7 no longer needs its schema engine to generate a client, but still tries to fetch it unless the variable
 * below names an existing executable; any will do, it is not run. PRISMA_SCHEMA_ENGINE_BINARY set by the caller wins.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { status } = spawnSync(process.execPath, [require.resolve('prisma/build/index.js'), 'generate', '--no-hints'], {
  stdio: ['ignore', process.env.VERBOSE ? 'inherit' : 'ignore', 'inherit'],
  env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, ...process.env, CHECKPOINT_DISABLE: '1' },
});
process.exit(status ?? 1);
