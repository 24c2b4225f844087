import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCached, sourceKey, writeCached } from './bundle-cache.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-cache-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('gives back what was bundled from the same sources, and nothing for others', async () => {
  const key = await sourceKey();
  expect(await readCached([folder], key)).toBeNull();
  await writeCached([folder], key, 'script');
  expect(await readCached(['/nowhere', folder], key)).toBe('script');
  expect(await readCached([folder], `${key}0`)).toBeNull();
});

it('keeps one bundle only', async () => {
  await writeCached([folder], 'older', 'old');
  await writeCached([folder], 'newer', 'new');
  expect(await readdir(folder)).toEqual(['components-newer.js']);
});

it('does without a folder that it may not write', async () => {
  const blocked = join(folder, 'components-newer.js', 'below-a-file');
  await writeCached([blocked], 'key', 'script');
  expect(await readCached([blocked], 'key')).toBeNull();
});
