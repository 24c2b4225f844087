/**
 * Keeps the bundle of the last start, so that later ones need not build it again. The name holds a hash of everything that
 * goes into it: our sources and the versions of all packages. A changed component is another name, never a stale script.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SOURCES = [join(import.meta.dirname, 'components'), join(import.meta.dirname, '../domain')];
/** Names the components that are bundled. */
const REGISTER = join(import.meta.dirname, 'component-bundle.ts');
const LOCKFILE = join(import.meta.dirname, '../../package-lock.json');
const PREFIX = 'components-';

/** sha256 (hex, shortened) over names and contents of all sources. */
export async function sourceKey(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(LOCKFILE).catch(() => 'no lockfile in this installation'));
  hash.update(await readFile(REGISTER));
  for (const folder of SOURCES) {
    for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 24);
}

/** @returns null when no folder has it */
export async function readCached(folders: readonly string[], key: string): Promise<string | null> {
  for (const folder of folders) {
    const script = await readFile(join(folder, `${PREFIX}${key}.js`), 'utf8').catch(() => null);
    if (script !== null) return script;
  }
  return null;
}

/** Keeps it in the first folder that can be written, in place of older ones. Where none can, the next start builds again. */
export async function writeCached(folders: readonly string[], key: string, script: string): Promise<void> {
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true });
      const old = (await readdir(folder)).filter((name) => name.startsWith(PREFIX));
      const temporary = join(folder, `writing-${process.pid}-${key}`);
      await writeFile(temporary, script);
      await rename(temporary, join(folder, `${PREFIX}${key}.js`));
      await Promise.all(
        old.filter((name) => name !== `${PREFIX}${key}.js`).map((name) => rm(join(folder, name), { force: true })),
      );
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
}
