/** Worker processes for the crash tests: as many as wanted stay alive, and whoever dies is replaced without much waiting. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Actor } from '../domain/access.ts';
import { eventually } from './publishing-bench.ts';

const SERVER = join(import.meta.dirname, 'crashing-server.ts');
const RESOLVING = join(import.meta.dirname, 'resolving-process.ts');

export class WorkerCrew {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #size: number;
  readonly #all: ChildProcess[] = [];
  readonly #deaths: NodeJS.Signals[] = [];
  #working: ChildProcess[] = [];
  #spare: ChildProcess;

  constructor(environment: Readonly<Record<string, string>>, size: number) {
    this.#environment = { ...environment, ROLE: 'worker' };
    this.#size = size;
    this.#spare = this.#load();
  }

  /** Starts workers until there are enough, and waits until they work. */
  async fill(): Promise<void> {
    while (this.#working.length < this.#size) {
      const child = this.#spare;
      this.#working.push(child);
      child.stdin?.write('start\n');
      const ready = child.stdout === null ? Promise.reject(new Error('no pipe')) : once(child.stdout, 'data');
      // The next one loads meanwhile.
      this.#spare = this.#load();
      await ready;
    }
  }

  /** Waits until a worker has been killed. @returns the signal that did it */
  async death(): Promise<NodeJS.Signals> {
    return eventually(() => this.#deaths.shift(), 'a worker to die', 20_000);
  }

  /** Lets go on whoever stands still. */
  thaw(): void {
    for (const child of this.#working) child.kill('SIGCONT');
  }

  terminate(): void {
    for (const child of this.#working) child.kill('SIGTERM');
  }

  /** A person's decision, in a process that is not a worker. @returns the signal that killed it, or its exit code */
  async resolve(publicationId: string, actor: Actor, resolution: string): Promise<NodeJS.Signals | number> {
    const child = spawn(process.execPath, [RESOLVING, publicationId, JSON.stringify(actor), resolution], {
      env: this.#environment,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.#all.push(child);
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? code ?? 0;
  }

  async clear(): Promise<void> {
    const running = this.#all.filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(
      running.map((child) => {
        child.kill('SIGKILL');
        return once(child, 'exit');
      }),
    );
  }

  #load(): ChildProcess {
    const child = spawn(process.execPath, [SERVER], { env: this.#environment, stdio: ['pipe', 'pipe', 'inherit'] });
    child.once('exit', (_code, signal) => {
      if (signal !== null) this.#deaths.push(signal);
      this.#working = this.#working.filter((other) => other !== child);
    });
    this.#all.push(child);
    return child;
  }
}
