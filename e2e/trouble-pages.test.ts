/** The screens of what did not go as it should, as each kind of person sees them: holds, the audit, unknown outcomes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiClient } from './api-client.ts';
import { newVisit, openBrowser, seeText, type Visit } from './browser.ts';
import { type RunningProduct, SUPERUSER, startProduct } from './running-product.ts';

const shots = join(import.meta.dirname, 'screenshots');
const api = '/admin/api/resources';
const PASSWORD = 'a long password for tests';
const listAnswer = z.object({
  records: z.array(z.object({ id: z.string(), params: z.record(z.string(), z.unknown()) })),
});
const recordAnswer = z.object({ record: z.object({ params: z.looseObject({ id: z.string() }) }) });
const ROLES = ['manager', 'author', 'approver'] as const;

let product: RunningProduct;
let browser: Browser;
let ann: ApiClient;
let teamId: string;
/** The LinkedIn member's, which cannot be looked up, and the Page's, which can. */
const accounts: Record<string, string> = {};
/** The ids on the platform. */
const outside: Record<string, string> = {};
const clients: Record<string, ApiClient> = {};
const visits: Record<string, Visit> = {};

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  [product, browser] = await Promise.all([startProduct(), openBrowser()]);
  ann = new ApiClient(product.url);
  await ann.signIn(SUPERUSER.email, SUPERUSER.password);
  teamId = (await list(ann, 'Team'))[0]?.id ?? '';
  await ann.consent(`/connect/linkedin?team=${teamId}`, 'amara.okafor@example.com');
  for (const role of ROLES) {
    const email = `${role}@example.com`;
    const user = await create(ann, 'User', { email, name: `The ${role}`, password: PASSWORD });
    await create(ann, 'Membership', { user, team: teamId, role });
    clients[role] = new ApiClient(product.url);
    await clients[role].signIn(email, PASSWORD);
    visits[role] = await signedIn(email, PASSWORD);
  }
  visits.superuser = await signedIn(SUPERUSER.email, SUPERUSER.password);
  await open('superuser', 'ConnectedAccount');
  await page('superuser').click('[data-testid="connect-facebook"]');
  await page('superuser').waitForSelector('button[value="allow"]');
  await Promise.all([page('superuser').waitForNavigation(), page('superuser').click('button[value="allow"]')]);
  for (const { id, params } of await list(ann, 'ConnectedAccount')) {
    accounts[String(params.platform)] = id;
    outside[String(params.platform)] = String(params.externalId);
  }
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await product?.stop();
});

async function list(person: ApiClient, resource: string, query = '') {
  return listAnswer.parse((await person.get(`${api}/${resource}/actions/list${query}`)).json).records;
}

async function create(person: ApiClient, resource: string, values: Record<string, unknown>): Promise<string> {
  const answer = await person.postJson(`${api}/${resource}/actions/new`, values);
  return recordAnswer.parse(answer.json).record.params.id;
}

async function signedIn(email: string, password: string): Promise<Visit> {
  const visit = await newVisit(browser, { width: 1280, height: 900 });
  await visit.page.goto(`${product.url}/login`);
  await visit.page.type('input[name=email]', email);
  await visit.page.type('input[name=password]', password);
  await Promise.all([visit.page.waitForNavigation(), visit.page.click('form button[type=submit]')]);
  return visit;
}

const client = (person: string) => clients[person] ?? ann;
function page(person: string): Page {
  const visit = visits[person];
  if (visit === undefined) throw new Error(`nobody is called ${person}`);
  return visit.page;
}
async function open(person: string, path: string): Promise<string> {
  // A page in the background does not refresh itself.
  await page(person).bringToFront();
  await page(person).goto(`${product.url}/admin/resources/${path}`, { waitUntil: 'networkidle0' });
  return text(person);
}
/** Nothing when the page broke down. */
const text = (person: string) => page(person).evaluate(() => document.querySelector('main#content')?.textContent ?? '');
const shot = (person: string, name: string) =>
  page(person).screenshot({ path: join(shots, `trouble-${name}.png`) as `${string}.png`, fullPage: true });

