import { setTimeout as delay } from 'node:timers/promises';
import { hasCrossed } from './collision.ts';

const TRIES = 3;
const PAUSE_MS = 50;

/**
 * Runs a transaction again that Postgres ended because it and another one waited for each other. The order of locks
 * (docs/decisions/0017-the-order-of-locks.md) keeps that from happening; this is for what can be had only once and for what
 * nobody would repeat, should the order be broken one day.
 * @param transaction must touch nothing outside of the database
 * @throws what it throws, or threw the third time
 */
export async function repeatWhenCrossed<T>(transaction: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await transaction();
    } catch (error) {
      if (tries === TRIES || !hasCrossed(error)) throw error;
    }
    await delay(PAUSE_MS * (tries + Math.random()));
  }
}
