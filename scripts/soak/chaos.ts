/** What goes wrong, and when: drawn from a seed, so that the same schedule can be ordered again. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { findPostmaster } from '../../src/database/postmaster.ts';
import type { ChaosProxy } from './chaos-proxy.ts';
import type { Fleet } from './fleet.ts';
import type { Random } from './random.ts';
import { SOAK_TIMINGS } from './timings.ts';

export interface Surroundings {
  fleet: Fleet;
  workers: number;
  databaseUrl: string;
  cluster: string;
  toDatabase: ChaosProxy;
  toPlatform: ChaosProxy;
  sandboxUrl: string;
  /** As the platform names them. */
  members: readonly string[];
}

const KILL_EVERY_MS = 2_000;
/** Faults of the answer, for a few requests of a few members at a time. */
const PLATFORM_FAULTS = [
  '429',
  '500 before',
  '500 after',
  'reset before',
  'reset after',
  'slow',
  'truncated',
  'malformed',
];

/** Does its worst until the signal. @returns how often each thing was done */
export async function wreakHavoc(
  around: Surroundings,
  random: Random,
  only: 'everything' | 'kills',
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  const running: Promise<void>[] = [];
  const count = (name: string) => {
    done[name] = (done[name] ?? 0) + 1;
  };

  const kills = every(KILL_EVERY_MS, () => {
    count('SIGKILL');
    around.fleet.kill(random.between(0, around.workers - 1));
  });
  const others =
    only === 'kills'
      ? Promise.resolve()
      : every(2_500, () => {
          const [name, act] = random.pick(WEIGHTED);
          count(name);
          running.push(act(around, random));
        });
  await Promise.all([kills, others]);
  await Promise.all(running);
  return done;

  async function every(milliseconds: number, act: () => void): Promise<void> {
    while (!signal.aborted) {
      // Between half and one and a half times: nothing in the product shall fall into step with it.
      await pause(milliseconds * (0.5 + random.next()));
      if (!signal.aborted) act();
    }
  }
}

type Act = (around: Surroundings, random: Random) => Promise<void>;

const ACTS: readonly (readonly [string, number, Act])[] = [
  ['SIGSTOP beyond the lease, then SIGCONT', 2, freezeWorker],
  ['SIGTERM (deploy)', 2, async ({ fleet, workers }, random) => fleet.terminate(random.between(0, workers - 1))],
  ['Postgres immediate stop', 1, stopPostgres],
  ['pg_terminate_backend storm', 2, terminateBackends],
  ['database link: reset', 1, async ({ toDatabase }) => toDatabase.reset()],
  ['database link: stall', 1, ({ toDatabase }, random) => stall(toDatabase, random.between(1_000, 13_000))],
  ['database link: truncate', 1, async ({ toDatabase }) => toDatabase.truncate()],
  ['platform link: reset', 1, async ({ toPlatform }) => toPlatform.reset()],
  ['platform link: stall', 1, ({ toPlatform }, random) => stall(toPlatform, random.between(500, 6_000))],
  ['platform link: truncate', 1, async ({ toPlatform }) => toPlatform.truncate()],
  ['platform link: refuse', 1, refusePlatform],
  ['platform faults', 5, setFaults],
];
const WEIGHTED = ACTS.flatMap(([name, weight, act]) => Array.from({ length: weight }, () => [name, act] as const));

async function freezeWorker({ fleet, workers }: Surroundings, random: Random): Promise<void> {
  const thaw = fleet.freeze(random.between(0, workers - 1));
  await pause(SOAK_TIMINGS.leaseMs + random.between(500, 5_000));
  thaw();
}

/** As `pg_ctl stop -m immediate` does; the embedded database's supervisor starts it again. */
async function stopPostgres({ cluster }: Surroundings): Promise<void> {
  const running = await findPostmaster({ directory: cluster });
  if (running !== null) process.kill(running.pid, 'SIGQUIT');
}

async function terminateBackends({ databaseUrl }: Surroundings, random: Random): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < $1',
      [0.3 + random.next() * 0.7],
    );
    await client.end();
  } catch {
    // The database is away already.
  }
}

async function stall(proxy: ChaosProxy, milliseconds: number): Promise<void> {
  proxy.stall(true);
  await pause(milliseconds);
  proxy.stall(false);
}

async function refusePlatform({ toPlatform }: Surroundings, random: Random): Promise<void> {
  toPlatform.refuse(true);
  await pause(random.between(500, 3_000));
  toPlatform.refuse(false);
}

async function setFaults({ sandboxUrl, members }: Surroundings, random: Random): Promise<void> {
  const fault = random.pick(PLATFORM_FAULTS);
  const storm = fault === '429';
  for (let index = 0; index < (storm ? 15 : 5); index++) {
    await fetch(`${sandboxUrl}/sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ platform: 'linkedin', account: random.pick(members), fault },
        ...{ times: storm ? 3 : 1, delayMs: random.pick([500, 2_000, 6_000]) },
      }),
    });
  }
}
