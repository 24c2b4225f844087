import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'e2e/**/*.test.ts'],
    globalSetup: 'src/testing/global-setup.ts',
    setupFiles: ['src/testing/test-rules.ts'],
    pool: 'forks',
    // Every worker has its own connections to one Postgres; more than four only make each other wait.
    maxWorkers: Math.min(4, availableParallelism()),
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
