/** A newcomer's first quarter of an hour, in a real browser: set up, connect, write, schedule, see it published. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { field, newVisit, openBrowser, press, seeText, type Visit } from './browser.ts';
import { type RunningProduct, startProduct } from './running-product.ts';

const shots = join(import.meta.dirname, 'screenshots');
let product: RunningProduct;
let browser: Browser;
let visit: Visit;

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  [product, browser] = await Promise.all([
    startProduct({ SUPERUSER_EMAIL: '', SUPERUSER_PASSWORD: '' }),
    openBrowser(),
  ]);
  visit = await newVisit(browser);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await product?.stop();
});

const shot = (name: string) =>
  visit.page.screenshot({ path: join(shots, `${name}.png`) as `${string}.png`, fullPage: true });

it('sets up the first superuser through the printed link', async () => {
  const { page } = visit;
  const link = /Set up\s+(\S+)/.exec(product.output())?.[1] ?? '';
  await page.goto(link);
  await (await field(page, 'Your name')).type('Ann Example');
  await (await field(page, 'E-mail')).type('ann@example.com');
  await (await field(page, 'Password')).type('correct horse battery');
  await shot('1-set-up');
  await Promise.all([page.waitForNavigation(), page.click('main button[type="submit"], form button')]);
  await seeText(page, 'Connect LinkedIn');
  expect(page.url()).toBe(`${product.url}/admin`);
  await shot('2-empty-dashboard');
});

it('connects a LinkedIn account by consenting at the sandbox', async () => {
  const { page } = visit;
  await page.click('[data-testid="connect-linkedin"]');
  await seeText(page, 'Who are you?');
  await shot('3-consent');
  await Promise.all([page.waitForNavigation(), page.click('button[value="allow"]')]);
  await seeText(page, 'Amara Okafor');
  expect(page.url()).toContain('/admin/resources/ConnectedAccount');
  await shot('4-accounts');
});

it('keeps what was typed when something is wrong with it', async () => {
  const { page } = visit;
  await page.goto(`${product.url}/admin/resources/Post/actions/new`);
  await (await field(page, 'Text')).type('Our first post, written in a browser. 🎉');
  await (await field(page, 'Link')).type('not a link');
  await press(page, 'Save draft');
  await seeText(page, 'A link must be a full web address');
  expect(await page.$eval('textarea', (area) => area.value)).toBe('Our first post, written in a browser. 🎉');
  await shot('5-composer-with-error');
});

it('schedules the post and sees it published at its time', async () => {
  const { page } = visit;
  const link = await field(page, 'Link');
  await link.evaluate((input) => input.select());
  await link.type('https://example.com/launch');
  await page.click('input[type="checkbox"]');
  // The form knows minutes: the next full one that is still a little ahead.
  const due = new Date(Math.ceil((Date.now() + 4_000) / 60_000) * 60_000);
  await setDateTime(due);
  await shot('6-composer');
  await press(page, 'Save and schedule');
  await page.waitForFunction(() => /\/records\/[0-9a-f-]{36}\/show/.test(location.pathname), { timeout: 10_000 });
  await seeText(page, 'Scheduled');
  await shot('7-scheduled');

  await seeText(page, 'Published', due.getTime() - Date.now() + 20_000);
  await shot('8-published');
  const ledger = (await (await fetch(`${product.sandboxUrl}/sandbox/ledger?platform=linkedin`)).json()) as {
    entries: { text: string; receivedAt: string }[];
  };
  expect(ledger.entries.map((entry) => entry.text)).toEqual(['Our first post, written in a browser. 🎉']);
  const lateMs = Date.parse(ledger.entries[0]?.receivedAt ?? '') - due.getTime();
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThan(5_000);

  /** Through the browser's own setter, as a date picker does it: typing depends on the browser's language. */
  async function setDateTime(at: Date): Promise<void> {
    const wallClock = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'Europe/Warsaw',
      dateStyle: 'short',
      timeStyle: 'short',
    })
      .format(at)
      .replace(' ', 'T');
    await page.select('select[name="timeZone"]', 'Europe/Warsaw');
    await page.$eval(
      'input[type="datetime-local"]',
      (input, value) => {
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, value);
        input.dispatchEvent(new Event('input', { bubbles: true }));
      },
      wallClock,
    );
  }
}, 120_000);

it('cannot edit what is published, and finds it on the sandbox’s feed', async () => {
  const { page } = visit;
  expect(await page.$$eval('button, a', (all) => all.map((one) => one.textContent?.trim()))).not.toContain('Edit');
  await page.goto(product.url);
  await seeText(page, 'Recently published');
  await shot('9-dashboard');
  await page.goto(product.sandboxUrl);
  await seeText(page, 'Our first post, written in a browser.');
  await shot('10-feed');
});

it('signs out', async () => {
  const { page } = visit;
  await page.goto(`${product.url}/admin`);
  await (await page.waitForSelector('summary[aria-label^="Signed in"]'))?.click();
  await press(page, 'Sign out');
  await page.waitForFunction(() => location.pathname === '/login');
});

it('never made the browser’s console complain', () => {
  expect(visit.complaints).toEqual([]);
});
