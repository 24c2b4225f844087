import { describe, expect, test } from 'vitest';
import { decide } from '../domain/retry-policy.ts';
import { readCreateAnswer } from './facebook-create-answer.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';

const now = new Date('2026-11-21T22:15:00Z');
const PAGE = '112233';
const permalink = (id: string) => `https://www.facebook.com/${id}`;
const read = (result: HttpResult) => readCreateAnswer(result, now, PAGE, permalink);

test('a post is accepted with the id of Page and post, exactly as Facebook gives it', () => {
  expect(read(answer(200, { id: '112233_445566', post_supports_client_mutation_id: true }))).toEqual({
    kind: 'accepted',
    httpStatus: 200,
    externalId: '112233_445566',
    permalink: 'https://www.facebook.com/112233_445566',
  });
});

test('a bare id, as some edges give it, is an id as well', () => {
  expect(read(answer(200, { id: '445566' }))).toMatchObject({ kind: 'accepted', externalId: '445566' });
});

describe('an accepted post without an id is unknown, never accepted and never sent again:', () => {
  test.each<[string, HttpAnswer]>([
    ['empty body', answer(200, '')],
    ['body cut off', { ...answer(200, '{"id":"112233_4455'), bodyComplete: false }],
    ['no JSON', answer(200, '<html>')],
    ['success only', answer(200, { success: true })],
    ['id that is a number', answer(200, { id: 112233445566 })],
    ['empty id', answer(200, { id: '' })],
    ['id that no database could keep', answer(200, { id: '1_2\u0000' })],
    ...['ok', 'html', '_', '1_', '_2', '1_2_3', '1:2', '1_2 ', '1_2\n', 'me_2', '-1', `1_${'2'.repeat(21)}`].map(
      (id): [string, HttpAnswer] => [`id ${JSON.stringify(id)}`, answer(200, { id })],
    ),
    ['204', answer(204, '')],
  ])('%s', (_case, result) => {
    expect(read(result)).toMatchObject({
      kind: 'unknown',
      errorCode: 'accepted-without-id',
      httpStatus: result.status,
    });
  });
});

