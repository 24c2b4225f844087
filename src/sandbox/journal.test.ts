import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { Journal, type JournalRecord } from './journal.ts';
import { temporaryDirectory } from './linkedin/test-client.ts';

const log = pino({ level: 'silent' });
const record = (kind: string): JournalRecord => ({ at: '2026-11-20T10:00:00.000Z', platform: 'sandbox', kind });

it('a record is in the file once durable() has resolved, however much is written meanwhile', async () => {
  const file = join(await temporaryDirectory(), 'deep/er/journal.jsonl');
  const journal = await Journal.prepare(file, log);
  onTestFinished(() => journal.close());
  let stop = false;
  // A stream of writes that never pauses must not hold back those who wait for theirs.
  const stream = (async () => {
    while (!stop) {
      journal.append(record('noise'));
      await new Promise(setImmediate);
    }
  })();
  for (let index = 0; index < 20; index += 1) {
    journal.append(record(`wanted ${index}`));
    await journal.durable();
    expect(await readFile(file, 'utf8')).toContain(`"wanted ${index}"`);
  }
  stop = true;
  await stream;
});

it('records come back in order', async () => {
  const file = join(await temporaryDirectory(), 'journal.jsonl');
  const first = await Journal.prepare(file, log);
  for (const kind of ['a', 'b', 'c']) first.append(record(kind));
  await first.close();
  const second = await Journal.prepare(file, log);
  onTestFinished(() => second.close());
  const kinds: string[] = [];
  await second.replay(({ kind }) => kinds.push(kind));
  expect(kinds).toEqual(['a', 'b', 'c']);
});

// /dev/full can be opened and refuses every write with ENOSPC.
it.skipIf(!existsSync('/dev/full'))(
  'a disk that refuses is reported to everybody who waits, then and later',
  async () => {
    const journal = await Journal.prepare('/dev/full', log);
    onTestFinished(() => journal.close());
    journal.append(record('lost'));
    await expect(journal.durable()).rejects.toThrow(/cannot write \/dev\/full: free the disk/);
    journal.append(record('lost too'));
    await expect(journal.durable()).rejects.toThrow(/cannot write/);
  },
);
