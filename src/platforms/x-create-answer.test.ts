import { describe, expect, test } from 'vitest';
import type { Outcome } from '../domain/outcome.ts';
import { decide } from '../domain/retry-policy.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import { readCreateAnswer } from './x-create-answer.ts';
import { buildCreateRequest } from './x-create-request.ts';

const now = new Date('2026-11-21T22:15:00Z');
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const unix = (at: Date) => String(at.getTime() / 1000);
const permalink = (id: string) => `https://x.com/i/web/status/${id}`;
const account = { externalId: '7', kind: 'member', accessToken: 't' } as const;
const request = (mediaIds: string[] = []) =>
  buildCreateRequest('https://api.x.com', { text: 'Hi', linkUrl: null, images: [] }, account, mediaIds);
const read = (result: HttpResult, sent = request()) => readCreateAnswer(sent, result, now, permalink);
const problem = (name: string) => `https://api.twitter.com/2/problems/${name}`;

describe('a post is accepted', () => {
  const data = { id: '1445880548472328192', text: 'Hi', edit_history_tweet_ids: ['1445880548472328192'] };
  const accepted = {
    kind: 'accepted',
    externalId: '1445880548472328192',
    permalink: 'https://x.com/i/web/status/1445880548472328192',
  };

  test.each([
    ['as X answers', answer(201, { data })],
    [
      'with the field names of 2.167',
      answer(201, { data: { id: data.id, text: 'Hi', edit_history_post_ids: [data.id] } }),
    ],
    ['with status 200', answer(200, { data })],
    [
      'with errors beside the data',
      answer(201, {
        data,
        errors: [{ title: 'Forbidden', detail: 'Forbidden', type: problem('not-authorized-for-field') }],
      }),
    ],
  ])('%s', (_case, result) => {
    expect(read(result)).toEqual({ ...accepted, httpStatus: result.status });
  });
});