// One line per row of Facebook's table: HTTP status, code, subcode, message → outcome, what the sentence says to do.
const ROWS = [
  [500, 1, null, 'An unknown error has occurred.', 'unknown', /look at the Page/],
  [400, 1, null, 'An unknown error has occurred.', 'unknown', /look at the Page/],
  [
    500,
    2,
    null,
    'An unexpected error has occurred. Please retry your request later.',
    'unknown',
    /retry your request later” \(HTTP 500\).*look at the Page/,
  ],
  [503, 2, null, 'Service temporarily unavailable', 'unknown', /look at the Page/],
  [400, 2, 1366046, 'with a subcode that alone would be a refusal', 'unknown', /look at the Page/],
  [400, 3, null, '(#3) Application does not have the capability to make this API call.', 'rejected', /operator/],
  [400, 4, null, '(#4) Application request limit reached', 'rate-limited', /slow down/],
  [400, 17, null, '(#17) User request limit reached', 'rate-limited', /slow down/],
  [400, 17, 2446079, '(#17) User request limit reached', 'rate-limited', /slow down/],
  [400, 32, null, '(#32) Page request limit reached', 'rate-limited', /slow down/],
  [400, 341, null, 'Application limit reached', 'rate-limited', /slow down/],
  [400, 613, null, 'Calls to this api have exceeded the rate limit.', 'rate-limited', /slow down/],
  [400, 613, 1996, 'inconsistent behaviour', 'rate-limited', /slow down/],
  [403, 80000, null, 'There have been too many calls', 'rate-limited', /slow down/],
  [400, 80001, null, 'There have been too many calls to this Page account.', 'rate-limited', /slow down/],
  [400, 80014, null, 'There have been too many calls', 'rate-limited', /slow down/],
  [400, 10, null, '(#10) Permission denied', 'reauthorization-required', /CREATE_CONTENT/],
  [403, 200, null, '(#200) Requires pages_manage_posts', 'reauthorization-required', /pages_manage_posts is missing/],
  [403, 210, null, '(#210) A page access token is required', 'reauthorization-required', /CREATE_CONTENT/],
  [403, 299, null, '(#299) Permission removed', 'reauthorization-required', /CREATE_CONTENT/],
  [400, 100, null, '(#100) Invalid parameter', 'rejected', /Change the post/],
  [400, 100, 33, 'Unsupported post request. Object with ID', 'reauthorization-required', /may not see it any more/],
  [400, 100, null, 'Invalid appsecret_proof provided in the API argument', 'rejected', /FACEBOOK_APP_SECRET/],
  [400, 102, null, 'Session key invalid', 'reauthorization-required', /Connect the account again/],
  [400, 102, 463, 'Session has expired', 'reauthorization-required', /expired/],
  [
    400,
    190,
    null,
    'Invalid OAuth access token - Cannot parse',
    'reauthorization-required',
    /Connect the account again/,
  ],
  [401, 190, null, 'Invalid OAuth access token', 'reauthorization-required', /Connect the account again/],
  [400, 190, 458, 'The user has not authorized application 1.', 'reauthorization-required', /removed the app/],
  [400, 190, 459, 'The session has been invalidated', 'reauthorization-required', /security check/],
  [400, 190, 460, 'The user changed their password', 'reauthorization-required', /password/],
  [400, 190, 463, 'Session has expired on Friday', 'reauthorization-required', /has expired\. Connect the account/],
  [400, 190, 464, 'Sessions are not allowed', 'reauthorization-required', /confirm the profile/],
  [400, 190, 467, 'The access token is invalid', 'reauthorization-required', /no longer valid/],
  [400, 190, 492, 'The session user has no role', 'reauthorization-required', /has no role on it/],
  [500, 190, 463, 'Session has expired', 'reauthorization-required', /expired/],
  [400, 368, null, 'The action attempted has been deemed abusive', 'rejected', /blocked this for a while/],
  [
    400,
    368,
    null,
    "You've already posted this. Posting the same content repeatedly on Facebook isn't allowed.",
    'duplicate',
    /change the text/,
  ],
  [400, 368, 1390008, 'You are posting too fast', 'rate-limited', /slow down/],
  [400, 1390008, null, 'You are posting too fast', 'rate-limited', /slow down/],
  [400, 506, null, '(#506) Duplicate status message', 'duplicate', /“Duplicate status message”.*change the text/],
  [500, 506, null, '(#506) Duplicate status message', 'duplicate', /change the text/],
  [400, 100, 1366051, 'These photos were already posted', 'duplicate', /change the text/],
  [400, 100, 1500, 'The url you supplied is invalid', 'rejected', /Change the post/],
  [400, 1500, null, 'The url you supplied is invalid', 'rejected', /Check the link/],
  [400, 100, 2061006, 'Invalid URL', 'rejected', /Check the link/],
  [400, 100, 1609005, 'The link could not be scraped', 'rejected', /cannot read the page behind the link/],
  [400, 100, 1609008, 'facebook.com link', 'rejected', /Remove the link/],
  [400, 197, null, 'The post is empty. Please enter a message to share.', 'rejected', /Write a text/],
  [400, 324, null, 'Missing or invalid image file', 'rejected', /JPEG or PNG/],
  [400, 120, null, 'Invalid album', 'rejected', /JPEG or PNG/],
  [400, 100, 1366046, 'Photos should be smaller than 4 MB', 'rejected', /less than 4 MB/],
  [400, 100, 2069019, 'size', 'rejected', /JPEG or PNG/],
  [400, 5101, null, 'file', 'rejected', /JPEG or PNG/],
  [400, 368, 1346003, 'abusive', 'rejected', /Community Standards/],
  [400, 368, 1404102, 'against the standards', 'rejected', /Community Standards/],
  [400, 368, 1404006, 'security check', 'reauthorization-required', /confirm the identity/],
  [400, 10, 4854002, 'confirm your identity', 'reauthorization-required', /confirm the identity/],
  [400, 200, 1404078, 'publishing authorization', 'rejected', /Page Publishing Authorization/],
  [400, 368, 1404112, 'limited', 'rejected', /limited this account/],
  [400, 100, 1363047, 'service unavailable', 'unknown', /look at the Page/],
  [400, 100, 1609010, 'service unavailable', 'unknown', /look at the Page/],
  [400, 9999, null, 'Something nobody has listed', 'rejected', /“Something nobody has listed”/],
  [500, 9999, null, 'Something nobody has listed', 'unknown', /look at the Page/],
] as const;

