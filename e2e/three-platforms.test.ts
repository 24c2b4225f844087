/** One post on three platforms, by a newcomer who has set no variable: everything in a real browser, as it is started. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, ElementHandle } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { picture } from '../src/testing/drawn-images.ts';
import { field, newVisit, openBrowser, press, seeText, type Visit } from './browser.ts';
import { type RunningProduct, startProduct } from './running-product.ts';

const shots = join(import.meta.dirname, 'screenshots');
const TEXT = 'Our new roast is here: Q&A on Friday at 5 > 4, come <early>. #coffee';
const TEXT_ON_X = 'New roast & Q&A on Friday. #coffee';
const ledger = z.object({
  entries: z.array(
    z.object({
      platform: z.string(),
      accountName: z.string(),
      text: z.string(),
      images: z.array(z.object({ url: z.string(), altText: z.string() })),
    }),
  ),
});

let product: RunningProduct;
let browser: Browser;
let visit: Visit;
let files: string;

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  files = mkdtempSync(join(tmpdir(), 'three-platforms-'));
  writeFileSync(join(files, 'roast.png'), await picture(1200, 800).png().toBuffer());
  writeFileSync(join(files, 'strip.png'), await picture(1200, 300).png().toBuffer());
  [product, browser] = await Promise.all([
    startProduct({ SUPERUSER_EMAIL: '', SUPERUSER_PASSWORD: '' }),
    openBrowser(),
  ]);
  visit = await newVisit(browser, { width: 1440, height: 1500 });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await product?.stop();
  rmSync(files, { recursive: true, force: true });
});

const shot = (name: string) =>
  visit.page.screenshot({ path: join(shots, `three-${name}.png`) as `${string}.png`, fullPage: true });

it('lets the first superuser in', async () => {
  const { page } = visit;
  await page.goto(/Set up\s+(\S+)/.exec(product.output())?.[1] ?? '');
  await (await field(page, 'Your name')).type('Ann Example');
  await (await field(page, 'E-mail')).type('ann@example.com');
  await (await field(page, 'Password')).type('correct horse battery');
  await Promise.all([page.waitForNavigation(), page.click('form button[type="submit"]')]);
  await seeText(page, 'Connect LinkedIn');
  await shot('1-empty-dashboard');
});

it.each([
  ['linkedin', 'Who are you?', 'Amara Okafor'],
  ['facebook', 'Connect your Facebook Pages', 'Northwind Coffee Roasters'],
  ['x', 'Connect your X account', 'Amara Okafor (@amara_okafor)'],
])('connects an account on %s from the page of the accounts', async (platform, heading, account) => {
  const { page } = visit;
  await page.goto(`${product.url}/admin/resources/ConnectedAccount`);
  await (await page.waitForSelector(`[data-testid="connect-${platform}"]`))?.click();
  await page.waitForSelector('button[value="allow"]');
  await shot(`2-consent-${platform}`);
  await seeText(page, heading);
  await Promise.all([page.waitForNavigation(), page.click('button[value="allow"]')]);
  await seeText(page, account);
  expect(page.url()).toContain('/admin/resources/ConnectedAccount');
});

it('shows all three, each with its platform', async () => {
  const { page } = visit;
  await page.goto(`${product.url}/admin/resources/ConnectedAccount`);
  await seeText(page, 'Northwind Coffee Roasters');
  await seeText(page, '@amara_okafor');
  const ends = await page.$$eval('tbody tr', (all) => all.map((row) => row.lastElementChild?.textContent ?? ''));
  expect(ends).toEqual([
    expect.stringContaining('in 2 months'),
    'renews itself',
    expect.stringContaining('in 3 months'),
  ]);
  await page.waitForSelector('[data-testid="connect-x"]');
  await shot('3-accounts');
});

it('says, before anything is saved, what is too long, what will be cropped and what will not be linked, and where', async () => {
  const { page } = visit;
  await page.goto(`${product.url}/admin/resources/Post/actions/new`);
  await (await field(page, 'Text')).type('x'.repeat(281));
  await (await field(page, 'Link')).type('https://example.com/page?');
  await page.waitForSelector('input[name="accounts"]');
  for (const box of await page.$$('input[name="accounts"]')) await box.click();
  const input = (await page.waitForSelector('input[type="file"]')) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(join(files, 'strip.png'));
  await seeText(page, 'Too long for X only? Tick “Different text”');
  await seeText(page, 'The image (1200 × 300) is too wide for the feeds of LinkedIn, X and Facebook');
  await seeText(page, 'X would link only “https://example.com/page” of this address.');
  expect(await page.$('.ss-error')).toBeNull();
  const previews = await page.$$eval('.ss-preview-text', (all) =>
    all.map((one) => one.textContent.replace(/^x+\s+/, '')),
  );
  // Beside an image no platform shows a card: the link stands in the text.
  expect(previews).toEqual(Array(3).fill('https://example.com/page?'));
  expect(await page.$('.ss-preview-link')).toBeNull();
  await shot('4-warnings');
  await (await field(page, 'Different text for Amara Okafor (@amara_okafor)')).click();
  const left = await page.waitForFunction(() => !document.body.textContent.includes('Too long for X only?'));
  expect(await left.jsonValue()).toBe(true);
  page.once('dialog', (dialog) => void dialog.accept());
});

it('writes one post with an image for all of them, and another text for X', async () => {
  const { page } = visit;
  await page.goto(`${product.url}/admin/resources/Post/actions/new`);
  await (await field(page, 'Text')).type(TEXT);
  const input = (await page.waitForSelector('input[type="file"]')) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(join(files, 'roast.png'));
  await (await field(page, 'Description of image 1')).type('A bag of coffee & a cup');
  await page.waitForSelector('input[name="accounts"]');
  for (const box of await page.$$('input[name="accounts"]')) await box.click();
  await (await field(page, 'Different text for Amara Okafor (@amara_okafor)')).click();
  const own = await field(page, 'Text for Amara Okafor (@amara_okafor)');
  await own.evaluate((area) => area.select());
  await own.type(TEXT_ON_X);
  await seeText(page, `X: ${TEXT_ON_X.length} of 280`);
  await shot('4-composer');
  await press(page, 'Save draft');
  await page.waitForFunction(() => /\/records\/[0-9a-f-]{36}\/show/.test(location.pathname), { timeout: 10_000 });
  await seeText(page, TEXT_ON_X);
  await shot('5-draft');
});

it('publishes it once on each, where its link leads', async () => {
  const { page } = visit;
  await press(page, 'Publish now');
  await (await page.waitForSelector('[data-testid="dialog-confirm"]'))?.click();
  const links = await page.waitForFunction(
    () => {
      const found = [...document.querySelectorAll('a')].filter((link) => link.textContent.includes('See it live'));
      return found.length === 3 && found.map(({ href }) => href);
    },
    { timeout: 30_000, polling: 100 },
  );
  const history = await page.$$eval('.ss-timeline li', (all) => all.map((item) => item.textContent ?? ''));
  for (const account of ['Amara Okafor', 'Amara Okafor (@amara_okafor)', 'Northwind Coffee Roasters'])
    for (const event of ['Sent to the platform', 'Published'])
      expect(history.some((text) => text.includes(event) && text.includes(account))).toBe(true);
  await shot('6-published');
  const { entries } = ledger.parse(await (await fetch(`${product.sandboxUrl}/sandbox/ledger`)).json());
  const shown = entries.map(({ platform, accountName, text }) => [platform, accountName, text]).toSorted();
  expect(shown).toEqual([
    ['facebook', 'Northwind Coffee Roasters', TEXT],
    ['linkedin', 'Amara Okafor', TEXT],
    ['x', 'Amara Okafor', TEXT_ON_X],
  ]);
  expect(entries.map(({ images }) => images.map(({ altText }) => altText))).toEqual(
    Array(3).fill(['A bag of coffee & a cup']),
  );
  for (const href of (await links.jsonValue()) as string[]) {
    await page.goto(href);
    const { hash } = new URL(href);
    expect(await page.$(`[id="${decodeURIComponent(hash.slice(1))}"]`), href).not.toBeNull();
  }
});

it('is seen on the sandbox’s feed, with its picture, as readers of each would see it', async () => {
  const { page } = visit;
  await page.goto(product.sandboxUrl);
  await seeText(page, TEXT);
  await seeText(page, TEXT_ON_X);
  const widths = await page.$$eval('.pictures img', (all) =>
    Promise.all(
      all.map(async (one) => {
        one.loading = 'eager';
        await one.decode();
        return one.naturalWidth;
      }),
    ),
  );
  expect(widths).toEqual([1200, 1200, 1200]);
  await shot('7-feed');
  await page.goto(`${product.url}/admin`);
  await seeText(page, 'Recently published');
  const lines = await page.$$eval('a.ss-line-title', (all) => all.map((line) => line.textContent ?? ''));
  expect(lines.toSorted()).toEqual([TEXT_ON_X, TEXT, TEXT].toSorted());
  await shot('8-dashboard');
});

it('never made the browser’s console complain', () => {
  expect(visit.complaints).toEqual([]);
});
