/** What is said about a publication that has not left, or of which nobody knows whether it has. */
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../testing/rendered.ts';
import { LookUps } from './look-ups.tsx';
import { PublicationTimes } from './publication-times.tsx';

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

describe('the times of a publication', () => {
  const times = (params: Record<string, unknown>) =>
    textOf(createElement(PublicationTimes, { params: { attemptCount: 0, maxAttempts: 5, ...params } }));
  const TURN = 'Waits for its turn after others of this account';

  it('tell when one leaves that is overdue and has a place in the line of its account, and why', () => {
    const shown = times({ status: 'scheduled', dueAt: inSeconds(-60), nextAttemptAt: inSeconds(125) });
    expect(shown).toContain(TURN);
    expect(shown).toMatch(/Next attempt .+ in 2 minutes/);
  });

  it('tell it also of one that is not due yet, but whose account rests longer, without another reason', () => {
    const params = {
      status: 'scheduled',
      errorCode: 'account-rests',
      dueAt: inSeconds(60),
      nextAttemptAt: inSeconds(600),
    };
    expect(times(params)).toContain('Next attempt');
    expect(times(params)).not.toContain(TURN);
  });

  it('tell nothing of the kind about one that leaves when it is due, or has left', () => {
    const due = inSeconds(60);
    expect(times({ status: 'scheduled', dueAt: due, nextAttemptAt: due })).not.toMatch(/Waits|Next attempt/);
    expect(times({ status: 'published', dueAt: due, nextAttemptAt: inSeconds(90) })).not.toMatch(/Waits|Next attempt/);
  });
});

describe('an unknown outcome that we look for ourselves', () => {
  const page = { platform: 'facebook', canBeLookedUp: true };
  const said = (params: Record<string, unknown>, resendWhenAbsent = false) =>
    textOf(createElement(LookUps, { params, account: page, resendWhenAbsent }));

  it('is told how often it was looked for, with what result, and when again', () => {
    expect(said({ lookUps: 0, absentReads: 0, nextLookUpAt: inSeconds(5) })).toMatch(/for the first time (now|in 5 s)/);
    expect(said({ lookUps: 6, absentReads: 6, nextLookUpAt: inSeconds(1_200) })).toMatch(
      /^We looked for it on the account 6 times and did not find it\. We look again in 20 minutes ?, and go on looking for a day/,
    );
    expect(said({ lookUps: 6, absentReads: 0, nextLookUpAt: inSeconds(60) })).toContain('could not tell whether');
    expect(said({ lookUps: 6, absentReads: 1, nextLookUpAt: inSeconds(60) })).toContain(
      'one look could read everything',
    );
  });

  it('is told when we have given up looking', () => {
    const shown = said({ lookUps: 30, absentReads: 30, nextLookUpAt: null });
    expect(shown).toContain('We do not look any more: nothing happens until you say.');
  });

  it('is told when the team chose that it is sent again', () => {
    const open = { lookUps: 1, absentReads: 1, nextLookUpAt: inSeconds(60) };
    expect(said(open, true)).toContain('it is sent again, as your team chose');
    expect(said(open)).not.toContain('sent again');
  });
});
