import { describe, expect, test } from 'vitest';
import type { PlatformSettings } from '../config.ts';
import type { Content } from '../domain/content-rules.ts';
import { createLinkedIn } from './linkedin.ts';
import type { CreateRequest, ImageUploads, PublishingAccount } from './platform.ts';

const now = new Date('2026-11-21T12:00:00Z');
const settings = {
  clientId: 'id',
  clientSecret: 'secret',
  authorizeUrl: 'https://www.linkedin.com/oauth/v2',
  apiUrl: 'https://api.linkedin.com',
  version: null,
};
const member: PublishingAccount = { externalId: '782bbtaQ', kind: 'member', accessToken: 'AQX' };
const noImages: ImageUploads = {
  recall: () => expect.unreachable(),
  read: () => expect.unreachable(),
  remember: () => expect.unreachable(),
};

async function build(
  part: Partial<Content>,
  account = member,
  app: PlatformSettings = settings,
): Promise<CreateRequest> {
  const { publisher } = createLinkedIn(app, { sandboxed: false, clock: { now: () => now } });
  const content = { text: '', linkUrl: null, images: [], ...part };
  const prepared = await publisher.prepare(content, account, noImages, now, AbortSignal.timeout(1000));
  if (!prepared.ready) throw new Error(prepared.outcome.errorMessage);
  return prepared.request;
}

describe('the request that creates a post', () => {
  test('is the Posts API’s, complete, in the member’s name', async () => {
    const request = await build({ text: 'Ship it (today)! #launch' });
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://api.linkedin.com/rest/posts',
      headers: {
        authorization: 'Bearer AQX',
        'linkedin-version': '202610',
        'x-restli-protocol-version': '2.0.0',
        'content-type': 'application/json',
      },
    });
    expect(JSON.parse(request.body)).toEqual({
      author: 'urn:li:person:782bbtaQ',
      commentary: 'Ship it \\(today\\)! #launch',
      visibility: 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
    });
  });

  test('is the same to the last byte when it is built again', async () => {
    const same = { text: 'Same', linkUrl: 'https://example.com' };
    expect(await build(same)).toEqual(await build(same));
  });

  test.each([
    ['https://www.example.com/blog/post-1/?utm_source=x#part', 'example.com/blog/post-1'],
    ['https://example.com', 'example.com'],
    ['https://example.com/', 'example.com'],
    [`https://example.com/${'a'.repeat(300)}`, `example.com/${'a'.repeat(187)}…`],
  ])('has a link as an article whose title says where it leads: %s', async (linkUrl, title) => {
    const { content } = JSON.parse((await build({ text: 'Read', linkUrl })).body);
    expect(content).toEqual({ article: { source: linkUrl, title } });
  });

  test('can speak for an organisation, but not for a Facebook page', async () => {
    const as = (kind: 'organization' | 'page') => build({ text: 'Hi' }, { ...member, externalId: '42', kind });
    expect(JSON.parse((await as('organization')).body).author).toBe('urn:li:organization:42');
    await expect(as('page')).rejects.toThrow('no LinkedIn account');
  });

  test('uses the version an operator has set', async () => {
    const { headers } = await build({ text: 'Hi' }, member, { ...settings, version: '202601' });
    expect(headers['linkedin-version']).toBe('202601');
  });

  test('has line breaks as typed, not as a form submits them', async () => {
    expect(JSON.parse((await build({ text: 'one\r\ntwo\nthree' })).body).commentary).toBe('one\ntwo\nthree');
  });
});
