/**
 * The product, or one of its commands, as an operator runs it: a process of its own that is only seen through what it
 * prints, answers and leaves behind. It leads a process group, as a shell's job does, and cannot leave this machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { VARIABLE_NAMES } from '../config.ts';
import { findPostmaster, type Postmaster, stopPostmaster } from '../database/postmaster.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const NETWORK_GUARD = join(import.meta.dirname, 'network-guard.ts');
/** Less than a test's own limit, so that what it printed is told. */
const PATIENCE_MS = 25_000;

export interface ProductProcess {
  readonly pid: number;
  /** Everything printed so far, on both streams. */
  output(): string;
  /** Waits until the pattern was printed. @throws when it ends before, or takes too long, with all that it printed */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits until it is ready. @returns its address, without a trailing slash */
  ready(): Promise<string>;
  /** @param to `group` is what Ctrl-C does */
  signal(name: NodeJS.Signals, to?: 'process' | 'group'): void;
  /** Waits for its end. @returns the exit code, or the signal that killed it */
  ended(): Promise<number | NodeJS.Signals>;
}

interface ProcessOptions {
  /** Relative to the project; default: the server. */
  program?: string;
  args?: readonly string[];
  /** Run by this instead of by node, which then guards nothing. */
  command?: readonly [string, ...string[]];
  /** Code that runs in the process before the program. */
  preload?: string;
  cwd?: string;
  /** `open`: somebody sits in front of it and types nothing. Default: there is nothing to read, so a prompt ends at once. */
  stdin?: 'open';
}

/** A bench for one test file: whatever was started and made with it is gone after `clear()`. */
export class ProductBench {
  readonly #children: ChildProcess[] = [];
  readonly #dataDirs: string[] = [];

  /** Not there yet, inside a temporary directory. */
  async newDataDir(): Promise<string> {
    const dataDir = join(await realpath(await mkdtemp(join(tmpdir(), 'scheduler-process-'))), 'data');
    this.#dataDirs.push(dataDir);
    return dataDir;
  }

  /** Only the given variables are set, and both ports are free ones unless said otherwise. */
  start(environment: Readonly<Record<string, string>>, options: ProcessOptions = {}): ProductProcess {
    const { program = 'src/main.ts', args = [], command, preload, cwd = ROOT, stdin } = options;
    // Set but empty, so that a developer's own .env does not fill the gaps.
    const unset = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, '']));
    const env = { PATH: process.env.PATH, ...unset, NODE_ENV: 'test', PORT: '0', SANDBOX_PORT: '0', ...environment };
    const imports = [
      NETWORK_GUARD,
      ...(preload === undefined ? [] : [`data:text/javascript,${encodeURIComponent(preload)}`]),
    ];
    const [file, ...rest] = command ?? [
      process.execPath,
      ...imports.flatMap((module) => ['--import', module]),
      join(ROOT, program),
      ...args,
    ];
    const input = stdin === 'open' ? 'pipe' : 'ignore';
    const child = spawn(file, rest, { cwd, env, detached: true, stdio: [input, 'pipe', 'pipe'] });
    this.#children.push(child);
    return follow(child);
  }

  async clear(): Promise<void> {
    await Promise.all(this.#children.map(kill));
    for (const dataDir of this.#dataDirs) {
      await stopPostmaster({ directory: clusterOf(dataDir) }, pino({ level: 'silent' }));
      await rm(dirname(dataDir), { recursive: true, force: true });
    }
  }
}

/** The running database of a data directory, or null. */
export function postgresOf(dataDir: string): Promise<Postmaster | null> {
  return findPostmaster({ directory: clusterOf(dataDir) });
}

function clusterOf(dataDir: string): string {
  return join(dataDir, 'postgres', 'cluster');
}

function follow(child: ChildProcess): ProductProcess {
  const { pid } = child;
  if (pid === undefined) throw new Error('the process could not be started');
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const closed = once(child, 'close');

  async function printed(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = pattern.exec(text);
      if (found !== null) return found;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`it ended without printing ${pattern}:\n${text}`);
      if (performance.now() > deadline) throw new Error(`waited in vain for ${pattern}:\n${text}`);
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
  }

  return {
    pid,
    output: () => text,
    printed,
    ready: async () => (await printed(/^ +(?:Open|Health) +(http:\/\/[^/\s]+)/m))[1] ?? '',
    signal: (name, to = 'process') => void process.kill(to === 'group' ? -pid : pid, name),
    ended: async () => {
      const timer = setTimeout(() => void kill(child), PATIENCE_MS);
      await closed;
      clearTimeout(timer);
      return child.exitCode ?? child.signalCode ?? 'SIGKILL';
    },
  };
}

/** With whatever it started in its group, also when it is gone itself. */
async function kill(child: ChildProcess): Promise<void> {
  const running = child.exitCode === null && child.signalCode === null;
  const exited = running ? once(child, 'exit') : null;
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error; // Nobody is left.
  }
  await exited;
}
