/**
 * Our React components, bundled at the first start after a change and served from memory. AdminJS would bundle at the first request, without
 * waiting, into a folder under the current directory, and serve the old bundle after a change.
 *
 * The bundler turns JSX into calls of `React.createElement` and takes React from the page, where AdminJS puts it as a
 * global: so no component imports React for its JSX.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdminJS, ComponentLoader } from 'adminjs';
import { readCached, sourceKey, writeCached } from './bundle-cache.ts';

const COMPONENTS = join(import.meta.dirname, 'components');

/** AdminJS's own parts that we replace. */
const REPLACED: readonly string[] = [
  'Sidebar',
  'TopBar',
  'NoticeBox',
  'RecordActionRoute',
  'ResourceActionRoute',
  'ResourceRoute',
  'PageRoute',
];

/** Parts that AdminJS finds by name: pages and the components of actions. */
const ADDED: readonly string[] = [
  'Dashboard',
  'RecordList',
  'RecordPage',
  'RecordForm',
  'PostComposer',
  'PostPage',
  'PublicationPage',
  'AccountPage',
  'PersonPage',
  'TeamPage',
];

export function registerComponents(loader: ComponentLoader): void {
  for (const name of REPLACED) loader.override(name as never, join(COMPONENTS, `${name}.tsx`));
  for (const name of ADDED) loader.add(name, join(COMPONENTS, `${name}.tsx`));
}

/**
 * @param folders where the bundler may write, best first; the system's temporary folder is the last resort
 * @returns the script, and a hash of it
 */
export async function bundleComponents(
  admin: AdminJS,
  folders: readonly string[],
): Promise<{ script: string; hash: string }> {
  const key = await sourceKey();
  let script = await readCached(folders, key);
  if (script === null) {
    script = await build(admin, folders);
    await writeCached(folders, key, script);
  }
  return { script, hash: createHash('sha256').update(script).digest('hex').slice(0, 12) };
}

async function build(admin: AdminJS, folders: readonly string[]): Promise<string> {
  // Loaded only here: rollup and Babel cost half a second that a start with a cached bundle need not pay.
  const { componentsBundler, generateUserComponentEntry } = await import('adminjs/bundler');
  const folder = await scratchFolder(folders);
  try {
    const target = join(folder, 'bundle.js');
    componentsBundler.setInputOption('input', join(folder, 'entry.js')).setOutputOption('file', target);
    await componentsBundler.createEntry({ dir: folder, content: generateUserComponentEntry(admin, folder) });
    await componentsBundler.build();
    return await readFile(target, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A folder of this run's own: several processes may start from the same clone at once. */
async function scratchFolder(folders: readonly string[]): Promise<string> {
  for (const parent of folders) {
    try {
      await mkdir(parent, { recursive: true });
      return await mkdtemp(join(parent, 'run-'));
    } catch (error) {
      // Not writable (a read-only container, another user's clone): the next one.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
  return mkdtemp(join(tmpdir(), 'social-share-panel-'));
}
