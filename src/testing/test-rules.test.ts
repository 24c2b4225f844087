import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startVitest } from 'vitest/node';

const ROOT = join(import.meta.dirname, '..', '..');

test('a test fails that writes to console.error or tries to leave the machine, also when it swallows the error', async () => {
  const directory = await mkdtemp(join(ROOT, 'node_modules', '.rules-'));
  try {
    await writeFile(
      join(directory, 'sample.test.ts'),
      `import { expect, test, vi } from 'vitest';
       test('quiet', () => {});
       test('loud', () => { console.error('something', 'broke'); });
       test('expected', () => {
         const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
         console.error('known');
         expect(error).toHaveBeenCalledWith('known');
         error.mockRestore();
       });
       test('leaving', () => fetch('http://outside.invalid/').catch(() => undefined));`,
    );
    const vitest = await startVitest('test', [], {
      root: directory,
      config: false,
      watch: false,
      include: ['*.test.ts'],
      setupFiles: [join(ROOT, 'src', 'testing', 'test-rules.ts')],
      reporters: [{}],
    });
    const [file] = vitest.state.getTestModules();
    const results = Object.fromEntries(
      [...(file?.children.allTests() ?? [])].map((item) => [item.name, item.result()]),
    );
    await vitest.close();
    expect(results).toMatchObject({ quiet: { state: 'passed' }, expected: { state: 'passed' } });
    expect(results.loud?.errors?.[0]?.message).toContain('console.error: something broke');
    expect(results.leaving?.errors?.[0]?.message).toContain('tried to reach outside.invalid');
  } finally {
    process.exitCode = 0; // The run inside was meant to fail.
    await rm(directory, { recursive: true });
  }
});
