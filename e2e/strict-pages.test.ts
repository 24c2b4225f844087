/**
 * Every page, in a real browser that has the content policy in force: none breaks it, none asks another host for anything,
 * and two-step sign-in is set up and used on the way.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticatorCode } from '../src/testing/authenticator.ts';
import { ApiClient } from './api-client.ts';
import { field, newVisit, openBrowser, press, seeText, type Visit } from './browser.ts';
import { type RunningProduct, SUPERUSER, startProduct } from './running-product.ts';

const shots = join(import.meta.dirname, 'screenshots');
const api = '/admin/api/resources';

declare global {
  interface Window {
    policyViolations?: string[];
  }
}

let product: RunningProduct;
let browser: Browser;
let visit: Visit;
/** What each kind of page is asked about. */
const ids: Record<string, string> = {};
let teamId: string;
let leaverId: string;
/** Addresses on other hosts that a page asked for. */
const strangers: string[] = [];

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  [product, browser] = await Promise.all([startProduct(), openBrowser()]);
  await prepare(new ApiClient(product.url));
  visit = await newVisit(browser);
  await watch(visit.page);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await product?.stop();
});

/** Something to look at on every page. */
async function prepare(ann: ApiClient): Promise<void> {
  await ann.signIn(SUPERUSER.email, SUPERUSER.password);
  const idOf = (answer: { json: unknown }) => (answer.json as { record: { params: { id: string } } }).record.params.id;
  const first = async (resource: string) =>
    ((await ann.get(`${api}/${resource}/actions/list`)).json as { records: { id: string }[] }).records[0]?.id ?? '';
  teamId = await first('Team');
  await ann.consent(`/connect/linkedin?team=${teamId}`, 'amara.okafor@example.com');
  const account = await first('ConnectedAccount');
  const written = { text: 'A post with "quotes" & <b>markup</b>', accounts: [account] };
  const post = idOf(await ann.postJson(`${api}/Post/actions/new`, written));
  await ann.postJson(`${api}/Post/records/${post}/publishNow`, {});
  // Before the hold below keeps it from being sent.
  while ((await first('PublishAttempt')) === '') await new Promise((resolve) => setTimeout(resolve, 100));
  await ann.postJson(`${api}/Hold/actions/new`, { scope: 'team', team: teamId, reason: 'Trying the brake' });
  await ann.postJson(`${api}/Team/records/${teamId}/invite`, { email: 'nia@example.com', role: 'approver' });
  // Somebody who was here, wrote, connected, and left.
  const leaver = { email: 'lea@example.com', name: 'Lea Veron', password: 'a long password for tests' };
  leaverId = idOf(await ann.postJson(`${api}/User/actions/new`, leaver));
  await ann.postJson(`${api}/Membership/actions/new`, { user: leaverId, team: teamId, role: 'author' });
  const stay = { email: 'ben@example.com', name: 'Ben Stay', password: 'a long password for tests' };
  const stayId = idOf(await ann.postJson(`${api}/User/actions/new`, stay));
  await ann.postJson(`${api}/Membership/actions/new`, { user: stayId, team: teamId, role: 'author' });
  const lea = new ApiClient(product.url);
  await lea.signIn(leaver.email, leaver.password);
  await lea.consent(`/connect/linkedin?team=${teamId}`, 'mei.tanaka@example.com');
  await lea.postJson(`${api}/Post/actions/new`, { text: 'Not finished' });
  await ann.postJson(`${api}/User/records/${leaverId}/edit`, { isActive: false });
  for (const resource of ['Publication', 'PublishAttempt', 'Membership', 'User', 'AuditEvent', 'Hold'])
    ids[resource] = await first(resource);
  Object.assign(ids, { Post: post, ConnectedAccount: account, Team: teamId });
}

