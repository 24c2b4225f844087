import { describe, expect, test } from 'vitest';
import type { PlatformSettings } from '../config.ts';
import type { Content, ContentImage } from '../domain/content-rules.ts';
import { createLinkedIn } from './linkedin.ts';
import { linkTitle } from './linkedin-create-request.ts';
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
/** Every image is there already: its id ends in its hash. */
const uploaded: ImageUploads = {
  recall: ({ sha256 }) => `urn:li:image:${sha256}`,
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
  const prepared = await publisher.prepare(content, account, uploaded, now, AbortSignal.timeout(1000));
  if (!prepared.ready) throw new Error(prepared.outcome.errorMessage);
  return prepared.request;
}

const picture: ContentImage = {
  ...{ sha256: 'aa', altText: null, contentType: 'image/png', byteSize: 3, width: 1, height: 1, animated: false },
};

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

  test('shows one image with its description', async () => {
    const { content } = JSON.parse((await build({ text: 'Look', images: [{ ...picture, altText: 'a dot' }] })).body);
    expect(content).toEqual({ media: { id: 'urn:li:image:aa', altText: 'a dot' } });
  });

  test('shows several images in their order', async () => {
    const images = [
      { ...picture, altText: '' },
      { ...picture, sha256: 'bb', altText: 'a line' },
    ];
    const { content } = JSON.parse((await build({ text: 'Look', images })).body);
    expect(content).toEqual({
      multiImage: { images: [{ id: 'urn:li:image:aa' }, { id: 'urn:li:image:bb', altText: 'a line' }] },
    });
  });

  test('has the link at the end of the text when there are images, because LinkedIn shows either', async () => {
    const linkUrl = 'https://example.com/a_b';
    const body = async (text: string) => JSON.parse((await build({ text, linkUrl, images: [picture] })).body);
    expect(await body('Look ')).toMatchObject({
      commentary: 'Look\n\nhttps://example.com/a\\_b',
      content: { media: { id: 'urn:li:image:aa' } },
    });
    expect(await body('See https://example.com/a_b.')).toMatchObject({ commentary: 'See https://example.com/a\\_b.' });
  });
});

describe('for an app that has only /v2/ugcPosts, the request', () => {
  const ugc = { ...settings, postsApi: 'ugcPosts' as const };
  const share = async (part: Partial<Content>) =>
    JSON.parse((await build(part, member, ugc)).body).specificContent['com.linkedin.ugc.ShareContent'];

  test('is that of a UGC post, whose text needs no escapes and which knows no version', async () => {
    const request = await build({ text: 'Ship it (today)! #launch\r\n_now_' }, member, ugc);
    expect(request).toMatchObject({ method: 'POST', url: 'https://api.linkedin.com/v2/ugcPosts' });
    expect(request.headers).toEqual({
      authorization: 'Bearer AQX',
      'x-restli-protocol-version': '2.0.0',
      'content-type': 'application/json',
    });
    expect(JSON.parse(request.body)).toEqual({
      author: 'urn:li:person:782bbtaQ',
      lifecycleState: 'PUBLISHED',
      specificContent: {
        'com.linkedin.ugc.ShareContent': {
          shareCommentary: { text: 'Ship it (today)! #launch\n_now_' },
          shareMediaCategory: 'NONE',
          media: [],
        },
      },
      visibility: { 'com.linkedin.ugc.MemberNetworkVisibility': 'PUBLIC' },
    });
  });

  test('has a link as an article', async () => {
    expect(await share({ text: 'Read', linkUrl: 'https://www.example.com/blog/' })).toEqual({
      shareCommentary: { text: 'Read' },
      shareMediaCategory: 'ARTICLE',
      media: [{ status: 'READY', originalUrl: 'https://www.example.com/blog/', title: { text: 'example.com/blog' } }],
    });
  });
});

test.each([
  ['https://xn--mller-kva.example/stra%C3%9Fe/', 'müller.example/straße'],
  ['https://www.example.com/%E6%97%A5%E6%9C%AC?q=%41#x', 'example.com/日本'],
  ['https://example.com/50%25/a%2Fb/two%20words', 'example.com/50%25/a%2Fb/two words'],
  ['https://example.com/%E2%80%AEgnp%00%FF', 'example.com/%E2%80%AEgnp%00%FF'],
])('the card of %s is called %s, as people read it', (linkUrl, title) => {
  expect(linkTitle(linkUrl)).toBe(title);
});
