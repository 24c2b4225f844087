/**
 * Set-up file of every test file. A test fails when it
 * - tried to reach another machine (see network-guard.ts), or
 * - wrote to console.error or console.warn, which nobody reads in a passing run. A test that expects that says so:
 *   `vi.spyOn(console, 'error').mockImplementation(() => undefined)`, and looks at what was written.
 */
import { format } from 'node:util';
import { afterAll, afterEach } from 'vitest';
import { refusedHosts } from './network-guard.ts';

const written: string[] = [];

for (const method of ['error', 'warn'] as const) {
  // biome-ignore lint/suspicious/noConsole: this is where its use is watched.
  const original = console[method];
  console[method] = (...args: unknown[]) => {
    written.push(`console.${method}: ${format(...args)}`);
    original(...args);
  };
}

afterEach(failOnOffences);
afterAll(failOnOffences);

function failOnOffences(): void {
  const offences = [...refusedHosts.splice(0).map((host) => `tried to reach ${host}`), ...written.splice(0)];
  if (offences.length > 0)
    throw new Error(`This test breaks the rules of src/testing/test-rules.ts:\n${offences.join('\n')}`);
}
