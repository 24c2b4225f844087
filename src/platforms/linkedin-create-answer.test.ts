import { describe, expect, test } from 'vitest';
import { decide } from '../domain/retry-policy.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import { readCreateAnswer } from './linkedin-create-answer.ts';

const now = new Date('2026-11-21T22:15:00Z');
const permalink = (urn: string) => `https://www.linkedin.com/feed/update/${urn}/`;
const read = (result: HttpResult) => readCreateAnswer(result, now, permalink);

describe('a post is accepted', () => {
  test('with the id from x-restli-id and an empty body, as LinkedIn answers', () => {
    expect(read(answer(201, '', { 'x-restli-id': 'urn:li:share:7' }))).toEqual({
      kind: 'accepted',
      httpStatus: 201,
      externalId: 'urn:li:share:7',
      permalink: 'https://www.linkedin.com/feed/update/urn:li:share:7/',
    });
  });

  test.each([
    ['a body that was cut off', { body: '{"id":"urn:li:sh', bodyComplete: false }],
    ['a body that is no JSON', { body: '<html>' }],
    ['a body that names another id', { body: '{"id":"urn:li:share:8"}' }],
    ['status 200', { status: 200 }],
  ])('with %s as well, because the header counts', (_case, part) => {
    expect(read({ ...answer(201, '', { 'x-restli-id': 'urn:li:ugcPost:7' }), ...part })).toMatchObject({
      kind: 'accepted',
      externalId: 'urn:li:ugcPost:7',
    });
  });

  test('with an id only in the body, as the older endpoint puts it', () => {
    expect(read(answer(201, { id: 'urn:li:ugcPost:9' }))).toMatchObject({
      kind: 'accepted',
      externalId: 'urn:li:ugcPost:9',
    });
  });

  test.each(['urn%3Ali%3Ashare%3A7', 'urn%3ali%3ashare%3a7'])('with a header that is URL-encoded: %s', (header) => {
    expect(read(answer(201, '', { 'x-restli-id': header }))).toMatchObject({ externalId: 'urn:li:share:7' });
  });

  test('with the id of the body when the header says something else than an id', () => {
    expect(read(answer(201, { id: 'urn:li:ugcPost:9' }, { 'x-restli-id': '<html>' }))).toMatchObject({
      kind: 'accepted',
      externalId: 'urn:li:ugcPost:9',
    });
  });
});

/** Printable, most of them, and yet no URN of a share or a UGC post. */
const NO_IDS = [
  '<html>',
  '7',
  'urn:li:share:',
  'urn:li:share:abc',
  'urn:li:share:7 ok',
  'urn:li:share:7/',
  'urn:li:share:7\nurn:li:share:8',
  'URN:LI:SHARE:7',
  'urn:li:ugcpost:7',
  'urn:li:person:7',
  'urn:li:image:C4E22',
  'urn:li:share:٧',
  `urn:li:share:${'7'.repeat(21)}`,
  'urn%3Ali%3Ashare%3A%zz',
  'urn%3Ali%3Ashare%3A7%00',
];

describe('an accepted post without an id is unknown, never accepted and never sent again:', () => {
  test.each<[string, HttpAnswer]>([
    ['no header, empty body', answer(201, '')],
    ['blank header', answer(201, '', { 'x-restli-id': ' ' })],
    ['body cut off', { ...answer(201, '{"id":"urn:li'), bodyComplete: false }],
    ['id that is not a text', answer(201, { id: 7 })],
    ...NO_IDS.map((id): [string, HttpAnswer] => [
      `header ${JSON.stringify(id)}`,
      answer(201, '', { 'x-restli-id': id }),
    ]),
    ...NO_IDS.map((id): [string, HttpAnswer] => [`body with ${JSON.stringify(id)}`, answer(201, { id })]),
    ['202', answer(202, '')],
    ['204', answer(204, '')],
  ])('%s', (_case, result) => {
    expect(read(result)).toMatchObject({
      kind: 'unknown',
      errorCode: 'accepted-without-id',
      httpStatus: result.status,
    });
  });
});

