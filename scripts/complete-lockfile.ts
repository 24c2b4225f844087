/**
 * node scripts/complete-lockfile.ts
 * To be run after a change of dependencies: adds to package-lock.json the optional packages of other operating systems that
 * npm left out because the registry in use does not have them. Without their entries `npm ci` refuses the whole lockfile
 * elsewhere. They get no integrity hash, since nobody here has seen them; npm skips them on every system but their own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Entry {
  version?: string;
  dev?: boolean;
  license?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'win32'];
const file = join(import.meta.dirname, '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };

let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!/^\d/.test(version) || isLocked(place, name)) continue;
    const missing = describe(name, version, entry);
    if (missing === null) continue;
    lock.packages[`node_modules/${name}`] = missing;
    added += 1;
  }
}
const { '': root, ...others } = lock.packages;
const sorted = Object.entries(others).sort(([one], [other]) => one.localeCompare(other, 'en'));
lock.packages = { '': root ?? {}, ...Object.fromEntries(sorted) };
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional packages of other systems added to package-lock.json`);

/** Looks where npm would: beside the package that wants it, then in every folder above. */
function isLocked(place: string, name: string): boolean {
  for (let base = place; ; base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))) {
    if (lock.packages[`${base === '' ? '' : `${base}/`}node_modules/${name}`] !== undefined) return true;
    if (base === '') return false;
  }
}

/** Such packages carry their system in their name: `…-linux-arm64-musl`. */
function describe(name: string, version: string, owner: Entry): Entry | null {
  const words = (name.split('/').at(-1) ?? '').split('-');
  const at = words.findIndex((word) => SYSTEMS.includes(word));
  const [os, cpu, abi] = words.slice(at);
  if (at < 0 || os === undefined || cpu === undefined) return null;
  const libc = os !== 'linux' || abi === undefined ? undefined : abi.startsWith('musl') ? 'musl' : 'glibc';
  return {
    version,
    cpu: [cpu],
    ...(owner.dev === true ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    ...(owner.license === undefined ? {} : { license: owner.license }),
    optional: true,
    os: [os],
  };
}
