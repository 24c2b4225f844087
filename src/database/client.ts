import { PrismaPg } from '@prisma/adapter-pg';
import { type Prisma, PrismaClient } from '@prisma/client';
import { openConnection, poolConfig } from './connection.ts';

export type Database = PrismaClient;
/** What a function takes that must run inside its caller's transaction. */
export type Tx = Prisma.TransactionClient;

/**
 * Connects to the product's database; close with `db.$disconnect()`. Connections are opened when needed, at most
 * `poolSize` (10), given up when they do not answer (`answerWithinMs`), and a server that comes back after an outage is used again without further ado.
 * @throws {DatabaseUnavailableError} with a sentence for the operator.
 */
export async function connectDatabase(
  url: string,
  options: { poolSize?: number; answerWithinMs?: number } = {},
): Promise<Database> {
  // Asked first on a connection of our own, because Prisma's errors name neither host nor database.
  const probe = await openConnection(url);
  await probe.end();

  const adapter = new PrismaPg(poolConfig(url, options.poolSize ?? 10, options.answerWithinMs));
  return new PrismaClient({ adapter, errorFormat: 'minimal' });
}