describe('each row of the error table', () => {
  test.each(ROWS)('%i code %s subcode %s "%s" is %s', (status, code, subcode, message, kind, advice) => {
    const outcome = read(refusal(status, { code, ...(subcode !== null && { error_subcode: subcode }), message }));
    const errorCode = subcode === null ? String(code) : `${code}/${subcode}`;
    expect(outcome).toMatchObject({ kind, errorCode, httpStatus: status });
    expect(sentence(outcome)).toMatch(advice);
    expect(sentence(outcome)).toMatch(/^Facebook .*[.]$/);
  });

  test('what Meta writes for people is shown instead of what it writes for developers', () => {
    const outcome = read(
      refusal(400, {
        code: 100,
        error_subcode: 1609005,
        message: 'Invalid parameter',
        error_user_title: 'No page',
        error_user_msg: 'We could not load this page.',
      }),
    );
    expect(sentence(outcome)).toMatch(/^Facebook refused the post: “We could not load this page” \(HTTP 400\)\./);
    expect(sentence(outcome)).not.toContain('Invalid parameter');
  });

  test('"already posted" is recognised in the words for people too', () => {
    const said = { code: 368, message: 'Blocked', error_user_msg: "You've already posted this." };
    expect(read(refusal(400, said)).kind).toBe('duplicate');
  });

  test('a duplicate names no post, because Facebook does not', () => {
    expect(read(refusal(400, { code: 506 }))).toMatchObject({ externalId: null, permalink: null });
  });

  test.each([
    [17, 'rate-limited'],
    [4, 'rate-limited'],
    [1, 'unknown'],
    [2, 'unknown'],
    [9999, 'unknown'],
  ])('is_transient makes code %i %s', (code, kind) => {
    expect(read(refusal(400, { code, is_transient: true })).kind).toBe(kind);
  });

  test('codes that come as texts are codes', () => {
    expect(read(refusal(400, { code: '190', error_subcode: '463' }))).toMatchObject({
      kind: 'reauthorization-required',
      errorCode: '190/463',
    });
  });
});

describe('an answer in which no code can be read', () => {
  test.each([
    [302, 'unknown'],
    [400, 'unknown'],
    [401, 'reauthorization-required'],
    [403, 'unknown'],
    [404, 'unknown'],
    [408, 'unknown'],
    [409, 'unknown'],
    [413, 'unknown'],
    [422, 'unknown'],
    [425, 'unknown'],
    [499, 'unknown'],
    [429, 'rate-limited'],
    [500, 'unknown'],
    [502, 'unknown'],
    [503, 'unknown'],
    [504, 'unknown'],
  ] as const)('with status %i is %s', (status, kind) => {
    for (const body of [
      '<html>Sorry, something went wrong</html>',
      '',
      '{"error":{"code":',
      '{"error":"text"}',
      '{"error":{}}',
      '{"error":{"message":"no code"}}',
      '{"message":"Not Found"}',
      '{}',
      '[]',
      'null',
    ]) {
      expect(read({ ...answer(status, ''), body, bodyComplete: false })).toMatchObject({
        kind,
        errorCode: `http-${status}`,
        httpStatus: status,
      });
    }
  });
});

// A gateway, a proxy or a firewall may refuse the answer to what Facebook has taken.
test('a 4xx whose code is in no table and whose error is not the Graph API’s is unknown', () => {
  for (const status of [400, 403, 404, 422, 499]) {
    const foreign = answer(status, { error: { code: status, message: 'Not here', status: 'NOT_FOUND' } });
    expect(read(foreign)).toMatchObject({ kind: 'unknown', errorCode: String(status), httpStatus: status });
    expect(sentence(read(foreign))).toMatch(new RegExp(`HTTP ${status}.*look at the Page`));
    expect(read(refusal(status, { code: status, message: 'Not here' })).kind).toBe('rejected');
  }
});

test('a 4xx without Facebook’s own error is neither sent again nor called failed', () => {
  const next = decide(read(answer(425, '{}')), 0, { baseSeconds: 300, maxAttempts: 5 }, now);
  expect(next).toMatchObject({ next: 'unconfirmed' });
});