async function watch(page: Page): Promise<void> {
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'about:' && origin !== product.url) strangers.push(request.url());
  });
  await page.evaluateOnNewDocument(() => {
    window.policyViolations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.policyViolations?.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`);
    });
  });
}

/** Opens a page and lets it finish loading. @returns what it did against its policy */
async function open(path: string): Promise<string[]> {
  await visit.page.goto(product.url + path, { waitUntil: 'networkidle0' });
  return visit.page.evaluate(() => window.policyViolations ?? ['the page did not run our listener']);
}

const shot = (name: string) =>
  visit.page.screenshot({ path: join(shots, `${name}.png`) as `${string}.png`, fullPage: true });
const submit = async () => {
  await Promise.all([visit.page.waitForNavigation(), visit.page.click('main button[type="submit"]')]);
};

it('signs in on a page that breaks no rule', async () => {
  expect(await open('/login')).toEqual([]);
  await (await field(visit.page, 'E-mail')).type(SUPERUSER.email);
  await (await field(visit.page, 'Password')).type(SUPERUSER.password);
  await submit();
  await seeText(visit.page, 'Recently published');
});

describe('no page breaks the content policy', () => {
  const RESOURCES = [
    'Post',
    'Publication',
    'PublishAttempt',
    'ConnectedAccount',
    'Team',
    'Membership',
    'User',
    'AuditEvent',
    'Hold',
  ];
  it.each(['/admin', '/logout', '/account', '/account/second-factor', '/nothing', '/admin/resources/Nope'])(
    '%s',
    async (path) => {
      expect(await open(path)).toEqual([]);
    },
  );

  it.each(RESOURCES)('the list and a page of %s', async (resource) => {
    expect(await open(`/admin/resources/${resource}`)).toEqual([]);
    expect(ids[resource]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await open(`/admin/resources/${resource}/records/${ids[resource]}/show`)).toEqual([]);
    expect(await visit.page.$('main.ss-page h1')).not.toBeNull();
  });

  it.each(['Post', 'Team', 'Membership', 'User', 'Hold'])('the form for a new %s', async (resource) => {
    expect(await open(`/admin/resources/${resource}/actions/new`)).toEqual([]);
    expect(await visit.page.$('form')).not.toBeNull();
  });
});

describe('people, in the browser', () => {
  it('a superuser invites somebody into a team and sees the link once', async () => {
    await open(`/admin/resources/Team/records/${teamId}/show`);
    await seeText(visit.page, 'nia@example.com');
    await (await field(visit.page, 'E-mail address')).type('zoe@example.com');
    await visit.page.click('[data-testid="invite"]');
    await seeText(visit.page, 'Give this link to zoe@example.com');
    expect(await visit.page.$eval('input[readonly]', (input) => input.value)).toMatch(/\/invitations\/[\w-]{43}$/);
    await shot('team-invitations');
    await open(`/admin/resources/Team/records/${teamId}/show`);
    expect(await visit.page.$('input[readonly]')).toBeNull();
    await seeText(visit.page, 'zoe@example.com');
  });

  it('is told who left work behind, and hands it over', async () => {
    await open('/admin');
    await seeText(visit.page, 'Lea Veron is deactivated and has work left');
    await shot('dashboard-hand-over');
    await press(visit.page, 'Hand it over to a colleague');
    await seeText(visit.page, 'Accounts that hang on this person');
    await shot('person-hand-over');
    await press(visit.page, 'one post');
    await seeText(visit.page, 'Not finished');
    await shot('posts-to-hand-over');
    await visit.page.goBack();
    await seeText(visit.page, 'Accounts that hang on this person');
    const choice = await field(visit.page, 'Who takes over');
    const ben = await visit.page.$$eval(
      'option',
      (all) => all.find((one) => one.textContent === 'Ben Stay')?.value ?? '',
    );
    await choice.select(ben);
    await visit.page.click('[data-testid="hand-over"]');
    await seeText(visit.page, 'Hand over to Ben Stay?');
    await shot('person-hand-over-question');
    await visit.page.click('[data-testid="dialog-confirm"]');
    await seeText(visit.page, 'Ben Stay takes over one post and one account.');
    await open(`/admin/resources/User/records/${leaverId}/show`);
    expect(await visit.page.$('[data-testid="hand-over"]')).toBeNull();
  });
});

it('two-step sign-in is set up with the picture and used at the next sign-in', async () => {
  const { page } = visit;
  await open('/admin');
  await (await page.waitForSelector('summary[aria-label^="Signed in"]'))?.click();
  await shot('person-menu');
  await Promise.all([page.waitForNavigation(), page.click('[data-testid="sign-in-and-security"]')]);
  await shot('account');
  await Promise.all([page.waitForNavigation(), press(page, 'Set it up')]);
  await (await field(page, 'Your password')).type(SUPERUSER.password);
  await shot('second-factor-start');
  await submit();
  expect(await page.evaluate(() => window.policyViolations)).toEqual([]);
  await shot('second-factor-enrol');
  const secret = await page.$eval('code.key', (code) => code.textContent);
  await (await field(page, 'The code your app shows')).type(authenticatorCode(secret, new Date()));
  await submit();
  await seeText(page, 'Keep these recovery codes');
  expect(await page.evaluate(() => window.policyViolations)).toEqual([]);
  const recovery = await page.$eval('ol.codes code', (code) => code.textContent);
  await shot('recovery-codes');
  await Promise.all([page.waitForNavigation(), press(page, 'I have kept them')]);
  await shot('account-with-second-factor');
  await open('/account/second-factor');
  await shot('second-factor-manage');

  await open('/logout');
  await submit();
  await (await field(page, 'E-mail')).type(SUPERUSER.email);
  await (await field(page, 'Password')).type(SUPERUSER.password);
  await submit();
  await seeText(page, 'Second step');
  await (await field(page, 'Code')).type('000000');
  await submit();
  await seeText(page, 'This code is wrong');
  await shot('second-step');
  await (await field(page, 'Code')).type(recovery);
  await submit();
  await seeText(page, '7 recovery codes are left');
  expect(await page.evaluate(() => window.policyViolations)).toEqual([]);
});

it('on a small screen the page of one’s sessions fits', async () => {
  await visit.page.setViewport({ width: 360, height: 740 });
  await open('/account');
  expect(await visit.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await shot('account-small');
  await open(`/admin/resources/Team/records/${teamId}/show`);
  expect(await visit.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await shot('team-small');
});

it('nothing was asked of another host, and the console complained only about what was refused on purpose', () => {
  expect(strangers).toEqual([]);
  const expected = /status of (?:400|401|404)/;
  expect(visit.complaints.filter((line) => !expected.test(line))).toEqual([]);
});
