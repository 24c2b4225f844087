export type DatabaseProblem =
  | 'invalid-url'
  | 'unreachable'
  | 'timed-out'
  | 'not-ready'
  | 'authentication-failed'
  | 'database-missing'
  | 'too-many-connections'
  | 'tls-failed'
  | 'unsupported-version'
  | 'unsupported-encoding'
  | 'read-only'
  | 'refused';

/** Where a connection goes, without its password: safe to print. */
export interface DatabaseAddress {
  host: string;
  port: number;
  database: string;
  user: string;
}

/** The database cannot be used as it is. The message is a sentence for the operator that says what to do. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
  readonly code: DatabaseProblem;

  constructor(code: DatabaseProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * Turns what `pg` threw while connecting into a sentence. Error codes: Postgres' appendix A (SQLSTATE), and Node's
 * system error names.
 */
export function explainConnectionError(address: DatabaseAddress, cause: unknown): DatabaseUnavailableError {
  const { host, port, database, user } = address;
  const where = host.startsWith('/') ? `the socket in ${host}` : `${host}:${port}`;
  const message = cause instanceof Error ? cause.message : String(cause);
  const problem = (code: DatabaseProblem, sentence: string) => new DatabaseUnavailableError(code, sentence, cause);

  switch (errorCode(cause)) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return problem(
        'unreachable',
        `Nothing listens at ${where} (database "${database}"). Start Postgres there, or correct DATABASE_URL.`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return problem(
        'unreachable',
        `The host "${host}" of DATABASE_URL is not known to this machine. Check its spelling and the name server.`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return problem(
        'unreachable',
        `There is no route to ${where} (database "${database}"). Check the network, or correct DATABASE_URL.`,
      );
    case 'ETIMEDOUT':
      return timedOut();
    case '28P01':
    case '28000':
      return problem(
        'authentication-failed',
        `Postgres at ${where} refuses the user "${user}" for database "${database}". Check the user and the password in DATABASE_URL, and the server's pg_hba.conf.`,
      );
    case '3D000':
      return problem(
        'database-missing',
        `Postgres at ${where} has no database "${database}". Create it (CREATE DATABASE "${database}"), or correct DATABASE_URL.`,
      );
    case '53300':
      return problem(
        'too-many-connections',
        `Postgres at ${where} (database "${database}") has no connection left. Raise its max_connections, or stop something that uses it.`,
      );
    case '57P03':
      return problem(
        'not-ready',
        `Postgres at ${where} (database "${database}") is starting up or shutting down. Try again in a few seconds.`,
      );
  }
  if (/timeout/i.test(message)) return timedOut();
  if (/SSL|TLS|certificate/i.test(message) || errorCode(cause)?.includes('CERT')) {
    return problem(
      'tls-failed',
      `No encrypted connection to ${where} (database "${database}"): ${message}. Correct sslmode in DATABASE_URL, or the server's certificate.`,
    );
  }
  return problem(
    'refused',
    `Postgres at ${where} (database "${database}") cannot be used: ${message}. Correct DATABASE_URL or the server.`,
  );

  function timedOut() {
    return problem(
      'timed-out',
      `Postgres at ${where} (database "${database}") does not answer. Check that it runs and that a firewall lets this machine through, or correct DATABASE_URL.`,
    );
  }
}

function errorCode(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return undefined;
}
