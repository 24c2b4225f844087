/**
 * The sandbox's only memory: a file of JSON lines, appended and flushed to the disk before any answer leaves.
 *
 * Guarantee: a record whose append has resolved survives SIGKILL of the process, at any instant, and loss of power as far
 * as the disk keeps what it acknowledged. A crash in the middle of a write leaves at most one torn last line, which was
 * never acknowledged: opening the file again removes it. Damage anywhere else is refused, because then the ledger would lie.
 *
 * Appends that arrive while the disk is busy share the next flush, so a burst costs a few flushes and not one each.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';

const recordSchema = z.looseObject({ at: z.string(), platform: z.string(), kind: z.string() });

/** One event. `platform` is `sandbox` for the sandbox's own; the other fields belong to the kind. */
export type JournalRecord = z.infer<typeof recordSchema>;

/** The journal can no longer be read or written; the message says what to do. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

export class Journal {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #log: Logger;
  /** Lines not yet handed to the disk, and who waits for them; null when there are none. */
  #pending: Batch | null = null;
  /** Resolves when the batch that is being flushed is on the disk. */
  #inFlight: Promise<void> | null = null;
  #writing: Promise<void> | null = null;
  #failure: JournalError | null = null;

  private constructor(file: string, handle: FileHandle, log: Logger) {
    this.#file = file;
    this.#handle = handle;
    this.#log = log;
  }

  /** Opens the file for appending, creating it if need be. Replay it before the first append. */
  static async prepare(file: string, log: Logger): Promise<Journal> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'a+', 0o600);
    await syncDirectory(dirname(file));
    return new Journal(file, handle, log);
  }

  /**
   * Reads every record in order and removes a torn last line.
   * @throws JournalError when a line other than the last cannot be read
   */
  async replay(apply: (record: JournalRecord) => void): Promise<void> {
    const content = await this.#handle.readFile();
    for (let offset = 0, line = 1; offset < content.length; line += 1) {
      const newline = content.indexOf(0x0a, offset);
      const record = newline === -1 ? null : parseLine(content.toString('utf8', offset, newline));
      if (!record) {
        if (newline !== -1 && newline !== content.length - 1) {
          throw new JournalError(
            `The sandbox's journal ${this.#file} is damaged in line ${line}. Move the file away to start with an empty sandbox.`,
          );
        }
        this.#log.warn({ file: this.#file, line }, 'The last line of the sandbox journal was torn by a crash: removed');
        await this.#handle.truncate(offset);
        return;
      }
      apply(record);
      offset = newline + 1;
    }
  }

  /** Queues a record. Wait for `durable()` before acting on it. */
  append(record: JournalRecord): void {
    this.#pending ??= { lines: '', written: Promise.withResolvers() };
    this.#pending.lines += `${JSON.stringify(record)}\n`;
    this.#writing ??= this.#run();
  }

  /**
   * Resolves when everything appended so far is on the disk; what is appended meanwhile does not hold it up.
   * @throws JournalError when the disk refused; the journal stays refused until the sandbox is started again
   */
  async durable(): Promise<void> {
    await (this.#pending?.written.promise ?? this.#inFlight);
    if (this.#failure) throw this.#failure;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }

  async #run(): Promise<void> {
    // One turn later, so that everything written while handling one request travels in one flush.
    await Promise.resolve();
    while (this.#pending) {
      const { lines, written } = this.#pending;
      this.#pending = null;
      this.#inFlight = written.promise;
      await this.#flush(lines);
      written.resolve();
    }
    this.#inFlight = null;
    this.#writing = null;
  }

  async #flush(lines: string): Promise<void> {
    // After a failure nothing more is written: what is in the file must stay a true beginning of what happened.
    if (this.#failure) return;
    try {
      await this.#handle.appendFile(lines);
      await this.#handle.datasync();
    } catch (cause) {
      const advice = 'free the disk or fix the permissions, then start again.';
      this.#failure = new JournalError(`The sandbox cannot write ${this.#file}: ${advice}`, { cause });
    }
  }
}

interface Batch {
  lines: string;
  readonly written: PromiseWithResolvers<void>;
}

function parseLine(line: string): JournalRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null; // The caller decides whether this is a torn end or damage.
  }
  return recordSchema.safeParse(value).data ?? null;
}

/** A new file's name is only safe once its directory is flushed. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
