/** The links that people paste, form by form: which post it is, whose, and what they are told when it cannot be used. */
import { describe, expect, it } from 'vitest';
import { type LinkedAccount, readLiveLink } from './live-link.ts';

const PAGE = '102345678901234';
const linkedin: LinkedAccount = { platform: 'linkedin', externalId: 'abc', displayName: 'Amara', profileUrl: null };
const facebook: LinkedAccount = { platform: 'facebook', externalId: PAGE, displayName: 'Our Page', profileUrl: null };
const x: LinkedAccount = {
  platform: 'x',
  externalId: '12',
  displayName: 'Amara (@amara_n)',
  profileUrl: 'https://x.com/amara_n',
};
const N = '7531784011601936384';
const PFBID = 'pfbid02AbCdEfGhIjKlMnOpQrStUvWxYz123456789';
const idOf = (link: string, account: LinkedAccount) => readLiveLink(link, account, null);
const problemOf = (link: string, account: LinkedAccount) => {
  const read = idOf(link, account);
  return 'problem' in read ? read.problem : `accepted as ${read.externalId}`;
};

describe('a link to a post on LinkedIn', () => {
  it.each([
    [`https://www.linkedin.com/feed/update/urn:li:share:${N}/`, 'share'],
    [`https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A${N}`, 'share'],
    [`https://www.linkedin.com/feed/update/urn:li:SHARE:${N}?utm_source=share&utm_medium=member_desktop`, 'share'],
    [`https://pl.linkedin.com/feed/update/urn:li:share:${N}/`, 'share'],
    [`https://linkedin.com/embed/feed/update/urn:li:share:${N}?collapsed=1`, 'share'],
    [`https://www.linkedin.com/posts/amara-n_some-words-share-${N}-AbCd`, 'share'],
    [`https://www.linkedin.com/posts/amara-n_some-words-share-${N}-AbCd/?utm_source=share&rcm=ACoAA`, 'share'],
    [`https://www.linkedin.com/posts/amara-n_market-share-${N.slice(1)}-tips-share-${N}-Ab-_`, 'share'],
    [`https://www.linkedin.com/posts/amara-n_hello-ugcPost-${N}-x1Y2`, 'ugcPost'],
    [`https://www.linkedin.com/posts/amara-n_activity-${N}-Br-h`, 'activity'],
    [`https://www.linkedin.com/posts/amara-n_amara_coffee_activity-${N}-OSGO?utm_source=share`, 'activity'],
    [`https://www.linkedin.com/feed/update/urn:li:ugcpost:${N}`, 'ugcPost'],
    [`https://www.linkedin.com/posts/amara-n_za%C5%BC%C3%B3%C5%82%C4%87-activity-${N}-x1Y2`, 'activity'],
    [
      `https://www.linkedin.com/feed/update/urn:li:activity:${N}?commentUrn=urn%3Ali%3Acomment%3A%28activity%3A1%2C2%29`,
      'activity',
    ],
  ])('is read: %s', (link, kind) => {
    expect(idOf(link, linkedin)).toEqual({ externalId: `urn:li:${kind}:${N}` });
  });

  it.each([
    'https://www.linkedin.com/',
    'https://www.linkedin.com/in/amara-n/',
    'https://www.linkedin.com/feed/',
    `https://www.linkedin.com/posts/amara-n_market-share-5-tips`,
    `https://www.linkedin.com/feed/update/urn:li:comment:${N}`,
    `https://www.linkedin.com/search/?q=urn:li:share:${N}`,
    'https://www.linkedin.com/feed/update/urn:li:share:0',
    'https://www.linkedin.com/feed/update/%E0%A4%A',
  ])('is refused when it shows no post: %s', (link) => {
    expect(problemOf(link, linkedin)).toMatch(/does not show which post.*Copy link to post/);
  });
});

describe('a link to a post on Facebook', () => {
  it.each([
    [`https://www.facebook.com/${PAGE}/posts/999`, `${PAGE}_999`],
    [`https://www.facebook.com/${PAGE}_999`, `${PAGE}_999`],
    [`https://m.facebook.com/${PAGE}/posts/${PAGE}_999/`, `${PAGE}_999`],
    ['https://www.facebook.com/ourpage/posts/999?__cft__[0]=a', `${PAGE}_999`],
    ['https://www.facebook.com/ourpage/posts/some-words/999/', `${PAGE}_999`],
    [`https://www.facebook.com/permalink.php?story_fbid=999&id=${PAGE}`, `${PAGE}_999`],
    [`https://m.facebook.com/story.php?id=${PAGE}&story_fbid=999`, `${PAGE}_999`],
    ['https://www.facebook.com/permalink.php?story_fbid=999&id=61550000000000', `${PAGE}_999`],
    [`https://www.facebook.com/ourpage/posts/${PFBID}?rdid=x#`, PFBID],
    [`https://www.facebook.com/permalink.php?story_fbid=${PFBID}&id=${PAGE}`, PFBID],
    ['https://www.facebook.com/photo/?fbid=777&set=a.1', '777'],
    ['https://www.facebook.com/photo.php?fbid=777', '777'],
    ['https://www.facebook.com/ourpage/photos/a.1.2/777/?type=3', '777'],
    ['https://www.facebook.com/reel/777', '777'],
    ['https://www.facebook.com/ourpage/videos/777/', '777'],
    ['https://www.facebook.com/watch/?v=777', '777'],
    ['https://fb.com/ourpage/posts/999', `${PAGE}_999`],
  ])('is read: %s', (link, externalId) => {
    expect(idOf(link, facebook)).toEqual({ externalId });
  });

  it.each([
    'https://www.facebook.com/102000000000000/posts/999',
    'https://www.facebook.com/102000000000000_999',
    'https://www.facebook.com/permalink.php?story_fbid=999&id=102000000000000',
    `https://www.facebook.com/${PAGE}/posts/102000000000000_999`,
    'https://www.facebook.com/102000000000000/photos/777/',
  ])('is refused when it is of another Page: %s', (link) => {
    expect(problemOf(link, facebook)).toMatch(/post of the Page 102000000000000.*Our Page/);
  });

  it.each([
    'https://www.facebook.com/',
    'https://www.facebook.com/ourpage',
    `https://www.facebook.com/${PAGE}`,
    'https://www.facebook.com/ourpage/posts/',
    'https://www.facebook.com/share/p/1AbCdEfGh/',
    'https://www.facebook.com/groups/1/posts/2/',
    'https://www.facebook.com/permalink.php?story_fbid=999',
    'https://www.facebook.com/reel/',
  ])('is refused when it shows no post: %s', (link) => {
    expect(problemOf(link, facebook)).toMatch(/does not show which post.*short link.*opened first/);
  });
});

