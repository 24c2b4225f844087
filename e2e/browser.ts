/**
 * A real Chromium, from the npm package or from CHROMIUM (a path), with nothing switched off that a visitor has: the
 * same-origin policy and our Content-Security-Policy apply. What the page's console complains about is collected.
 */

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type ElementHandle, launch, type Page } from 'puppeteer-core';

const ARGUMENTS = [
  '--no-sandbox', // root in a container has no user namespace to sandbox in
  '--no-zygote',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
];

export async function openBrowser(): Promise<Browser> {
  const installed = process.env.CHROMIUM;
  if (installed !== undefined && installed !== '')
    return launch({ executablePath: installed, args: ARGUMENTS, headless: true });
  // The package brings its shared libraries along only where it believes to run in a bare container.
  process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs24.x';
  const { default: chromium } = await import('@sparticuz/chromium');
  const env = { ...process.env, LD_LIBRARY_PATH: join(tmpdir(), 'al2023', 'lib') };
  return launch({ executablePath: await chromium.executablePath(), args: ARGUMENTS, headless: 'shell', env });
}

export interface Visit {
  page: Page;
  /** What the browser's console called an error, Content-Security-Policy violations included. */
  complaints: string[];
}

export async function newVisit(
  browser: Browser,
  size: { width: number; height: number } = { width: 1440, height: 1000 },
): Promise<Visit> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport(size);
  await page.emulateTimezone('Europe/Warsaw');
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** The field whose visible label begins with this. */
export async function field(page: Page, label: string): Promise<ElementHandle<HTMLInputElement>> {
  const handle = await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll('label')].find((one) => one.textContent.trim().startsWith(wanted))?.control,
    { timeout: 20_000, polling: 50 },
    label,
  );
  const element = handle.asElement() as ElementHandle<HTMLInputElement> | null;
  if (element === null) throw new Error(`no field "${label}"`);
  return element;
}

/** Presses the button or link that says this. */
export async function press(page: Page, text: string): Promise<void> {
  const found = await page.waitForSelector(`::-p-xpath(//*[self::button or self::a][normalize-space(.)="${text}"])`, {
    timeout: 20_000,
    visible: true,
  });
  await found?.click();
}

/** Waits until the page shows this text somewhere. */
export async function seeText(page: Page, text: string, timeout = 20_000): Promise<void> {
  await page.waitForFunction((wanted) => document.body.textContent.includes(wanted), { timeout, polling: 100 }, text);
}
