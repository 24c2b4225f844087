import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { rendered, textOf } from '../../testing/rendered.ts';
import { eventNote } from './event-texts.ts';
import { HistoryCard } from './history-list.tsx';
import { releaseText } from './release-text.ts';

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

it('a reason in the history stands apart, so that it cannot turn our words around it', () => {
  const events = [
    { id: 'e', action: 'hold.created', occurredAt: '', actor: 'Ada', metadata: { reason: 'wrong \u202elogo' } },
  ];
  const history = createElement(HistoryCard, { resource: 'Hold', id: 'one', history: { events, olderThan: null } });
  expect(rendered(history)).toContain('<q><bdi>wrong \u202elogo</bdi></q>');
});

it('releasing a hold tells what becomes of what is late by then', () => {
  expect(releaseText({ goOn: 2, stay: 0 })).toMatch(/2 publications go on.+late rule: .+marked as missed\.$/);
});

it.each([
  [{ resolution: 'live' }, 'It is there'],
  [{ resolution: 'absent' }, 'It is not there, sent again'],
  [{ resolution: 'absent', by: 'look-ups' }, 'Repeatedly not found there, sent again'],
  [{ resolution: 'abandon' }, 'Given up'],
])('an answer %j is told as “%s”', (metadata, words) => {
  expect(eventNote(metadata)).toBe(words);
});
