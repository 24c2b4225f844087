import { LOCK } from '../database/advisory-lock.ts';
import type { Database } from '../database/client.ts';
import { CHAIN_START, CHAINED_FIELDS, chainHash } from './chain-hash.ts';

const BATCH = 2_000;

/**
 * Seals new audit events into the hash chain, in the order in which they are found, by one writer at a time. Done after
 * the fact and in the background, so that publishing never waits for the chain. An event whose transaction took long is
 * found once it is committed, and follows then. Should two ever seal at once, the database refuses the second (a trigger
 * and the unique position): the chain cannot fork.
 * @returns how many were sealed, at most a batch; 0 also when another process is sealing
 */
export async function sealAuditChain(db: Database): Promise<number> {
  return db.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<
        { taken: boolean }[]
      >`SELECT pg_try_advisory_xact_lock(${LOCK.sealAudit}::bigint) AS taken`;
      if (lock?.taken !== true) return 0;
      const last = await tx.auditEvent.findFirst({
        where: { position: { not: null } },
        orderBy: { position: 'desc' },
        select: { position: true, hash: true },
      });
      const events = await tx.auditEvent.findMany({
        where: { hash: null },
        orderBy: { id: 'asc' },
        take: BATCH,
        select: CHAINED_FIELDS,
      });
      if (events.length === 0) return 0;
      const before = last?.position ?? 0;
      const hashes: string[] = [];
      for (const event of events) hashes.push(chainHash(hashes.at(-1) ?? last?.hash ?? CHAIN_START, event));
      const ids = events.map(({ id }) => id);
      const previous = [last?.hash ?? CHAIN_START, ...hashes.slice(0, -1)];
      await tx.$executeRaw`
        UPDATE audit_events SET position = ${before}::int + sealed.place::int, previous_hash = sealed.previous_hash, hash = sealed.hash
        FROM unnest(${ids}::uuid[], ${previous}::text[], ${hashes}::text[]) WITH ORDINALITY AS sealed(id, previous_hash, hash, place)
        WHERE audit_events.id = sealed.id`;
      return events.length;
    },
    { timeout: 60_000 },
  );
}
