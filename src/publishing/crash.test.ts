import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PublishStep } from '../context.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { createPost } from './posts.ts';
import { publishPostNow } from './schedule-post.ts';

const SERVER = join(import.meta.dirname, '../testing/crashing-server.ts');

let bench: Bench;
const children: ChildProcess[] = [];

beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => bench.close());

function worker(crashAt?: PublishStep): ChildProcess {
  const env = { ...bench.environment, ROLE: 'worker', ...(crashAt === undefined ? {} : { CRASH_AT: crashAt }) };
  const child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  children.push(child);
  return child;
}

/** What is true after the crash, and after another worker has recovered. `live`: posts on the platform. */
const CASES: { step: PublishStep; between: string; after: 'published' | 'unconfirmed'; live: number }[] = [
  { step: 'claimed', between: 'claiming and preparing', after: 'published', live: 1 },
  { step: 'prepared', between: 'preparing and recording as sent', after: 'published', live: 1 },
  { step: 'sent', between: 'recording as sent and sending', after: 'unconfirmed', live: 0 },
  { step: 'answered', between: 'the answer and settling', after: 'unconfirmed', live: 1 },
  { step: 'settled', between: 'settling and going on', after: 'published', live: 1 },
];

describe('a worker killed with SIGKILL', () => {
  for (const { step, between, after, live } of CASES) {
    it(`between ${between} leaves the publication ${after}, ${live === 0 ? 'nothing' : 'one post'} live and nothing twice`, async () => {
      const post = await createPost(bench.ctx, bench.author, {
        text: `killed at ${step}`,
        accounts: [bench.account.id],
      });
      await publishPostNow(bench.ctx, bench.author, post.id);
      const [, signal] = await once(worker(step), 'exit');
      expect(signal).toBe('SIGKILL');

      worker();
      const publication = await eventually(
        async () => {
          const row = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
          return row.status === 'published' || row.status === 'unconfirmed' || row.status === 'failed'
            ? row
            : undefined;
        },
        'another worker to recover it',
        25_000,
      );
      expect(publication.status).toBe(after);
      const there = (await bench.ledger()).filter((entry) => entry.text === post.text);
      expect(there).toHaveLength(live);
      if (after === 'published') expect(publication.externalId).toBe(there[0]?.id);
      const open = await bench.ctx.db.publishAttempt.count({
        where: { publicationId: publication.id, state: { in: ['prepared', 'sent'] } },
      });
      expect(open).toBe(0);
    });
  }

  it('while two workers run loses nothing to the other one', async () => {
    const texts = Array.from({ length: 12 }, (_, index) => `two workers ${index}`);
    worker();
    worker();
    for (const text of texts) {
      const post = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id] });
      await publishPostNow(bench.ctx, bench.author, post.id);
    }
    await eventually(
      async () =>
        (await bench.ctx.db.post.count({ where: { text: { in: texts }, status: 'published' } })) === texts.length
          ? true
          : undefined,
      'all to be published',
      20_000,
    );
    const there = (await bench.ledger()).map((entry) => entry.text).filter((text) => texts.includes(text));
    expect([...there].sort()).toEqual([...texts].sort());
  });
});
