import type { Database } from '../database/client.ts';
import { CHAIN_START, chainHash } from './chain-hash.ts';

/** Any fixed number: names the lock that makes the sealer one writer across all processes. */
const SEALER_LOCK = 5_137_001;
const BATCH = 500;

/**
 * Seals new audit events into the hash chain, in the order in which they are found, by one writer at a time. Done after
 * the fact and in the background, so that publishing never waits for the chain.
 * @returns how many were sealed; 0 also when another process is sealing
 */
export async function sealAuditChain(db: Database): Promise<number> {
  return db.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<
        { taken: boolean }[]
      >`SELECT pg_try_advisory_xact_lock(${SEALER_LOCK}) AS taken`;
      if (lock?.taken !== true) return 0;
      const last = await tx.auditEvent.findFirst({
        where: { position: { not: null } },
        orderBy: { position: 'desc' },
        select: { position: true, hash: true },
      });
      const events = await tx.auditEvent.findMany({ where: { hash: null }, orderBy: { id: 'asc' }, take: BATCH });
      let position = last?.position ?? 0;
      let previousHash = last?.hash ?? CHAIN_START;
      for (const event of events) {
        const hash = chainHash(previousHash, event);
        position += 1;
        await tx.auditEvent.update({ where: { id: event.id }, data: { position, previousHash, hash } });
        previousHash = hash;
      }
      return events.length;
    },
    { timeout: 60_000 },
  );
}