// One line per row of LinkedIn's error table: status, code, serviceErrorCode, message → outcome, our error code.
const ROWS = [
  [401, 'INVALID_ACCESS_TOKEN', 65600, 'Invalid access token', 'reauthorization-required', 'INVALID_ACCESS_TOKEN'],
  [
    401,
    'REVOKED_ACCESS_TOKEN',
    65601,
    'The token used in the request has been revoked by the user',
    'reauthorization-required',
    'REVOKED_ACCESS_TOKEN',
  ],
  [
    401,
    'EXPIRED_ACCESS_TOKEN',
    65602,
    'The token used in the request has expired',
    'reauthorization-required',
    'EXPIRED_ACCESS_TOKEN',
  ],
  [401, 'EMPTY_ACCESS_TOKEN', 65604, 'Empty oauth2 access token', 'reauthorization-required', 'EMPTY_ACCESS_TOKEN'],
  [401, null, null, null, 'reauthorization-required', 'http-401'],
  [
    403,
    'ACCESS_DENIED',
    100,
    'Not enough permissions to access: partnerApiPostsExternal.CREATE.20261001',
    'reauthorization-required',
    'ACCESS_DENIED',
  ],
  [
    403,
    'ACCESS_DENIED',
    100,
    'Not enough permissions to access: me.GET.NO_VERSION',
    'reauthorization-required',
    'ACCESS_DENIED',
  ],
  [403, null, null, 'Not enough permissions to access: partnerApiPosts', 'reauthorization-required', 'http-403'],
  [403, 'ACCESS_DENIED', 100, 'Member is unauthorized on urn:li:organization:1', 'rejected', 'ACCESS_DENIED'],
  [403, null, null, 'member is unauthorized on urn:li:person:x', 'rejected', 'http-403'],
  [403, null, null, 'resource is forbidden', 'rejected', 'http-403'],
  [400, 'MISSING_FIELD', null, 'commentary is missing', 'rejected', 'MISSING_FIELD'],
  [
    400,
    'VERSION_MISSING',
    null,
    'A version must be present. Please specify a version by adding the Linkedin-Version header.',
    'rejected',
    'VERSION_MISSING',
  ],
  [400, 'MEDIA_ASSET_WAITING_UPLOAD', null, 'waiting', 'unavailable', 'MEDIA_ASSET_WAITING_UPLOAD'],
  [400, 'MEDIA_ASSET_PROCESSING_FAILED', null, 'failed', 'rejected', 'MEDIA_ASSET_PROCESSING_FAILED'],
  [400, 'EXPIRED_UPLOAD_URL', null, 'expired', 'rejected', 'EXPIRED_UPLOAD_URL'],
  [426, 'NONEXISTENT_VERSION', null, 'Requested version 20240901 is not active', 'rejected', 'NONEXISTENT_VERSION'],
  [404, 'NOT_FOUND', null, 'Could not find entity', 'rejected', 'NOT_FOUND'],
  [404, 'RESOURCE_NOT_FOUND', null, 'No virtual resource found', 'rejected', 'RESOURCE_NOT_FOUND'],
  [409, 'CONFLICT', null, 'concurrent write', 'unknown', 'CONFLICT'],
  [411, null, null, 'Length Required', 'rejected', 'http-411'],
  [413, null, null, 'Request Entity Too Large', 'rejected', 'http-413'],
  [415, null, null, 'Unsupported Media Type', 'rejected', 'http-415'],
  [422, null, null, 'ERROR :: /visibility :: field is required', 'rejected', 'http-422'],
  [405, null, null, 'Method Not Allowed', 'rejected', 'http-405'],
  [
    429,
    'TOO_MANY_REQUESTS',
    null,
    'Resource level throttle APPLICATION DAY limit for calls to this resource is reached.',
    'rate-limited',
    'DAY_LIMIT',
  ],
  [
    429,
    'TOO_MANY_REQUESTS',
    null,
    'Resource level throttle MEMBER DAY limit for calls to this resource is reached.',
    'rate-limited',
    'DAY_LIMIT',
  ],
  [429, null, null, 'Too Many Requests', 'rate-limited', 'TOO_MANY_REQUESTS'],
  [408, null, null, null, 'unknown', 'http-408'],
  [500, null, null, 'Internal Server Error', 'unknown', 'http-500'],
  [500, null, null, 'access token downstream verification failures', 'unknown', 'http-500'],
  [502, null, null, null, 'unknown', 'http-502'],
  [503, null, null, 'Service Unavailable', 'unknown', 'http-503'],
  [504, null, null, null, 'unknown', 'http-504'],
  [302, null, null, null, 'unknown', 'http-302'],
] as const;

