import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../testing/rendered.ts';
import { eventNote } from './event-texts.ts';
import { HistoryCard } from './history-list.tsx';

const history = (action: string, metadata: Record<string, unknown>, actor: string | null) =>
  textOf(
    createElement(HistoryCard, {
      resource: 'Publication',
      id: 'one',
      history: {
        events: [{ id: 'e', action, occurredAt: '2026-03-03T08:00:00.000Z', actor, metadata }],
        olderThan: null,
      },
    }),
  );

describe('the history of a publication says', () => {
  it('who sent it again', () => {
    expect(history('publication.retrying', { by: 'a person', from: 'failed' }, 'Ada')).toMatch(
      /^History Sent again by Ada /,
    );
  });

  it('that it goes on because nothing stands in its way', () => {
    const shown = history('publication.retrying', { by: 'the sweep', from: 'held' }, null);
    expect(shown).toMatch(/^History Nothing stands in its way any more, goes on the server /);
  });

  it('that an attempt did not work', () => {
    const shown = history('publication.retrying', { errorMessage: 'Away' }, null);
    expect(shown).toMatch(/^History Did not work, will be tried again Away /);
  });
});

it.each([
  [{ resolution: 'live' }, 'It is there'],
  [{ resolution: 'absent' }, 'It is not there, sent again'],
  [{ resolution: 'absent', by: 'look-ups' }, 'Repeatedly not found there, sent again'],
  [{ resolution: 'abandon' }, 'Given up'],
])('an answer %j is told as “%s”', (metadata, words) => {
  expect(eventNote(metadata)).toBe(words);
});
