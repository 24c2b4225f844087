/** Images and texts per account, in a real browser: added, described, put in order, previewed, and seen on the post's page. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { animation, photo, picture } from '../src/testing/drawn-images.ts';
import { field, newVisit, openBrowser, press, seeText, type Visit } from './browser.ts';
import { type RunningProduct, SUPERUSER, startProduct } from './running-product.ts';

const shots = join(import.meta.dirname, 'screenshots');
let product: RunningProduct;
let browser: Browser;
let visit: Visit;
let files: string;

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  files = mkdtempSync(join(tmpdir(), 'images-'));
  writeFileSync(join(files, 'quarters.png'), await picture(1200, 800).png().toBuffer());
  writeFileSync(join(files, 'portrait.jpg'), await photo('jpeg', 6));
  writeFileSync(join(files, 'moving.gif'), await animation('gif', 5, 320, 200));
  writeFileSync(join(files, 'modern.webp'), await picture(600, 600).webp().toBuffer());
  writeFileSync(join(files, 'drawing.png'), '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
  [product, browser] = await Promise.all([startProduct(), openBrowser()]);
  // Tall, so that a picture of the screen shows the whole page: the panel scrolls inside itself.
  visit = await newVisit(browser, { width: 1440, height: 2100 });
  await signIn(visit.page);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await product?.stop();
  rmSync(files, { recursive: true, force: true });
});

const shot = (name: string) =>
  visit.page.screenshot({ path: join(shots, `${name}.png`) as `${string}.png`, fullPage: true });

async function signIn(page: Page): Promise<void> {
  await page.goto(`${product.url}/login`);
  await (await field(page, 'E-mail')).type(SUPERUSER.email);
  await (await field(page, 'Password')).type(SUPERUSER.password);
  await Promise.all([page.waitForNavigation(), page.click('form button[type="submit"]')]);
}

async function choose(...names: string[]): Promise<void> {
  const input = (await visit.page.waitForSelector('input[type="file"]')) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(...names.map((name) => join(files, name)));
}

/** The pictures in the composer, once the browser has really painted that many of them. */
async function seeImages(count: number, where = '.ss-images'): Promise<string[]> {
  await visit.page.waitForFunction(
    (list, wanted) => {
      const shown = [...document.querySelectorAll<HTMLImageElement>(`${list} img`)];
      return shown.length === wanted && shown.every((one) => one.complete && one.naturalWidth > 0);
    },
    { timeout: 20_000 },
    where,
    count,
  );
  return visit.page.$$eval(`${where} img`, (all) => all.map((one) => one.getAttribute('src') ?? ''));
}

it('connects an account to publish to', async () => {
  const { page } = visit;
  await page.goto(`${product.url}/admin`);
  await (await page.waitForSelector('[data-testid="connect-linkedin"]'))?.click();
  await seeText(page, 'Who are you?');
  await Promise.all([page.waitForNavigation(), page.click('button[value="allow"]')]);
  await seeText(page, 'Amara Okafor');
});

it('takes in several images at once, in the order in which they were chosen, and refuses what is none', async () => {
  const { page } = visit;
  await page.goto(`${product.url}/admin/resources/Post/actions/new`);
  await (await field(page, 'Text')).type('Three images, one of them moving.');
  await choose('quarters.png', 'drawing.png', 'portrait.jpg', 'moving.gif');
  await seeText(page, 'This is an SVG drawing.');
  await seeImages(3);
  const facts = await page.$$eval('.ss-image-side', (all) => all.map((one) => one.textContent));
  expect(facts[0]).toMatch(/^PNG, 1200\s×\s800, \d/);
  expect(facts[1]).toMatch(/^JPEG, 48\s×\s64, \d/); // turned upright
  expect(facts[2]).toMatch(/^Animated\sGIF, 320\s×\s200, \d/);
  await shot('images-1-added');
  await page.click('[aria-label="Dismiss the message about drawing.png"]');
});

it('lets a keyboard put them in order, and describe them', async () => {
  const { page } = visit;
  const [first, second, third] = await seeImages(3);
  await page.focus('[aria-label="Move image 3 up"]');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  expect(await seeImages(3)).toEqual([third, first, second]);
  // The button keeps the focus while the image moves to the top.
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Move image 1 up');
  await seeText(page, 'Image 2 is now image 1 of 3.');
  await (await field(page, 'Description of image 1')).type('Colours that change');
  await page.click('[aria-label="Remove image 3"]');
  expect(await seeImages(2)).toEqual([third, first]);
  await (await field(page, 'Description of image 2')).type('Four coloured quarters');
});

it('takes an image that is pasted or dropped, and knows it when it is there already', async () => {
  const { page } = visit;
  const bytes = [...(await picture(500, 300).png().toBuffer())];
  for (const event of ['paste', 'drop']) {
    await page.$eval(
      '.ss-composer',
      (form, kind, content) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(content)], 'from outside.png', { type: 'image/png' }));
        form.dispatchEvent(
          kind === 'paste'
            ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })
            : new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }),
        );
      },
      event,
      bytes,
    );
    await seeImages(3);
  }
  await seeText(page, 'This image is in the post already.');
  await page.click('[aria-label="Dismiss the message about from outside.png"]');
});