describe('each row of the error table', () => {
  test.each(ROWS)('%i %s %s "%s" is %s (%s)', (status, code, serviceErrorCode, message, kind, errorCode) => {
    const body = {
      status,
      ...(code && { code }),
      ...(serviceErrorCode && { serviceErrorCode }),
      ...(message && { message }),
    };
    const outcome = read(answer(status, body));
    expect(outcome).toMatchObject({ kind, errorCode, httpStatus: status });
    expect(sentence(outcome)).toMatch(/^[A-Z].*[.]$/);
  });

  test.each([
    'INVALID_VALUE_BLANK_FIELD',
    'FIELD_LENGTH_TOO_LONG',
    'INVALID_URN_TYPE',
    'INVALID_URN_ID',
    'INVALID_VALUE_FOR_FIELD',
    'INVALID_IMAGE_ID',
    'QUERY_PARAM_NOT_ALLOWED',
    'FIELD_INVALID',
  ])('input error %s is a refusal that carries LinkedIn’s description', (code) => {
    const outcome = read(inputError(400, code, `it is ${code} here`));
    expect(outcome).toMatchObject({ kind: 'rejected', errorCode: code });
    expect(sentence(outcome)).toContain(`“it is ${code} here” (HTTP 400)`);
  });

  test.each([401, 429, 500])(
    '%i with a body that is no JSON, is empty or cut off is classed by its status',
    (status) => {
      const kinds = ['<html>nope</html>', '', '{"status":', 'null', '[]', '"text"'].map(
        (body) => read({ ...answer(status, ''), body, bodyComplete: false }).kind,
      );
      const expected = { 401: 'reauthorization-required', 429: 'rate-limited', 500: 'unknown' }[status];
      expect(new Set(kinds)).toEqual(new Set([expected]));
    },
  );

  test('an unknown API version tells the operator which variable to set', () => {
    expect(
      sentence(
        read(
          answer(426, {
            status: 426,
            code: 'NONEXISTENT_VERSION',
            message: 'Requested version 20240901 is not active',
          }),
        ),
      ),
    ).toMatch(/Requested version 20240901 is not active.*LINKEDIN_VERSION/);
  });
});

// A gateway, a proxy or a firewall may refuse the answer to what LinkedIn has taken.
describe('a 4xx without LinkedIn’s own error is unknown', () => {
  const statuses = Array.from({ length: 100 }, (_, index) => 400 + index).filter((one) => one !== 401 && one !== 429);

  test.each([
    '',
    '{}',
    '[]',
    'null',
    '"no"',
    '<html><h1>404 Not Found</h1></html>',
    '{"message":"Not Found"}',
    '{"code":"ACCESS_DENIED"}',
    '{"code":"MEDIA_ASSET_WAITING_UPLOAD","message":"waiting"}',
    '{"error":"not_found","error_description":"no"}',
    '{"error":{"code":404,"message":"no"}}',
    '{"title":"Not Found","detail":"no","type":"about:blank"}',
    '{"status":200,"message":"another status"}',
    '{"status":"404","message":"a status that is a text"}',
  ])('whatever its status is: %s', (body) => {
    for (const status of statuses) {
      const outcome = read(answer(status, body));
      expect(outcome).toMatchObject({ kind: 'unknown', httpStatus: status });
      expect(sentence(outcome)).toMatch(new RegExp(`^LinkedIn did not say .*HTTP ${status}.*look at the profile`));
    }
  });

  test('also when it says nothing but its status, or breaks off', () => {
    for (const status of statuses) {
      expect(read(answer(status, { status })).kind).toBe('unknown');
      const cut = answer(status, `{"status":${status},"serviceErrorCode":100,"code":"ACCESS_DENIED","mess`);
      expect(read({ ...cut, bodyComplete: false }).kind).toBe('unknown');
    }
  });

  test('and is neither sent again nor called failed', () => {
    const next = decide(read(answer(425, '{}')), 0, { baseSeconds: 300, maxAttempts: 5 }, now);
    expect(next).toMatchObject({ next: 'unconfirmed' });
  });
});

