/** The worker processes: kept alive as a supervisor would, whatever is done to them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';

export class Fleet {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #log: WriteStream;
  readonly #workers: ChildProcess[] = [];
  readonly #frozen = new Set<ChildProcess>();
  readonly ends: Record<string, number> = {};
  #closing = false;

  /** @param logFile where everything that the workers print is collected */
  constructor(environment: Readonly<Record<string, string>>, size: number, logFile: string) {
    this.#environment = environment;
    this.#log = createWriteStream(logFile, { flags: 'a' });
    for (let index = 0; index < size; index++) this.#start(index);
  }

  kill(index: number): void {
    this.#workers[index]?.kill('SIGKILL');
  }

  /** A deploy: an orderly stop; the next process starts when the old one has ended. */
  terminate(index: number): void {
    this.#workers[index]?.kill('SIGTERM');
  }

  /** Stops the process's time; continue it with the returned function, if it still lives then. */
  freeze(index: number): () => void {
    const child = this.#workers[index];
    if (child === undefined) return () => undefined;
    child.kill('SIGSTOP');
    this.#frozen.add(child);
    return () => {
      child.kill('SIGCONT');
      this.#frozen.delete(child);
    };
  }

  thaw(): void {
    for (const child of this.#frozen) child.kill('SIGCONT');
    this.#frozen.clear();
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.thaw();
    await Promise.all(
      this.#workers.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGTERM');
        const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
        await once(child, 'exit');
        clearTimeout(patience);
      }),
    );
    this.#log.end();
    await once(this.#log, 'finish');
  }

  #start(index: number): void {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'worker.ts')], {
      env: { ...this.#environment, ROLE: 'worker', PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#workers[index] = child;
    for (const stream of [child.stdout, child.stderr]) stream?.pipe(this.#log, { end: false });
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit ${code}`;
      this.ends[how] = (this.ends[how] ?? 0) + 1;
      this.#frozen.delete(child);
      if (!this.#closing) this.#start(index);
    });
  }
}
