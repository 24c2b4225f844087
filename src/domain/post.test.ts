import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canDeletePost, canEditPost, type PostStatus, postStatus } from './post.ts';
import { PUBLICATION_STATUSES, type PublicationStatus } from './publication.ts';

const cases: [PublicationStatus[], PostStatus][] = [
  [[], 'draft'],
  [['draft', 'draft'], 'draft'],
  [['awaiting_approval', 'awaiting_approval'], 'awaiting_approval'],
  [['scheduled', 'scheduled'], 'scheduled'],
  [['scheduled', 'cancelled'], 'scheduled'],
  [['scheduled', 'publishing'], 'publishing'],
  [['published', 'retrying'], 'publishing'],
  [['published', 'published'], 'published'],
  [['published', 'failed'], 'partly_published'],
  [['published', 'cancelled'], 'partly_published'],
  [['published', 'scheduled'], 'partly_published'],
  [['published', 'unconfirmed'], 'unconfirmed'],
  [['publishing', 'unconfirmed'], 'unconfirmed'],
  [['held', 'scheduled'], 'held'],
  [['failed', 'missed'], 'failed'],
  [['missed', 'cancelled'], 'missed'],
  [['cancelled', 'cancelled'], 'cancelled'],
];

describe('the status of a post', () => {
  it('with a publication on its way is publishing, whatever the others are, unless one is unconfirmed', () => {
    // The one statement that claims and records what was prepared ahead rests on this (publishing/claim-ready.ts).
    const others = fc.array(fc.constantFrom(...PUBLICATION_STATUSES));
    fc.assert(
      fc.property(others, (statuses) => {
        const expected = statuses.includes('unconfirmed') ? 'unconfirmed' : 'publishing';
        expect(postStatus([...statuses, 'publishing'])).toBe(expected);
      }),
    );
  });

  for (const [publications, expected] of cases) {
    it(`is ${expected} when its publications are ${publications.join(' and ') || 'none'}`, () => {
      expect(postStatus(publications)).toBe(expected);
      expect(postStatus([...publications].reverse())).toBe(expected);
    });
  }
});

describe('what a person may still do to a post', () => {
  it('is to edit it until one of its publications has left or may have left', () => {
    expect(canEditPost(['scheduled', 'failed', 'retrying'])).toBe(true);
    for (const gone of ['publishing', 'published', 'unconfirmed'] as const)
      expect(canEditPost(['scheduled', gone])).toBe(false);
  });

  it('is to delete it only while nothing of it was ever sent', () => {
    expect(canDeletePost(['draft'], 0)).toBe(true);
    expect(canDeletePost(['cancelled'], 0)).toBe(true);
    expect(canDeletePost(['cancelled'], 1)).toBe(false);
    expect(canDeletePost(['scheduled'], 0)).toBe(false);
    expect(canDeletePost(['published'], 1)).toBe(false);
  });
});