it('says at once what a chosen account would not take', async () => {
  const { page } = visit;
  await page.click('input[name="accounts"]');
  await choose('modern.webp');
  await seeImages(4);
  const sentence = 'LinkedIn does not take WebP, which image 4 is. Save it as JPEG or PNG and add it again.';
  await seeText(page, sentence);
  await shot('images-2-not-for-linkedin');
  await press(page, 'Save draft');
  await seeText(page, 'Nothing was saved; everything you typed is still here.');
  expect(await page.$$eval('.ss-fieldset .ss-error', (all) => all.map((one) => one.textContent))).toEqual([sentence]);
  await page.click('[aria-label="Remove image 4"]');
  await seeImages(3);
  expect(await page.$('.ss-error')).toBeNull();
});

it('shows them in the preview, with another text for one account', async () => {
  const { page } = visit;
  await (await field(page, 'Different text for Amara Okafor')).click();
  const own = await field(page, 'Text for Amara Okafor');
  expect(await own.evaluate((area) => area.value)).toBe('Three images, one of them moving.');
  await own.evaluate((area) => area.select());
  await own.type('Only for those who follow Amara.');
  await seeText(page, 'LinkedIn: 32 of 3,000');
  expect(await page.$eval('.ss-preview-text', (text) => text.textContent)).toBe('Only for those who follow Amara.');
  await seeImages(3, '.ss-preview');
  await shot('images-3-composer');
});

it('keeps all of it, and shows it on the pages of the post', async () => {
  const { page } = visit;
  await press(page, 'Save draft');
  await page.waitForFunction(() => /\/records\/[0-9a-f-]{36}\/show/.test(location.pathname), { timeout: 20_000 });
  await seeText(page, 'Colours that change');
  await seeText(page, 'Different text for Amara Okafor');
  const shown = await seeImages(3, '[data-testid="post-images"]');
  expect(
    await page.$$eval('[data-testid="post-images"] img', (all) => all.map((one) => one.getAttribute('alt'))),
  ).toEqual(['Colours that change', 'Four coloured quarters', 'Image 3, without a description']);
  await shot('images-4-post');
  await press(page, 'Edit');
  expect(await seeImages(3)).toEqual(shown);
  expect(await (await field(page, 'Text for Amara Okafor')).evaluate((area) => area.value)).toBe(
    'Only for those who follow Amara.',
  );
  expect(await (await field(page, 'Description of image 2')).evaluate((area) => area.value)).toBe(
    'Four coloured quarters',
  );
});

it('fits a small screen', async () => {
  const { page } = visit;
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await page.setViewport({ width: 390, height: 2600 });
  await seeImages(3);
  const [wide, view] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(wide).toBeLessThanOrEqual(view ?? 0);
  await shot('images-5-small-screen');
});

it('publishes them, cleaned and upright, with their descriptions', async () => {
  const { page } = visit;
  await page.setViewport({ width: 1440, height: 1600 });
  const team = await page.evaluate(async () => {
    const teams = await fetch('/admin/api/resources/Team/actions/list', { headers: { Accept: 'application/json' } });
    return ((await teams.json()) as { records: { id: string }[] }).records[0]?.id ?? '';
  });
  await page.goto(`${product.url}/connect/facebook?team=${team}`);
  await seeText(page, 'Connect your Facebook Pages');
  await Promise.all([page.waitForNavigation(), page.click('button[value="allow"]')]);
  expect(page.url()).toContain('/admin/resources/ConnectedAccount');
  await page.goto(`${product.url}/admin/resources/Post/actions/new`);
  await (await field(page, 'Text')).type('A photo from the side, the right way up.');
  await choose('portrait.jpg', 'quarters.png');
  await seeImages(2);
  await (await field(page, 'Description of image 1')).type('Turned upright');
  const pageBox = await page.waitForSelector('::-p-xpath(//label[contains(., "Facebook")]//input[@name="accounts"])');
  await pageBox?.click();
  await press(page, 'Save draft');
  await page.waitForFunction(() => /\/records\/[0-9a-f-]{36}\/show/.test(location.pathname), { timeout: 20_000 });
  await press(page, 'Publish now');
  await (await page.waitForSelector('[data-testid="dialog-confirm"]'))?.click();
  await seeText(page, 'See it live', 20_000);
  await (await page.waitForSelector('.ss-line-title'))?.click();
  await seeText(page, 'SHA-256 of the images, in order');
  await seeImages(2, '[data-testid="post-images"]');
  await shot('images-6-evidence');
  await page.goto(product.sandboxUrl);
  await seeText(page, 'A photo from the side, the right way up.');
  const shown = await page.$$eval('.pictures img', (all) => all.map(({ src, alt }) => ({ src, alt })));
  expect(shown.map(({ alt }) => alt)).toEqual(['Turned upright', '']);
  const [width, height] = await page.$eval('.pictures img', async (one) => {
    one.loading = 'eager';
    await one.decode();
    return [one.naturalWidth, one.naturalHeight];
  });
  expect([width, height]).toEqual([48, 64]);
  const bytes = Buffer.from(await (await fetch(shown[0]?.src ?? '')).arrayBuffer()).toString('latin1');
  expect(bytes.startsWith('\xff\xd8\xff')).toBe(true);
  expect(bytes).not.toMatch(/SECRET|GPS|Exif/);
  await shot('images-7-feed');
});

it('never made the browser’s console complain, except about the refused drawing', () => {
  expect(visit.complaints.filter((one) => !one.includes('status of 400'))).toEqual([]);
});
