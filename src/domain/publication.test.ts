import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assertMove,
  CANCELLABLE,
  CLAIMABLE,
  canMove,
  EDITABLE,
  InvalidTransitionError,
  PUBLICATION_MOVES,
  PUBLICATION_STATUSES,
  RETRYABLE,
} from './publication.ts';

/** The whole table, written out a second time by hand: a change of a rule has to be made twice, on purpose. */
const LEGAL = `
  draft             > awaiting_approval scheduled
  awaiting_approval > draft scheduled cancelled
  scheduled         > scheduled awaiting_approval publishing held missed cancelled
  publishing        > published retrying failed held missed awaiting_approval unconfirmed scheduled
  retrying          > publishing awaiting_approval held missed cancelled failed scheduled
  published         >
  failed            > awaiting_approval scheduled cancelled
  held              > awaiting_approval scheduled missed cancelled published
  missed            > awaiting_approval scheduled cancelled
  cancelled         > awaiting_approval scheduled
  unconfirmed       > published scheduled cancelled
`;
const legal = new Map(
  LEGAL.trim()
    .split('\n')
    .map((line) => line.split('>').map((half) => half.trim()))
    .map(([from = '', to = '']) => [from, to.split(' ').filter(Boolean)]),
);

describe('the life of a publication', () => {
  for (const from of PUBLICATION_STATUSES) {
    for (const to of PUBLICATION_STATUSES) {
      const allowed = legal.get(from)?.includes(to) ?? false;
      it(`${allowed ? 'goes' : 'does not go'} from ${from} to ${to}`, () => {
        expect(canMove(from, to)).toBe(allowed);
        if (!allowed) expect(() => assertMove(from, to)).toThrow(InvalidTransitionError);
      });
    }
  }

  it('has no sequence of moves that leads away from published', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PUBLICATION_STATUSES), { maxLength: 40 }), (wanted) => {
        let status = PUBLICATION_STATUSES[0] as (typeof PUBLICATION_STATUSES)[number];
        let published = false;
        for (const next of wanted) {
          if (canMove(status, next)) status = next;
          if (published) expect(status).toBe('published');
          published ||= status === 'published';
        }
      }),
    );
  });

  it('can reach every state, and from every state but the final one there is a way on', () => {
    const reachable = new Set(['draft', ...Object.values(PUBLICATION_MOVES).flat()]);
    expect([...reachable].sort()).toEqual([...PUBLICATION_STATUSES].sort());
    for (const status of PUBLICATION_STATUSES)
      expect(PUBLICATION_MOVES[status].length > 0).toBe(status !== 'published');
  });

  it('never lets a person edit, cancel, retry or a worker claim what is unconfirmed or published', () => {
    for (const list of [EDITABLE, CANCELLABLE, RETRYABLE, CLAIMABLE]) {
      expect(list).not.toContain('unconfirmed');
      expect(list).not.toContain('published');
      expect(list).not.toContain('publishing');
    }
  });

  it('offers to cancel and to retry only where the move exists', () => {
    for (const status of CANCELLABLE) expect(canMove(status, 'cancelled')).toBe(true);
    for (const status of RETRYABLE) expect(canMove(status, 'scheduled')).toBe(true);
    for (const status of CLAIMABLE) expect(canMove(status, 'publishing')).toBe(true);
  });
});