describe('a link to a post on X', () => {
  it.each([
    'https://x.com/amara_n/status/1445880548472328192',
    'https://x.com/Amara_N/status/1445880548472328192?s=20&t=abc',
    'https://twitter.com/amara_n/status/1445880548472328192/photo/1',
    'https://mobile.twitter.com/amara_n/statuses/1445880548472328192',
    'https://x.com/i/status/1445880548472328192',
    'https://x.com/i/web/status/1445880548472328192',
  ])('is read: %s', (link) => {
    expect(idOf(link, x)).toEqual({ externalId: '1445880548472328192' });
  });

  it('is refused when it is of another account, unless nobody knows the name of ours', () => {
    const link = 'https://x.com/somebody/status/1445880548472328192';
    expect(problemOf(link, x)).toMatch(/post of @somebody.*Amara \(@amara_n\), which is @amara_n.*Reconnect/);
    expect(idOf(link, { ...x, profileUrl: null })).toEqual({ externalId: '1445880548472328192' });
  });

  it.each([
    'https://x.com/',
    'https://x.com/amara_n',
    'https://x.com/amara_n/status/',
    'https://x.com/amara_n/status/abc',
    'https://x.com/search?q=/amara_n/status/1',
  ])('is refused when it shows no post: %s', (link) => {
    expect(problemOf(link, x)).toMatch(/does not show which post.*\/status\//);
  });
});

describe('a link to somewhere else', () => {
  it.each([
    [`https://www.facebook.com/${PAGE}/posts/999`, linkedin, 'LinkedIn'],
    [`https://www.linkedin.com/feed/update/urn:li:share:${N}/`, facebook, 'Facebook'],
    [`https://www.linkedin.com/feed/update/urn:li:share:${N}/`, x, 'X'],
    [`https://linkedin.com.example.com/feed/update/urn:li:share:${N}/`, linkedin, 'LinkedIn'],
    [`https://notlinkedin.com/feed/update/urn:li:share:${N}/`, linkedin, 'LinkedIn'],
    [`https://www.linkedin.com:8443/feed/update/urn:li:share:${N}/`, linkedin, 'LinkedIn'],
    ['https://t.co/abc', x, 'X'],
    ['https://fb.me/abc', facebook, 'Facebook'],
    ['https://lnkd.in/abc', linkedin, 'LinkedIn'],
  ])('is refused: %s', (link, account, label) => {
    expect(problemOf(link, account)).toContain(`no address of ${label}`);
  });

  it.each([
    '',
    'it is there',
    'urn:li:share:1',
    'javascript:alert(1)',
    `https://a:b@x.com/i/status/1`,
    'https://x.com/i/ status/1',
  ])('is no link: "%s"', (link) => {
    expect(problemOf(link, x)).toContain('Paste the full link');
  });
});

describe('while the sandbox answers', () => {
  const SANDBOX = 'http://localhost:3001/x/i/oauth2/authorize';
  it.each([
    ['http://localhost:3001/x#1445880548472328192', x, '1445880548472328192'],
    [`http://localhost:3001/#urn:li:share:${N}`, linkedin, `urn:li:share:${N}`],
    [`http://localhost:3001/facebook#${PAGE}_999`, facebook, `${PAGE}_999`],
    [`https://www.linkedin.com/feed/update/urn:li:share:${N}/`, linkedin, `urn:li:share:${N}`],
  ])('the place of a post in its feed is a link to it: %s', (link, account, externalId) => {
    expect(readLiveLink(link, account, SANDBOX)).toEqual({ externalId });
  });

  it('its feed alone shows no post, a mark of another Page is refused, and without a sandbox it is no address of the platform', () => {
    expect(readLiveLink('http://localhost:3001/x', x, SANDBOX)).toMatchObject({
      problem: expect.stringContaining('which post'),
    });
    expect(readLiveLink('http://localhost:3001/facebook#1_2', facebook, SANDBOX)).toMatchObject({
      problem: expect.stringContaining('Page 1'),
    });
    expect(readLiveLink('http://127.0.0.1:3001/x#1', x, null)).toMatchObject({
      problem: expect.stringContaining('no address of X'),
    });
  });
});