describe('a duplicate', () => {
  const captured = (urn: string) => ({
    errorDetailType: 'com.linkedin.common.error.BadRequest',
    message: `com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of ${urn}`,
    errorDetails: { inputErrors: [{ description: 'Duplicate post is detected', input: {}, code: 'DUPLICATE_POST' }] },
    status: 422,
  });

  test.each([
    [422, 'urn:li:share:7295588489876647936'],
    [422, 'urn:li:ugcPost:7295588489876647936'],
    [409, 'urn:li:share:1'],
  ])('with status %i names the live post %s', (status, urn) => {
    expect(read(answer(status, captured(urn)))).toMatchObject({
      kind: 'duplicate',
      httpStatus: status,
      errorCode: 'DUPLICATE_POST',
      externalId: urn,
      permalink: permalink(urn),
    });
  });

  test('whose body was cut off before the URN is still a duplicate', () => {
    expect(
      read({ ...answer(422, ''), body: '{"message":"…: Content is a duplicate of urn:li:', bodyComplete: false }),
    ).toMatchObject({ kind: 'duplicate', externalId: null, permalink: null });
  });
});

describe('a rate limit is waited for', () => {
  const daily = {
    status: 429,
    message: 'Resource level throttle MEMBER DAY limit for calls to this resource is reached.',
  };

  test('until midnight UTC when the day’s quota is used up', () => {
    expect(read(answer(429, daily))).toMatchObject({ retryAt: new Date('2026-11-22T00:00:00Z') });
  });

  test('for a minute when LinkedIn says nothing', () => {
    expect(read(answer(429, ''))).toMatchObject({ retryAt: new Date('2026-11-21T22:16:00Z') });
  });

  test.each([
    ['90', '2026-11-21T22:16:30Z'],
    ['Sat, 21 Nov 2026 23:00:00 GMT', '2026-11-21T23:00:00Z'],
  ])('as long as Retry-After says: %s', (header, retryAt) => {
    for (const body of ['', daily])
      expect(read(answer(429, body, { 'retry-after': header }))).toMatchObject({ retryAt: new Date(retryAt) });
  });

  test('and is not counted as an attempt', () => {
    expect(decide(read(answer(429, '')), 4, { baseSeconds: 300, maxAttempts: 5 }, now)).toMatchObject({
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

test('what LinkedIn says is shown without control characters and not at any length', () => {
  const outcome = read(
    answer(400, { status: 400, message: `bad\u0000 \u202Ething\n${'x'.repeat(5000)}`, code: 'A'.repeat(500) }),
  );
  expect(outcome).toMatchObject({ errorCode: 'http-400' });
  expect(sentence(outcome)).toMatch(/“bad thing x+…” \(HTTP 400\)/);
  expect(sentence(outcome).length).toBeLessThan(400);
});

function answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  return {
    kind: 'answer',
    status,
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    bodyComplete: true,
  };
}

function inputError(status: number, code: string, description: string): HttpAnswer {
  return answer(status, {
    errorDetailType: 'com.linkedin.common.error.BadRequest',
    message: 'com.linkedin.X: …',
    errorDetails: { inputErrors: [{ description, input: { inputPath: { fieldPath: 'commentary' } }, code }] },
    status,
  });
}

function sentence(outcome: ReturnType<typeof read>): string {
  return 'errorMessage' in outcome ? outcome.errorMessage : '';
}
