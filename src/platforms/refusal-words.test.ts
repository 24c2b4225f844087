/** A platform's own words end up in the database, and a database refuses what is no text: then the outcome is never saved. */
import { describe, expect, it } from 'vitest';
import { readCreateAnswer as facebookAnswer } from './facebook-create-answer.ts';
import type { HttpAnswer } from './http-client.ts';
import { readCreateAnswer as linkedInAnswer } from './linkedin-create-answer.ts';
import { linkTitle } from './linkedin-create-request.ts';
import { readCreateAnswer as xAnswer } from './x-create-answer.ts';
import { readUploadAnswer } from './x-media-answer.ts';

const X_REQUEST = { method: 'POST', url: 'https://api.x.com/2/tweets', headers: {}, body: '{"text":"a"}' } as const;
const answer = (status: number, body: unknown): HttpAnswer => ({
  kind: 'answer',
  status,
  headers: {},
  body: JSON.stringify(body),
  bodyComplete: true,
});
const asItIs = (text: string) => text;

/** In each an emoji stands where the words are cut off, whatever is left out before it. */
const WORDS = [298, 299, 300].map((before) => `${'ab '.repeat(100).slice(0, before)}😀 and so on`);

describe.each([...WORDS, 'before \u0000 after', 'half \ud83d of one'])('a refusal that says %j', (message) => {
  it.each([
    ['X', () => xAnswer(X_REQUEST, answer(403, { detail: message, title: 'Forbidden' }), new Date(), asItIs)],
    ['LinkedIn', () => linkedInAnswer(answer(422, { message, status: 422 }), new Date(), asItIs)],
    ['Facebook', () => facebookAnswer(answer(400, { error: { code: 100, message } }), new Date(), '1', asItIs)],
  ] as const)('is text when %s says it', (_platform, read) => {
    const outcome = read();
    if (!('errorMessage' in outcome)) throw new Error('it is a refusal');
    expect(outcome.errorMessage.isWellFormed()).toBe(true);
    expect(outcome.errorMessage).not.toContain('\0');
  });

  it('is text when X says it of an image', () => {
    const failed = { state: 'failed', error: { code: 1, name: 'x', message } };
    const read = readUploadAnswer(answer(200, { data: { id: '1', processing_info: failed } }), new Date());
    if (!('outcome' in read)) throw new Error('it is a refusal');
    expect(read.outcome.errorMessage.isWellFormed()).toBe(true);
    expect(read.outcome.errorMessage).not.toContain('\0');
  });
});

it('the title of a link is text, also where it is cut off at an emoji', () => {
  for (const length of [186, 187, 188])
    expect(linkTitle(`https://example.com/${'a'.repeat(length)}${encodeURIComponent('😀')}bcd`).isWellFormed()).toBe(
      true,
    );
});
