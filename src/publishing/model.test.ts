/**
 * Thousands of histories nobody would write down: random commands against the real engine on a real Postgres, judged
 * after each command by the ledger of a platform that only the platform writes.
 *
 * MODEL_RUNS=10000 for more of them. A failure prints its seed and path: run it again with MODEL_SEED and MODEL_PATH.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { FAULTS } from '../testing/ledger-platform.ts';
import { type Action, act } from '../testing/model-actions.ts';
import { NOTHING, type Observation, observe } from '../testing/model-invariants.ts';
import { recover } from '../testing/model-recovery.ts';
import { type ModelBench, openModelBench, PAUSES, type World } from '../testing/model-world.ts';

const RUNS = Number(process.env.MODEL_RUNS ?? 200);
const SECONDS_PER_RUN = 3;

let bench: ModelBench;
beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());

interface Seen {
  last: Observation;
}

/** Actions one after the other, or at the same moment; and a look at everything. */
class Happening implements fc.AsyncCommand<Seen, World> {
  readonly how: 'THEN' | 'WHILE';
  readonly actions: readonly Action[];

  constructor(how: Happening['how'], actions: readonly Action[]) {
    this.how = how;
    this.actions = actions;
  }

  check(): boolean {
    return true;
  }

  async run(seen: Seen, world: World): Promise<void> {
    if (this.how === 'THEN') {
      for (const action of this.actions) {
        await act(world, action, true);
        seen.last = await observe(world, seen.last);
      }
      return;
    }
    const ended = await Promise.allSettled(this.actions.map((action) => act(world, action, false)));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
    seen.last = await observe(world, seen.last);
  }

  toString(): string {
    return this.actions.map((action) => JSON.stringify(action)).join(` ${this.how} `);
  }
}

const one = fc.nat({ max: 7 });
const account = fc.constantFrom('blind', 'readable');
const action = (weight: number, what: Action['do'], rest: object = {}) => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(what), ...rest }) as fc.Arbitrary<Action>,
});

/** Times: now, within the lease, after the lease, after some look-ups, beyond the late limit of two hours. */
const seconds = fc.constantFrom(3, 30, 61, 100, 400, 1000, 8000);
const write = action(3, 'write', {
  accounts: fc.constantFrom('blind', 'readable', 'both'),
  inSeconds: fc.constantFrom(0, 0, 0, 100, 1000),
  maxAttempts: fc.constantFrom(1, 2, 5),
});
const work = action(12, 'work', {
  worker: fc.constantFrom(1, 2),
  limit: fc.constantFrom(1, 3),
  fault: fc.oneof({ weight: 1, arbitrary: fc.constant('ok') }, { weight: 3, arbitrary: fc.constantFrom(...FAULTS) }),
  pause: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: fc.constantFrom(...PAUSES) }),
  stopping: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const ahead = action(6, 'prepare ahead', { worker: fc.constantFrom(1, 2) });
const weighted = [
  write,
  work,
  ahead,
  action(5, 'sweep'),
  action(4, 'look up', { reading: fc.constantFrom('true', 'true', 'stale', 'fails') }),
  action(5, 'resume', { paused: one }),
  action(1, 'crash', { worker: fc.constantFrom(1, 2) }),
  action(5, 'resolve', { publication: one, as: fc.constantFrom('the truth', 'the truth', 'abandon') }),
  action(3, 'retry', { publication: one }),
  action(2, 'edit', { post: one, inSeconds: fc.constantFrom(null, 50, 500) }),
  action(2, 'schedule', { post: one, inSeconds: fc.constantFrom(50, 500) }),
  action(2, 'publish now', { post: one }),
  action(1, 'cancel post', { post: one }),
  action(2, 'cancel', { publication: one }),
  action(1, 'copy', { post: one }),
  action(1, 'hold', { scope: fc.constantFrom('team', 'account'), account }),
  action(2, 'release', { hold: one }),
  action(1, 'account dies', { account, how: fc.constantFrom('revoked', 'disconnected') }),
  action(2, 'reconnect', { account }),
  action(1, 'spread'),
];
const happens = fc.oneof(...weighted);
const alone = fc.oneof(...weighted, action(8, 'pass', { seconds })).map((only) => new Happening('THEN', [only]));
const together = fc.tuple(happens, happens).map((two) => new Happening('WHILE', two));
/** Somebody stands still until he is taken for dead, and another takes over: deep, and too rare by chance alone. */
const takeover = fc
  .tuple(work.arbitrary, work.arbitrary)
  .map(
    ([first, second]) =>
      new Happening('THEN', [
        first,
        { do: 'pass', seconds: 100 },
        { do: 'sweep' },
        { do: 'resolve', publication: 0, as: 'the truth' },
        second,
        { do: 'resume', paused: 0 },
      ]),
  );
/** Prepared, then something changes, then its time comes: what was prepared must be what is sent, or not be used. */
const outdated = fc
  .tuple(happens, work.arbitrary)
  .map(
    ([change, then]) =>
      new Happening('THEN', [
        { do: 'prepare ahead', worker: 1 },
        { do: 'prepare ahead', worker: 2 },
        change,
        { do: 'pass', seconds: 1000 },
        then,
      ]),
  );

const history = fc.commands([alone, alone, alone, alone, together, takeover, outdated], {
  maxCommands: 20,
  size: 'max',
  ...(process.env.MODEL_REPLAY ? { replayPath: process.env.MODEL_REPLAY } : {}),
});
const written = fc.array(write.arbitrary, { minLength: 1, maxLength: 3 });
const rules = fc.record({
  latePolicy: fc.constantFrom('send', 'hold', 'drop'),
  resendWhenAbsent: fc.boolean(),
});

describe('whatever happens, in whatever order', () => {
  it(
    `nothing is published twice, nothing is lost and nothing is said that is not so (${RUNS} histories)`,
    async () => {
      const property = fc.asyncProperty(
        rules,
        written,
        fc.boolean(),
        history,
        async (chosen, posts, lateAnswers, commands) => {
          const world = await bench.world(chosen);
          for (const post of posts) await act(world, post, true);
          const seen: Seen = { last: NOTHING };
          await fc.asyncModelRun(() => ({ model: seen, real: world }), commands);
          await recover(world, seen.last, lateAnswers);
        },
      );
      await fc.assert(property, {
        numRuns: RUNS,
        ...(process.env.MODEL_SEED ? { seed: Number(process.env.MODEL_SEED) } : {}),
        ...(process.env.MODEL_PATH ? { path: process.env.MODEL_PATH } : {}),
        // Shrinking runs whole histories again: worth it for a person, not for a script that only asks red or green.
        endOnFailure: process.env.MODEL_SHRINK === 'off',
      });
    },
    60_000 + RUNS * SECONDS_PER_RUN * 1000,
  );
});
