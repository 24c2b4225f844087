import { readFile, stat } from 'node:fs/promises';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';

export interface DatabaseUser {
  uid: number;
  gid: number;
}

/**
 * The user the embedded database runs as: null for our own, which is everybody's case but root's, because Postgres
 * refuses root. For root it is the owner of the existing cluster, else an existing unprivileged user; none is created.
 * @param cluster the cluster's directory, which need not exist yet
 * @throws {EmbeddedPostgresError} when there is no such user.
 */
export async function databaseUser(cluster: string): Promise<DatabaseUser | null> {
  if (process.getuid?.() !== 0) return null;
  if (process.platform !== 'linux') {
    throw new EmbeddedPostgresError(
      'no-user',
      'Postgres refuses to run as root. Start this as an ordinary user, or set DATABASE_URL.',
    );
  }
  const owner = await stat(cluster).catch(() => null); // Not there yet: the first start.
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };

  const user = chooseUser(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  if (user) return user;
  throw new EmbeddedPostgresError(
    'no-user',
    'Postgres refuses to run as root, and /etc/passwd has no other user. Start this as an ordinary user, or set DATABASE_URL.',
  );
}

/**
 * `postgres`, else `nobody`, else any user that is not root. It must be in /etc/passwd, because initdb looks its name up.
 * @param passwd content of /etc/passwd
 */
export function chooseUser(passwd: string): DatabaseUser | undefined {
  const users = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number.parseInt(uid ?? '', 10), gid: Number.parseInt(gid ?? '', 10) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0);
  const chosen =
    users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody') ?? users[0];
  return chosen && { uid: chosen.uid, gid: chosen.gid };
}
