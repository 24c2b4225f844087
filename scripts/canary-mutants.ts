/**
 * node scripts/canary-mutants.ts [pattern of names]
 * Shows that the tests can fail: in a copy of the tree it takes away one guard of publishing at a time and runs the tests
 * that should notice, and then the model-based test alone. A mutant that nothing notices, or an edit that no longer
 * applies, ends it with exit code 1. About a minute per mutant.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { z } from 'zod';
import { MUTANTS, type Mutant } from './mutants.ts';

const ROOT = join(import.meta.dirname, '..');
const NOT_COPIED = ['node_modules', '.git', 'data', 'coverage', '.adminjs'];
const MODEL = 'src/publishing/model.test.ts';
/** The quick ones first: the next group is asked only when nothing in the one before noticed. */
const TESTS = [
  [
    'src/domain/',
    'publishing/races',
    'publishing/recovery',
    'publishing/sweep',
    'publishing/kept-answer',
    'publishing/posts',
    'publishing/prepare-ahead',
    'publishing/late-answer',
    'publishing/adopted-evidence',
    'platforms/http-client',
  ],
  ['publishing/publish.', 'publishing/crash'],
];

/** The part of vitest's JSON report that is read here. */
const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

let running: ChildProcess | undefined;

interface Verdict {
  /** The first test that failed; null when all passed. */
  killedBy: string | null;
  seconds: number;
}

await using closing = new AsyncDisposableStack();
const copy = await mkdtemp(join(tmpdir(), 'canary-mutants-'));
closing.defer(() => rm(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => running?.kill(signal));
await cp(ROOT, copy, {
  recursive: true,
  filter: (path) => !NOT_COPIED.includes(relative(ROOT, path).split('/')[0] ?? ''),
});
await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));

const chosen = MUTANTS.filter(({ without }) => new RegExp(process.argv[2] ?? '').test(without));
let survivors = 0;
console.log('| without | noticed by | s | model-based test | s |\n|---|---|---|---|---|');
const unchanged = await judge();
row('(nothing changed)', unchanged.tests, unchanged.model);
if (unchanged.tests.killedBy !== null || unchanged.model.killedBy !== null) {
  console.log('\nThe suite is red before anything is taken away: that has to be put right first.');
  process.exitCode = 1;
} else {
  for (const mutant of chosen) {
    const { tests, model } = await withMutant(mutant, judge);
    if (tests.killedBy === null && model.killedBy === null) survivors += 1;
    row(mutant.without, tests, model);
  }
  console.log(`\n${chosen.length - survivors} of ${chosen.length} mutants were noticed.`);
  if (survivors > 0) process.exitCode = 1;
}

/** @throws when an edit does not apply exactly once: the guard has moved, and this list has to follow */
async function withMutant<T>(mutant: Mutant, run: () => Promise<T>): Promise<T> {
  const originals = new Map<string, string>();
  try {
    for (const { file, from, to } of mutant.edits) {
      const path = join(copy, file);
      const text = await readFile(path, 'utf8');
      const found = text.split(from).length - 1;
      if (found !== 1) throw new Error(`"${mutant.without}": ${found} places in ${file} look like this: ${from}`);
      if (!originals.has(path)) originals.set(path, text);
      await writeFile(
        path,
        text.replace(from, () => to),
      );
    }
    return await run();
  } finally {
    for (const [path, text] of originals) await writeFile(path, text);
  }
}

async function judge(): Promise<{ tests: Verdict; model: Verdict }> {
  const tests: Verdict = { killedBy: null, seconds: 0 };
  for (const group of TESTS) {
    const { killedBy, seconds } = await runTests(group);
    tests.killedBy = killedBy;
    tests.seconds += seconds;
    if (killedBy !== null) break;
  }
  return { tests, model: await runTests([MODEL]) };
}

/** Runs test files until the first failure. @throws when the run left no report */
async function runTests(files: readonly string[]): Promise<Verdict> {
  const output = join(copy, 'canary-report.json');
  await rm(output, { force: true });
  const started = performance.now();
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  running = spawn(
    process.execPath,
    [vitest, 'run', '--bail=1', '--reporter=json', `--outputFile=${output}`, ...files],
    { cwd: copy, env: { MODEL_RUNS: '100', ...process.env, MODEL_SHRINK: 'off' }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  running.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const [code, signal] = await once(running, 'close');
  if (!existsSync(output)) throw new Error(`${files.join(' ')} left no report (${signal ?? code}): ${complaint}`);
  const seconds = Math.round((performance.now() - started) / 1000);
  const { testResults } = report.parse(JSON.parse(await readFile(output, 'utf8')));
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find((result) => result.status === 'failed');
    if (failed !== undefined) return { killedBy: `${basename(name)}: ${failed.fullName}`, seconds };
  }
  // After the first failure the other files are reported as failed too, without a test: only here it means something.
  const broken = testResults.find(({ status }) => status === 'failed');
  if (broken !== undefined) return { killedBy: `${basename(broken.name)} does not start`, seconds };
  return { killedBy: null, seconds };
}

function row(without: string, tests: Verdict, model: Verdict): void {
  const noticed = tests.killedBy?.replaceAll('|', '\\|') ?? '–';
  console.log(
    `| ${without} | ${noticed} | ${tests.seconds} | ${model.killedBy === null ? '–' : 'red'} | ${model.seconds} |`,
  );
}
