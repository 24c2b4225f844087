import { describe, expect, it } from 'vitest';
import { limitStart, POSTING_LIMITS } from './posting-limits.ts';
import { type PreflightFacts, preflightFindings } from './preflight.ts';

const now = new Date('2026-09-20T12:00:00Z');
const dueAt = new Date('2026-09-21T09:00:00Z');

const fine: PreflightFacts = {
  platform: 'linkedin',
  accountName: 'Ada',
  dueAt,
  timeZone: 'UTC',
  isConfigured: true,
  account: 'active',
  endsAt: null,
  tokenProblem: null,
  rightProblem: null,
  missingScopes: [],
  hold: null,
  approval: 'none-needed',
  contentProblems: [],
  damagedImages: 0,
  overLimit: null,
  apiVersion: null,
};
const found = (facts: Partial<PreflightFacts>) =>
  preflightFindings({ ...fine, ...facts }, now).map(({ kind, message }) => `${kind}: ${message}`);

describe('a publication with nothing in its way', () => {
  it('has no findings', () => {
    expect(found({})).toEqual([]);
    expect(found({ endsAt: new Date(dueAt.getTime() + 1), approval: 'given', apiVersion: '202608' })).toEqual([]);
  });
});

describe('what is found', () => {
  it.each<[string, Partial<PreflightFacts>, string]>([
    ['a broken connection', { account: 'reconnect_required' }, 'account: Ada is not connected. Open Accounts'],
    ['a disconnected account', { account: 'disconnected' }, 'account: Ada is not connected. Open Accounts'],
    ['somebody else’s account', { account: 'somebody-elses' }, 'account: Ada is now somebody else’s'],
    [
      'a connection that ends at that very instant',
      { endsAt: dueAt },
      'permission-end: The connection to Ada ends on 21 September',
    ],
    [
      'one that has ended',
      { endsAt: new Date('2026-09-19T00:00:00Z') },
      'permission-end: The connection to Ada ended on 19 September',
    ],
    ['a token that cannot be renewed', { tokenProblem: 'LinkedIn is away.' }, 'token: LinkedIn is away.'],
    ['missing scopes', { missingScopes: ['w_member_social'] }, 'scopes: Ada was connected without w_member_social'],
    ['a hold', { hold: 'Wrong price.' }, 'hold: Ada is on hold: Wrong price. Release'],
    [
      'a missing approval',
      { approval: 'missing' },
      'approval: Nobody has approved it yet. It goes out if that is done before 21 September, 09:00 UTC.',
    ],
    [
      'an approval of something else',
      { approval: 'outdated' },
      'approval: What was approved is not what would be sent.',
    ],
    ['content that is refused', { contentProblems: ['Too long.', 'No link.'] }, 'content: Too long. No link.'],
    ['an image that is damaged', { damagedImages: 1 }, 'images: An image of it cannot be read'],
    [
      'one post too many',
      { overLimit: { limit: { posts: 150, per: 'utc-day' }, place: 151 } },
      'quota: LinkedIn takes 150 posts a day (by UTC), and this is number 151 for Ada.',
    ],
    [
      'an API version of eleven months',
      { apiVersion: '202510' },
      'api-version: This server is set to LinkedIn’s API version 202510',
    ],
    ['a platform that is not set up any more', { isConfigured: false }, 'platform: LinkedIn is not set up'],
  ])('names %s, and what to do', (_what, facts, sentence) => {
    expect(found(facts)).toEqual([expect.stringContaining(sentence)]);
  });

  it('is all of it, but not what follows from a broken connection', () => {
    const all = found({
      account: 'disconnected',
      endsAt: now,
      missingScopes: ['x'],
      contentProblems: ['Too long.'],
      approval: 'missing',
    });
    expect(all.map((line) => line.split(':')[0])).toEqual(['account', 'approval', 'content']);
  });

  it('is nothing for a version of ten months, or one of another platform', () => {
    expect(found({ apiVersion: '202511' })).toEqual([]);
    expect(found({ platform: 'facebook', apiVersion: 'v1.0' })).toEqual([]);
  });
});

describe('the stretch of time of a limit', () => {
  it('is the day by UTC, or the minutes that end with the post', () => {
    const [perQuarterHour] = POSTING_LIMITS.x;
    const [perDay] = POSTING_LIMITS.linkedin;
    if (perQuarterHour === undefined || perDay === undefined) throw new Error('both platforms have a limit');
    const late = new Date('2026-09-21T23:59:59.999Z');
    expect(limitStart(perDay, late)).toEqual(new Date('2026-09-21T00:00:00Z'));
    expect(limitStart(perDay, new Date('2026-09-21T00:00:00Z'))).toEqual(new Date('2026-09-21T00:00:00Z'));
    // A post exactly fifteen minutes earlier is in the stretch before.
    expect(limitStart(perQuarterHour, late).getTime()).toBe(late.getTime() - 15 * 60_000 + 1);
  });
});