describe('a limit is waited for', () => {
  const limit = (code: number, headers: Record<string, string>) =>
    read({ ...refusal(400, { code, message: 'limit' }), headers });
  const useCase = (id: string, minutes: number) =>
    JSON.stringify({
      [id]: [
        { type: 'pages', call_count: 100, total_cputime: 9, total_time: 9, estimated_time_to_regain_access: minutes },
      ],
    });

  test('as many minutes as the business-use-case header estimates for this Page', () => {
    expect(limit(80001, { 'x-business-use-case-usage': useCase(PAGE, 28) })).toMatchObject({
      retryAt: new Date('2026-11-21T22:43:00Z'),
    });
    expect(limit(32, { 'x-business-use-case-usage': useCase('another', 5) })).toMatchObject({
      retryAt: new Date('2026-11-21T22:20:00Z'),
    });
  });

  test('without an estimate for as long as the product waits blindly', () => {
    for (const headers of [
      {},
      { 'x-app-usage': '{"call_count":100,"total_time":25,"total_cputime":25}' },
      { 'x-business-use-case-usage': useCase(PAGE, 0) },
      // Longer than any limit of Meta's lasts: not believed.
      { 'x-business-use-case-usage': useCase(PAGE, 999_999) },
      { 'x-business-use-case-usage': 'nonsense' },
    ]) {
      expect(limit(4, headers)).toMatchObject({ kind: 'rate-limited', retryAt: null });
    }
  });

  test('an hour when it is about posting too fast, unless the answer says better', () => {
    expect(limit(1390008, {})).toMatchObject({ retryAt: new Date('2026-11-21T23:15:00Z') });
    expect(limit(1390008, { 'x-business-use-case-usage': useCase(PAGE, 10) })).toMatchObject({
      retryAt: new Date('2026-11-21T22:25:00Z'),
    });
  });

  test('as long as Retry-After says, should there ever be one', () => {
    expect(limit(4, { 'retry-after': '90' })).toMatchObject({ retryAt: new Date('2026-11-21T22:16:30Z') });
  });

  test('and is not counted as an attempt', () => {
    expect(decide(limit(4, {}), 4, { baseSeconds: 300, maxAttempts: 5 }, now)).toMatchObject({
      next: 'retrying',
      counted: false,
    });
  });
});

describe('a request without an answer', () => {
  test.each([
    'dns-failure',
    'connection-refused',
    'tls-failure',
    'connect-timeout',
    'aborted-before-sending',
    'connect-failure',
  ] as const)('that was not sent (%s) may be tried again', (reason) => {
    const outcome = read({ kind: 'not-sent', reason, cause: null });
    expect(outcome).toMatchObject({ kind: 'unavailable', errorCode: reason, httpStatus: null });
    expect(sentence(outcome)).toMatch(/Nothing was sent\.$/);
  });

  test.each(['answer-timeout', 'connection-lost', 'aborted-after-sending', 'malformed-answer'] as const)(
    'that may have arrived (%s) is unknown',
    (reason) => {
      const outcome = read({ kind: 'no-answer', reason, cause: null });
      expect(outcome).toMatchObject({ kind: 'unknown', errorCode: reason, httpStatus: null });
      expect(decide(outcome, 0, { baseSeconds: 300, maxAttempts: 5 }, now)).toMatchObject({ next: 'unconfirmed' });
    },
  );
});

test('what Facebook says is shown without control characters, not at any length, and without a token in it', () => {
  const token = `EAAB${'wzLixnjYBO'.repeat(10)}`;
  const outcome = read(refusal(400, { code: 190, message: `Malformed\u0000 \u202Eaccess\ntoken ${token}` }));
  expect(sentence(outcome)).toContain('“Malformed access token …” (HTTP 400)');
  const long = read(refusal(400, { code: 100, message: 'too long '.repeat(500) }));
  expect(sentence(long).length).toBeLessThan(450);
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

function refusal(status: number, error: object): HttpAnswer {
  return answer(status, { error: { type: 'OAuthException', fbtrace_id: 'AbC', ...error } });
}

function sentence(outcome: ReturnType<typeof read>): string {
  return 'errorMessage' in outcome ? outcome.errorMessage : '';
}
