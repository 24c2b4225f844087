import { describeBreak } from './chain-break.ts';
import type { ChainVerdict } from './verify-chain.ts';

/** Sealing takes seconds. What waits this long waits for a worker, or was put there in another way. */
const SEALED_WITHIN_MINUTES = 5;

/** What verifying found, in one sentence for each thing a person has to know. */
export function verdictText(verdict: ChainVerdict, now: Date): string {
  const count = (number: number) => number.toLocaleString('en');
  return [
    verdict.intact
      ? `The audit is intact: ${count(verdict.events)} events follow each other, ${count(verdict.unsealed)} not sealed yet.`
      : `The audit is broken at ${describeBreak(verdict.position === null ? verdict : { ...verdict, eventId: null })}.${more(verdict.broken - 1)}`,
    ...(isSealingLate(verdict, now)
      ? [
          `The oldest event that is not sealed says ${verdict.unsealedSince}, and sealing takes seconds: see that a worker runs, and look at it.`,
        ]
      : []),
  ].join(' ');
}

/** Whether an event waits for longer than sealing explains. */
export function isSealingLate({ unsealedSince }: Pick<ChainVerdict, 'unsealedSince'>, now: Date): boolean {
  return unsealedSince !== null && now.getTime() - Date.parse(unsealedSince) > SEALED_WITHIN_MINUTES * 60_000;
}

function more(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ' One more place is broken.' : ` ${count.toLocaleString('en')} more places are broken.`;
}
