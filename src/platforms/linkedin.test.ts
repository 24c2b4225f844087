import { describe, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import { consentError } from './consent-error.ts';
import { createLinkedIn } from './linkedin.ts';
import { createPlatforms } from './registry.ts';

const now = new Date('2026-11-21T12:00:00Z');
const clock = { now: () => now };
const settings = {
  clientId: 'id',
  clientSecret: 'secret',
  authorizeUrl: 'https://www.linkedin.com/oauth/v2',
  apiUrl: 'https://api.linkedin.com',
  version: null,
};
const member = { externalId: '782bbtaQ', kind: 'member', accessToken: 'AQX' } as const;
const { publisher } = createLinkedIn(settings, { sandboxed: false, clock });

test('a member’s posts cannot be looked up, and nothing is sent to find that out', async () => {
  const found = await publisher.lookUp?.(
    { text: 'Hi', linkUrl: null, images: [] },
    member,
    now,
    AbortSignal.timeout(1000),
  );
  expect(found).toEqual({ found: 'no-answer', reason: 'LinkedIn does not let apps list a member’s posts.' });
});

describe('looking for an organisation’s post', () => {
  const sentAt = new Date('2026-11-21T12:00:00Z');
  const post = (id: string, commentary: string, at: string) => ({
    id,
    author: 'urn:li:organization:42',
    commentary,
    createdAt: Date.parse(at),
    lifecycleState: 'PUBLISHED',
  });
  const older = post('urn:li:share:1', 'older', '2026-11-20T12:00:00Z');
  const ours = post('urn:li:share:2', 'Ship \\(it\\) {hashtag|\\#|launch}', '2026-11-21T12:00:03Z');

  const typed: Content = { text: 'Ship (it)\r\n#launch', linkUrl: null, images: [] };

  async function lookUp(status: number, body: unknown, content = typed, answered: Record<string, string> = {}) {
    const urls: string[] = [];
    const headers: Record<string, string>[] = [];
    const http = {
      send: async (request: { url: string; headers: Readonly<Record<string, string>> }) => {
        urls.push(request.url);
        headers.push({ ...request.headers });
        return { kind: 'answer' as const, status, headers: answered, body: JSON.stringify(body), bodyComplete: true };
      },
      close: async () => undefined,
    };
    const adapter = createLinkedIn(settings, { sandboxed: false, clock, http });
    const result = await adapter.publisher.lookUp?.(
      content,
      { ...member, externalId: '42', kind: 'organization' },
      sentAt,
      AbortSignal.timeout(1000),
      () => sentAt,
    );
    return { result, url: urls[0], headers: headers[0] };
  }

  test('finds it by its text as readers see it', async () => {
    const { result, url, headers } = await lookUp(200, { elements: [ours, older] });
    expect(result).toEqual({
      found: 'present',
      externalId: 'urn:li:share:2',
      permalink: 'https://www.linkedin.com/feed/update/urn:li:share:2/',
      acceptedAt: new Date('2026-11-21T12:00:03Z'),
    });
    expect(url).toBe(
      'https://api.linkedin.com/rest/posts?q=author&author=urn%3Ali%3Aorganization%3A42&count=100&start=0&sortBy=CREATED',
    );
    expect(headers).toMatchObject({ 'x-restli-method': 'FINDER', 'linkedin-version': '202610' });
  });

  test('finds it by the text that was sent, where the link stands in it because of an image', async () => {
    const images = [
      { sha256: 'aa', altText: null, contentType: 'image/png', byteSize: 3, width: 1, height: 1, animated: false },
    ] as const;
    const published = post('urn:li:ugcPost:5', 'Look\n\nhttps://example.com/a\\_b', '2026-11-21T12:00:03Z');
    const content = { text: 'Look', linkUrl: 'https://example.com/a_b', images };
    expect((await lookUp(200, { elements: [published, older] }, content)).result).toMatchObject({
      found: 'present',
      externalId: 'urn:li:ugcPost:5',
    });
  });

  test('takes it as absent only when an older post shows that the list is good', async () => {
    expect((await lookUp(200, { elements: [older] })).result).toMatchObject({ found: 'absent', alike: [] });
    expect((await lookUp(200, { elements: [] })).result).toMatchObject({ found: 'no-answer' });
  });

  test('does not take an old post with the same text for it, but names it', async () => {
    expect(
      (await lookUp(200, { elements: [{ ...ours, createdAt: Date.parse('2026-11-20T12:00:00Z') }] })).result,
    ).toMatchObject({ found: 'absent', alike: [ours.id] });
  });

  test('understands a clock of LinkedIn’s that differs from ours', async () => {
    const theirs = new Date(sentAt.getTime() - 300_000);
    const elements = [{ ...ours, createdAt: theirs.getTime() + 3_000 }, older];
    const { result } = await lookUp(200, { elements }, typed, { date: theirs.toUTCString() });
    expect(result).toMatchObject({ found: 'present', externalId: ours.id });
    const other = { ...typed, text: 'Other' };
    expect((await lookUp(200, { elements }, other, { date: theirs.toUTCString() })).result).toMatchObject({
      found: 'absent',
      platformTime: theirs,
    });
  });

  test('decides nothing when there are two, when it is refused or when the list or the id is unreadable', async () => {
    for (const [status, body] of [
      [200, { elements: [ours, { ...ours, id: 'urn:li:share:3' }, older] }],
      [200, { elements: [{ ...ours, id: '<html>' }, older] }],
      [403, { message: 'Not enough permissions' }],
      [200, 'nonsense'],
      [500, {}],
    ] as const) {
      expect((await lookUp(status, body)).result).toMatchObject({ found: 'no-answer' });
    }
  });
});

describe('a browser that comes back without a code', () => {
  test.each([
    ['user_cancelled_login', 'cancelled', /You cancelled at LinkedIn/],
    ['user_cancelled_authorize', 'cancelled', /You cancelled at LinkedIn/],
    ['access_denied', 'cancelled', /You cancelled at LinkedIn/],
    ['unauthorized_scope_error', 'app-refused', /operator has to add/],
    ['<script>', 'refused', /Start again/],
  ])('with %s gets a sentence', (error, code, message) => {
    const refusal = consentError('linkedin', error);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toMatch(message);
    expect(refusal.message).not.toContain('<');
  });
});

test('a platform without an app of ours is not available, one with an app is', () => {
  const unset = { ...settings, clientId: null, clientSecret: null };
  const registry = createPlatforms(
    { linkedin: settings, facebook: unset, x: unset },
    { sandboxed: ['linkedin'], clock },
  );
  expect(Object.keys(registry)).toEqual(['linkedin']);
  expect(registry.linkedin?.sandboxed).toBe(true);
  expect(createPlatforms({ linkedin: unset, facebook: unset, x: unset }, { sandboxed: [], clock })).toEqual({});
});