/** Publishes so that nobody knows the outcome. @returns the publication */
async function unconfirmed(platform: 'linkedin' | 'facebook', words: string): Promise<string> {
  const account = platform === 'linkedin' ? `urn:li:person:${outside.linkedin}` : outside.facebook;
  const fault = platform === 'linkedin' ? 'reset after' : '500 before';
  const answer = await fetch(`${product.sandboxUrl}/sandbox/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: product.sandboxUrl },
    body: JSON.stringify({ platform, account, fault, times: 1 }),
  });
  expect(answer.ok, await answer.text()).toBe(true);
  const post = await create(client('author'), 'Post', { text: words, accounts: [accounts[platform]] });
  await client('author').postJson(`${api}/Post/records/${post}/publishNow`, {});
  for (let tries = 0; tries < 200; tries++) {
    const [publication] = await list(client('author'), 'Publication', `?filters.post=${post}`);
    if (publication?.params.status === 'unconfirmed') return publication.id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`"${words}" did not become unconfirmed`);
}

describe('a list on which some of the people are not visible to the reader', () => {
  beforeAll(async () => {
    // A superuser of no team, whom nobody in one may look up.
    const root = { email: 'root@example.com', name: 'Root', password: PASSWORD, isSuperuser: true };
    await create(ann, 'User', root);
    const stranger = new ApiClient(product.url);
    await stranger.signIn(root.email, PASSWORD);
    await create(stranger, 'Hold', { scope: 'account', account: accounts.linkedin, reason: 'By the superuser' });
    await create(client('manager'), 'Hold', { scope: 'account', account: accounts.linkedin, reason: 'By the manager' });
  });
  afterAll(async () => {
    for (const { id } of await list(ann, 'Hold')) await ann.postJson(`${api}/Hold/records/${id}/release`, {});
  });

  it.each(ROLES)('names, to the %s, those of the holds who are, and says so of the others', async (role) => {
    const shown = await open(role, 'Hold');
    await shot(role, `holds-${role}`);
    expect(shown).toContain('By the manager');
    expect(shown).toContain('By the superuser');
    expect(shown).toContain('The manager');
    expect(shown).toContain('not visible to you');
  });

  it('so does the audit log of a manager', async () => {
    const shown = await open('manager', 'AuditEvent');
    await shot('manager', 'audit-manager');
    expect(shown).toContain('The manager');
    expect(shown).toContain('not visible to you');
  });
});

describe('the question about an unknown outcome', () => {
  const REASON = 'textarea[name=reason]';
  const choose = async (person: string, answer: string) =>
    (await page(person).waitForSelector(`::-p-xpath(//label[starts-with(normalize-space(.), "${answer}")])`))?.click();

  it('says of a LinkedIn member that nobody looks, and is taken away when somebody else has answered', async () => {
    const id = await unconfirmed('linkedin', 'Answered by another');
    const shown = await open('author', `Publication/records/${id}/show`);
    expect(shown).toContain('LinkedIn does not let us look at a member’s posts.');
    await page('author').type(REASON, 'I am still looking');
    await shot('author', 'unconfirmed-member');
    await client('manager').postJson(`${api}/Publication/records/${id}/resolve`, {
      resolution: 'abandon',
      reason: 'Not needed any more',
    });
    await seeText(page('author'), 'This has been answered meanwhile. It is now: Cancelled');
    expect(await page('author').$(REASON)).toBeNull();
    await shot('author', 'answered-meanwhile');
  });

  it('is taken away as well from who answers before the page knew', async () => {
    const id = await unconfirmed('linkedin', 'Two answers');
    await open('author', `Publication/records/${id}/show`);
    await page('author').type(REASON, 'It is not there');
    await choose('author', 'It is not there');
    await client('manager').postJson(`${api}/Publication/records/${id}/resolve`, {
      resolution: 'abandon',
      reason: 'x',
    });
    await page('author').click('[data-testid="button-resolve"]');
    await seeText(page('author'), 'This has been answered meanwhile. It is now: Cancelled', 2_000);
    expect(await text('author')).not.toContain('Was it published?');
  });

  it('says of a Page how often we looked, and keeps what is being typed', async () => {
    const id = await unconfirmed('facebook', 'Looked for');
    const shown = await open('author', `Publication/records/${id}/show`);
    expect(shown).toMatch(/We also look for it on the account ourselves|We looked for it on the account once/);
    await page('author').type(REASON, 'I am still looking');
    await shot('author', 'unconfirmed-page-first');
    await seeText(page('author'), 'We looked for it on the account 2 times', 40_000);
    expect(await page('author').$eval(REASON, (area) => (area as HTMLTextAreaElement).value)).toBe(
      'I am still looking',
    );
    expect(await text('author')).toMatch(/We look again .+, and go on looking for a day/);
    await shot('author', 'unconfirmed-page');
  }, 90_000);
});

it('the answer for many lists what is answered', async () => {
  await unconfirmed('linkedin', 'One of many');
  await open('author', 'Publication?filters.status=unconfirmed');
  await page('author').click('thead input[type=checkbox]');
  await page('author').click('[data-testid="action-resolveMany"]');
  await page('author').waitForSelector('dialog[open]');
  const shown = await page('author').$eval('dialog[open]', (dialog) => dialog.textContent);
  expect(shown).toMatch(/One of many.+Amara Okafor · sent .+Open the account/);
  await shot('author', 'many');
});

it('the audit log says which answer was given about which post, in words', async () => {
  const shown = await open('manager', 'AuditEvent?filters.action=publication.resolved');
  expect(shown).toContain('Given up: “Answered by another” · Amara Okafor (LinkedIn) · Not needed any more');
  expect(shown).toContain('Unconfirmed publication resolved');
  await shot('manager', 'audit-resolved');
});

it('the form of a hold offers a manager what a manager may hold, and tells accounts apart', async () => {
  await open('manager', 'Hold/actions/new');
  await seeText(page('manager'), 'Amara Okafor (LinkedIn)');
  const offered = (name: string) =>
    page('manager').$$eval(`select[name=${name}] option`, (all) => all.map((one) => one.textContent));
  expect(await offered('scope')).toEqual(['A team', 'An account']);
  expect(await offered('account')).toEqual([
    'Choose…',
    'Amara Okafor (LinkedIn)',
    'Northwind Coffee Roasters (Facebook)',
  ]);
  await shot('manager', 'hold-form');
});

it('the dialog for releasing a hold closes when somebody else has released it, and the page says so', async () => {
  const hold = { scope: 'account', account: accounts.facebook, reason: 'Released twice' };
  const id = await create(ann, 'Hold', hold);
  await open('manager', `Hold/records/${id}/show`);
  await page('manager').click('[data-testid="release-hold"]');
  await page('manager').waitForSelector('dialog[open]');
  await ann.postJson(`${api}/Hold/records/${id}/release`, {});
  await page('manager').click('[data-testid="dialog-confirm"]');
  await seeText(page('manager'), 'This hold has been released already.');
  await page('manager').waitForFunction(
    () => document.querySelector('dialog[open], [data-testid="release-hold"], [data-testid="action-release"]') === null,
    { timeout: 5_000 },
  );
});