describe('an accepted post without an id is unknown, never accepted and never sent again:', () => {
  test.each<[string, HttpAnswer]>([
    ['empty body', answer(201, '')],
    ['body cut off', { ...answer(201, '{"data":{"id":"14458805'), bodyComplete: false }],
    ['body cut off after the id', { ...answer(201, '{"data":{"id":"1445880548472328192","te'), bodyComplete: false }],
    ['no JSON', answer(201, '<html>')],
    [
      'no data',
      answer(200, { errors: [{ title: 'Forbidden', detail: 'Forbidden', type: 'about:blank', status: 403 }] }),
    ],
    ['an id that lost its last digits as a number', answer(201, { data: { id: 1445880548472328200 } })],
    ...['abc', '<html>', '', '1445880548472328192 ', '1445880548472328192\n', '-1', '1'.repeat(20)].map(
      (id): [string, HttpAnswer] => [`the id ${JSON.stringify(id)}`, answer(201, { data: { id } })],
    ),
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

const about = (status: number, title: string, detail: string = title) => ({
  title,
  detail,
  type: 'about:blank',
  status,
});

// One line per row of X's error table: status, body → outcome, our error code.
const ROWS: [number, unknown, Outcome['kind'], string][] = [
  [
    400,
    {
      errors: [{ message: 'Your Tweet text is too long. For more information, see …' }],
      title: 'Invalid Request',
      detail: 'One or more parameters to your request was invalid.',
      type: problem('invalid-request'),
    },
    'rejected',
    'invalid-request',
  ],
  [
    400,
    { title: 'Invalid Request', type: 'https://api.x.com/2/problems/invalid-request' },
    'rejected',
    'invalid-request',
  ],
  [401, about(401, 'Unauthorized'), 'reauthorization-required', 'unauthorized'],
  [401, { errors: [{ code: 89, message: 'Invalid or expired token.' }] }, 'reauthorization-required', 'unauthorized'],
  [
    402,
    {
      account_id: 7,
      title: 'CreditsDepleted',
      detail: 'Your enrolled account [7] does not have any credits to fulfill this request.',
      type: problem('credits'),
    },
    'rejected',
    'credits-depleted',
  ],
  [
    403,
    {
      account_id: 7,
      title: 'CreditsDepleted',
      detail: 'Your enrolled account [7] does not have any credits.',
      type: problem('credits'),
    },
    'rejected',
    'credits-depleted',
  ],
  [403, { title: 'CreditsDepleted', detail: 'No credits.', type: 'about:blank' }, 'rejected', 'credits-depleted'],
  [
    403,
    about(403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.'),
    'duplicate',
    'duplicate-content',
  ],
  [403, { errors: [{ code: 187, message: 'Status is a duplicate.' }] }, 'duplicate', 'duplicate-content'],
  [403, about(403, 'Forbidden', 'You are not permitted to perform this action.'), 'rejected', 'http-403'],
  [
    403,
    {
      title: 'Forbidden',
      detail: 'Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.',
      type: problem('oauth1-permissions'),
      status: 403,
    },
    'rejected',
    'oauth1-permissions',
  ],
  [
    403,
    {
      title: 'Client Forbidden',
      detail: 'When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from …',
      type: problem('client-forbidden'),
      reason: 'client-not-enrolled',
    },
    'rejected',
    'client-forbidden',
  ],
  [
    403,
    {
      title: 'Forbidden',
      detail: 'Official client.',
      type: problem('client-forbidden'),
      reason: 'official-client-forbidden',
    },
    'rejected',
    'client-forbidden',
  ],
  [
    403,
    {
      title: 'Unsupported Authentication',
      detail: 'Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.',
      type: 'https://api.x.com/2/problems/unsupported-authentication',
      status: 403,
    },
    'rejected',
    'unsupported-authentication',
  ],
  [403, about(403, 'Forbidden'), 'reauthorization-required', 'missing-scope'],
  [403, about(403, 'Forbidden', 'Posts may have a maximum of one cashtag.'), 'rejected', 'http-403'],
  [403, about(403, 'Forbidden', 'Posts may have a maximum of 4 items.'), 'rejected', 'http-403'],
  [403, about(403, 'Forbidden', 'The text contains an invalid URL.'), 'rejected', 'http-403'],
  [403, about(403, 'Forbidden', 'A video longer than 2 minutes is not allowed.'), 'rejected', 'http-403'],
  [
    403,
    { title: 'Forbidden', detail: 'user-suspended', type: problem('disallowed-resource') },
    'reauthorization-required',
    'suspended',
  ],
  [403, about(403, 'Forbidden', 'Your account is suspended.'), 'reauthorization-required', 'suspended'],
  [
    404,
    { title: 'Not Found Error', detail: 'Could not find it.', type: problem('resource-not-found') },
    'rejected',
    'resource-not-found',
  ],
  [413, about(413, 'Request Entity Too Large'), 'rejected', 'http-413'],
  [415, about(415, 'Unsupported Media Type'), 'rejected', 'http-415'],
  [422, about(422, 'Unprocessable Entity'), 'rejected', 'http-422'],
  [429, about(429, 'Too Many Requests'), 'rate-limited', 'rate-limit'],
  [429, { errors: [{ code: 88, message: 'Rate limit exceeded' }] }, 'rate-limited', 'rate-limit'],
  [429, '', 'rate-limited', 'rate-limit'],
  [
    429,
    {
      title: 'UsageCapExceeded',
      detail: 'Usage cap exceeded: Daily',
      type: problem('usage-capped'),
      period: 'Daily',
      scope: 'Account',
    },
    'rate-limited',
    'usage-capped',
  ],
  [
    429,
    {
      title: 'UsageCapExceeded',
      detail: 'Usage cap exceeded: Monthly product cap',
      type: problem('usage-capped'),
      period: 'Monthly',
      scope: 'Product',
    },
    'rejected',
    'usage-capped',
  ],
  [408, '', 'unknown', 'http-408'],
  [409, { title: 'Conflict', type: problem('conflict') }, 'unknown', 'conflict'],
  [500, { title: 'Internal Server Error', type: problem('internal-error') }, 'unknown', 'internal-error'],
  [502, '<html>', 'unknown', 'http-502'],
  [503, about(503, 'Service Unavailable'), 'unknown', 'http-503'],
  [504, '', 'unknown', 'http-504'],
  [302, '', 'unknown', 'http-302'],
];

describe('each row of the error table', () => {
  test.each(ROWS)('%i %j is %s (%s)', (status, body, kind, errorCode) => {
    const outcome = read(answer(status, body));
    expect(outcome).toMatchObject({ kind, errorCode, httpStatus: status });
    expect(sentence(outcome)).toMatch(/^[A-Z].*[.]$/);
  });

  test.each([
    [401, 'reauthorization-required'],
    [429, 'rate-limited'],
    [500, 'unknown'],
  ] as const)('%i with a body that is no JSON, is empty or cut off is %s, by its status', (status, kind) => {
    const kinds = ['<html>nope</html>', '', '{"status":', 'null', '[]', '"text"', '{"errors":"none"}'].map(
      (body) => read({ ...answer(status, ''), body, bodyComplete: false }).kind,
    );
    expect(new Set(kinds)).toEqual(new Set([kind]));
  });

  test('carries X’s own words, the telling ones', () => {
    const [[status, body] = [0, null]] = ROWS;
    expect(sentence(read(answer(status, body)))).toBe(
      'X refused the post: “Your Tweet text is too long. For more information, see …” (HTTP 400).',
    );
    expect(sentence(read(answer(403, about(403, 'Forbidden', 'Posts may have a maximum of one cashtag.'))))).toContain(
      '“Posts may have a maximum of one cashtag” (HTTP 403)',
    );
  });

  test('that only an operator can repair says so', () => {
    for (const [status, body, kind, code] of ROWS) {
      if (kind !== 'rejected') continue;
      const forOperator = [
        'credits-depleted',
        'oauth1-permissions',
        'client-forbidden',
        'unsupported-authentication',
        'usage-capped',
      ];
      if (forOperator.includes(code)) expect(sentence(read(answer(status, body)))).toMatch(/operator has to/);
    }
  });
});

// A gateway, a proxy or a firewall may refuse the answer to what X has taken.
describe('a 4xx without X’s own error is unknown', () => {
  const statuses = Array.from({ length: 100 }, (_, index) => 400 + index).filter((one) => one !== 401 && one !== 429);

  test.each([
    '',
    '{}',
    '[]',
    'null',
    '"no"',
    '<html><h1>404 Not Found</h1></html>',
    '{"message":"duplicate content"}',
    '{"title":"CreditsDepleted"}',
    '{"type":"https://api.x.com/2/problems/resource-not-found"}',
    '{"reason":"account suspended"}',
    '{"errors":[]}',
    '{"errors":[{}]}',
    '{"errors":"none"}',
    '{"error":"not_found","error_description":"no"}',
    '{"error":{"code":404,"message":"no"}}',
    '{"status":404,"message":"no"}',
    '{"title":"Not Found Error","detail":"Could not find it.","type":"https://api.x.com/2/prob',
  ])('whatever its status is: %s', (body) => {
    for (const status of statuses)
      for (const sent of [request(), request(['1'])]) {
        const outcome = read({ ...answer(status, body), bodyComplete: false }, sent);
        expect(outcome).toMatchObject({ kind: 'unknown', httpStatus: status });
        expect(sentence(outcome)).toMatch(new RegExp(`^X did not say .*HTTP ${status}.*look at the account`));
      }
  });

  test('and is neither sent again nor called failed', () => {
    const next = decide(read(answer(425, '{}')), 0, { baseSeconds: 300, maxAttempts: 5 }, now);
    expect(next).toMatchObject({ next: 'unconfirmed' });
  });
});

describe('a duplicate', () => {
  test('names no post, and is not another try', () => {
    const outcome = read(
      answer(403, about(403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.')),
    );
    expect(outcome).toMatchObject({ kind: 'duplicate', externalId: null, permalink: null });
    expect(decide(outcome, 0, { baseSeconds: 300, maxAttempts: 5 }, now)).toEqual({ next: 'failed', counted: true });
  });
});

describe('an image that X no longer has', () => {
  const gone: [string, number, unknown][] = [
    [
      'not found',
      404,
      { title: 'Not Found Error', detail: 'Could not find media with id [1].', type: problem('resource-not-found') },
    ],
    [
      'invalid',
      400,
      {
        errors: [{ parameters: { 'media.media_ids': ['1'] }, message: 'Your media IDs are invalid.' }],
        title: 'Invalid Request',
        type: problem('invalid-request'),
      },
    ],
  ];
  test.each(gone)('(%s) is told from other refusals', (_case, status, body) => {
    expect(read(answer(status, body), request(['1']))).toMatchObject({ kind: 'rejected', errorCode: 'media-gone' });
    expect(read(answer(status, body), request())).not.toMatchObject({ errorCode: 'media-gone' });
  });
});

describe('a rate limit is waited for', () => {
  const limits = (family: string, remaining: number, reset: Date) => ({
    [`${family}-limit`]: '100',
    [`${family}-remaining`]: String(remaining),
    [`${family}-reset`]: unix(reset),
  });
  const window = limits('x-rate-limit', 0, inSeconds(600));
  const untouched = limits('x-rate-limit', 57, inSeconds(600));
  const retryAt = (headers: Record<string, string>) => {
    const outcome = read(answer(429, about(429, 'Too Many Requests'), headers));
    return outcome.kind === 'rate-limited' ? outcome.retryAt : expect.unreachable(outcome.kind);
  };

  test('until the window’s reset', () => {
    expect(retryAt(window)).toEqual(inSeconds(600));
    expect(retryAt({ 'x-rate-limit-reset': unix(inSeconds(30)) })).toEqual(inSeconds(30));
  });

  test.each(['x-user-limit-24hour', 'x-app-limit-24hour'])('until %s starts anew when it is used up', (family) => {
    expect(retryAt({ ...untouched, ...limits(family, 0, inSeconds(7200)) })).toEqual(inSeconds(7200));
    // Both are used up: the later one counts.
    expect(retryAt({ ...window, ...limits(family, 0, inSeconds(7200)) })).toEqual(inSeconds(7200));
    expect(retryAt({ ...window, ...limits(family, 3, inSeconds(7200)) })).toEqual(inSeconds(600));
  });

  test('until tomorrow when the plan’s day is used up and X does not say when that is', () => {
    const body = { title: 'UsageCapExceeded', type: problem('usage-capped'), period: 'Daily' };
    expect(read(answer(429, body))).toMatchObject({ retryAt: new Date('2026-11-22T00:00:00Z') });
    expect(read(answer(429, body, window))).toMatchObject({ retryAt: inSeconds(600) });
  });

  test.each([
    ['says nothing', {}],
    ['names the past', { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': unix(inSeconds(-60)) }],
    ['names a time beyond every quota', { 'x-rate-limit-reset': '99999999999' }],
    ['names a time in days', { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': unix(inSeconds(1_000_000)) }],
    ['says what is no time', { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': 'soon' }],
  ])('for as long as our own rule says when X %s', (_case, headers) => {
    expect(retryAt(headers)).toBeNull();
  });

  test('as Retry-After says, which X does not document, when there is nothing else', () => {
    expect(retryAt({ 'retry-after': '90' })).toEqual(inSeconds(90));
    expect(retryAt({ ...window, 'retry-after': '90' })).toEqual(inSeconds(600));
  });

  test('and is not counted as an attempt', () => {
    expect(decide(read(answer(429, '', window)), 4, { baseSeconds: 300, maxAttempts: 5 }, now)).toEqual({
      next: 'retrying',
      at: inSeconds(600),
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

test('what X says is shown without control characters and not at any length', () => {
  const outcome = read(
    answer(400, {
      title: 'Invalid Request',
      detail: `bad\u0000 \u202Ething\n${'x'.repeat(5000)}`,
      type: problem('A'.repeat(500)),
      reason: '<b>',
    }),
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

function sentence(outcome: Outcome): string {
  return 'errorMessage' in outcome ? outcome.errorMessage : '';
}
