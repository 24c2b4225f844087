import { describe, expect, test } from 'vitest';
import { decide } from '../domain/retry-policy.ts';
import type { HttpAnswer } from './http-client.ts';
import { readCreateAnswer } from './linkedin-create-answer.ts';

const issued = new Date('2026-11-21T12:00:00Z');
const seconds = (after: number) => new Date(issued.getTime() + after * 1000);
const read = (refusal: HttpAnswer, now: Date, tokenIssuedAt: Date | null = issued) =>
  readCreateAnswer(refusal, now, (urn) => urn, tokenIssuedAt);
const revoked = answer(401, { status: 401, serviceErrorCode: 65601, code: 'REVOKED_ACCESS_TOKEN', message: 'revoked' });
const noPermission = answer(403, {
  status: 403,
  serviceErrorCode: 100,
  code: 'ACCESS_DENIED',
  message: 'Not enough permissions to access: partnerApiPostsExternal.CREATE.20261001',
});

describe('in the five minutes after the consent', () => {
  test.each([
    ['called revoked', revoked],
    ['called revoked by code alone', answer(401, { code: 'REVOKED_ACCESS_TOKEN' })],
    ['called revoked by number alone', answer(401, { serviceErrorCode: 65601 })],
    ['taken for one with fewer scopes', noPermission],
  ])('a token that is %s is tried again soon, and nobody is asked to connect again', (_case, refusal) => {
    expect(read(refusal, seconds(2))).toMatchObject({
      kind: 'unavailable',
      httpStatus: refusal.status,
      retryAt: seconds(22),
    });
    expect(read(refusal, seconds(299))).toMatchObject({ kind: 'unavailable', retryAt: seconds(305) });
  });

  test('four requests more reach to their end, cost none of the post’s attempts, and the last one is believed', () => {
    const asked: number[] = [];
    for (let at = issued; ; ) {
      asked.push((at.getTime() - issued.getTime()) / 1000);
      const outcome = read(revoked, at);
      if (outcome.kind === 'reauthorization-required') break;
      const decision = decide(outcome, 0, { baseSeconds: 300, maxAttempts: 1 }, at);
      if (decision.next !== 'retrying') throw new Error(`it ended as ${decision.next} after ${asked.join(', ')} s`);
      expect(decision.counted).toBe(false);
      at = decision.at;
    }
    expect(asked).toEqual([0, 20, 60, 180, 305]);
  });

  test('a token from a clock that is ahead of ours is new as well', () => {
    expect(read(revoked, seconds(-30))).toMatchObject({ kind: 'unavailable', retryAt: seconds(-10) });
  });

  test.each([
    ['invalid', answer(401, { serviceErrorCode: 65600, code: 'INVALID_ACCESS_TOKEN' })],
    ['expired', answer(401, { serviceErrorCode: 65602, code: 'EXPIRED_ACCESS_TOKEN' })],
    ['refused without a reason', answer(401, '')],
  ])('a token that is %s is dead all the same', (_case, refusal) => {
    expect(read(refusal, seconds(2))).toMatchObject({ kind: 'reauthorization-required' });
  });

  test('who is no administrator of a Page does not become one by waiting', () => {
    const refusal = answer(403, {
      status: 403,
      code: 'ACCESS_DENIED',
      message: 'Member is unauthorized on urn:li:organization:1',
    });
    expect(read(refusal, seconds(2))).toMatchObject({ kind: 'rejected' });
  });
});

test.each([
  ['after them', seconds(300), issued],
  ['when nobody knows how old the token is', seconds(2), null],
])('%s a revoked token and a missing scope are for a person', (_when, now, tokenIssuedAt) => {
  for (const refusal of [revoked, noPermission])
    expect(read(refusal, now, tokenIssuedAt)).toMatchObject({ kind: 'reauthorization-required' });
});

function answer(status: number, body: unknown): HttpAnswer {
  return {
    kind: 'answer',
    status,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
    bodyComplete: true,
  };
}
