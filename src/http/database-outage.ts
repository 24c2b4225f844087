/**
 * Whether an error says that the database is away, as opposed to unhappy with what we asked. Walks through the causes,
 * because Prisma and the connection pool wrap what the network said.
 */
export function isDatabaseOutage(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false;
  if ('code' in error && typeof error.code === 'string' && AWAY.test(error.code)) return true;
  if (error instanceof Error && POOL_MESSAGES.test(error.message)) return true;
  if (error instanceof AggregateError && error.errors.some((inner) => isDatabaseOutage(inner, depth + 1))) return true;
  if ('meta' in error && isDatabaseOutage(error.meta, depth + 1)) return true;
  if ('driverAdapterError' in error && isDatabaseOutage(error.driverAdapterError, depth + 1)) return true;
  return 'cause' in error && isDatabaseOutage(error.cause, depth + 1);
}

/** Node's network errors; Postgres' classes 08 (connection), 28 (not let in), 3D000 (no such database), 53300 (too many) and 57P0x (shutting down, starting up); Prisma's P10xx and P2024. */
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|ENOENT|EHOSTUNREACH|ENETUNREACH|08\w{3}|28\w{3}|3D000|53300|57P0[123]|P1000|P1001|P1002|P1003|P1008|P1017|P2024)$/;

/** pg-pool gives these no code. */
const POOL_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Cannot use a pool after calling end|Server has closed the connection|Can't reach database server/i;
