/** The screens of what did not go as it should, as each kind of person sees them: holds, the audit, unknown outcomes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiClient } from './api-client.ts';
import { newVisit, openBrowser, type Visit } from './browser.ts';
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
  for (const { id, params } of await list(ann, 'ConnectedAccount')) accounts[String(params.platform)] = id;
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
  await page(person).goto(`${product.url}/admin/resources/${path}`, { waitUntil: 'networkidle0' });
  return text(person);
}
/** Nothing when the page broke down. */
const text = (person: string) => page(person).evaluate(() => document.querySelector('main#content')?.textContent ?? '');
const shot = (person: string, name: string) =>
  page(person).screenshot({ path: join(shots, `trouble-${name}.png`) as `${string}.png`, fullPage: true });

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
