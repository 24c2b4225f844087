/**
 * The end of every run: faults stop, and then nothing may be lost. First the engine alone: what was due is published,
 * failed with nothing live, or waits for a person. Then persons who look and tell the truth: all of it is settled.
 */
import { mayBeLive } from '../domain/publication.ts';
import { act, resolve } from './model-actions.ts';
import { checkAlarms, must, type Observation, observe, type Row } from './model-invariants.ts';
import type { World } from './model-world.ts';

const ROUND_SECONDS = 700;
/** Together longer than the farthest schedule and the longest rate limit. */
const ROUNDS = 14;

const WORK = { do: 'work', worker: 1, limit: 50, fault: 'ok', pause: null, stopping: false } as const;

/** @param lateAnswers whether what stands still goes on after all, when everything is over */
export async function recover(world: World, last: Observation, lateAnswers: boolean): Promise<void> {
  let observation = last;
  const { db } = world.ctx;
  const standing = world.paused.splice(0);
  for (const _hold of await db.hold.findMany({ where: { teamId: world.teamId, releasedAt: null } }))
    await act(world, { do: 'release', hold: 0 }, false);
  for (const account of ['blind', 'readable'] as const) await act(world, { do: 'reconnect', account }, true);

  for (let round = 0; round < ROUNDS; round++) {
    await engineAlone(world);
    observation = await observe(world, observation);
    if ([...observation.rows.values()].every((row) => !MOVING.includes(row.status))) break;
    await world.pass(ROUND_SECONDS);
  }
  for (const row of observation.rows.values()) checkNotLost(row, observation);

  for (const row of observation.rows.values()) {
    if (mayBeLive(row)) await resolve(world, row, 'the truth', true);
    else if (row.status === 'failed' || row.status === 'missed' || row.status === 'held') await retry(world, row);
  }
  await act(world, WORK, true);
  if (lateAnswers) for (const pipeline of standing) await pipeline.resume();
  observation = await observe(world, observation);
  for (const row of observation.rows.values()) {
    const done = row.status === 'published' || row.status === 'cancelled' || row.status === 'draft';
    must(done, row.id, `everybody did what they could, and it is ${row.status}: ${row.errorCode}`);
  }
  await checkAlarms(world, observation);
}

const MOVING: readonly string[] = ['scheduled', 'retrying', 'publishing'];

async function engineAlone(world: World): Promise<void> {
  await act(world, { do: 'sweep' }, true);
  await act(world, { do: 'look up', reading: 'true' }, true);
  await act(world, WORK, true);
}

/** Why something may be held although nothing is on hold and every account is connected: only a person can decide these. */
const NEEDS_A_PERSON: readonly (string | null)[] = ['late', 'restored', 'token-unreadable'];

function checkNotLost(row: Row, observation: Observation): void {
  must(!MOVING.includes(row.status), row.id, `lost: still ${row.status}`);
  if (row.status === 'held')
    must(NEEDS_A_PERSON.includes(row.errorCode), row.id, `lost: held for "${row.errorCode}" although that is over`);
  const told = { unconfirmed: 'publication.unconfirmed', missed: 'publication.missed', failed: 'publication.failed' };
  for (const [status, action] of Object.entries(told)) {
    if (row.status === status)
      must(observation.events.has(`${action} ${row.id}`), row.id, `${status}, and nobody was told`);
  }
}

async function retry(world: World, row: Row): Promise<void> {
  const rows = await world.ctx.db.publication.findMany({ where: { teamId: world.teamId }, orderBy: { id: 'asc' } });
  await act(world, { do: 'retry', publication: rows.findIndex(({ id }) => id === row.id) }, true);
}
