import type { Database } from '../database/client.ts';
import { CHAIN_START, CHAINED_FIELDS, chainHash } from './chain-hash.ts';

export type ChainVerdict =
  | { intact: true; events: number; unsealed: number; head: string }
  /** The first row that does not follow from the one before it. */
  | { intact: false; position: number; eventId: string | null; problem: string };

/** A place of the chain as it was written down elsewhere: the log has one for every day (export-head.ts). */
export interface KnownHead {
  position: number;
  hash: string;
}

const PAGE = 2_000;

/**
 * Walks the whole chain from its start. Detects a changed, removed, added or reordered event. That the newest ones were
 * cut off, or the whole chain was made anew, it can tell only by a head that was kept outside the database.
 * @param known such a head
 */
export async function verifyAuditChain(db: Database, known: KnownHead | null = null): Promise<ChainVerdict> {
  let previousHash = CHAIN_START;
  let position = 0;
  for (;;) {
    const page = await db.auditEvent.findMany({
      where: { position: { gt: position } },
      orderBy: { position: 'asc' },
      take: PAGE,
      select: { ...CHAINED_FIELDS, position: true, previousHash: true, hash: true },
    });
    for (const event of page) {
      position += 1;
      if (event.position !== position)
        return {
          intact: false,
          position,
          eventId: null,
          problem: `event ${position} is missing: the next one on record is ${event.position}`,
        };
      if (event.previousHash !== previousHash)
        return { intact: false, position, eventId: event.id, problem: 'it does not follow the event before it' };
      if (event.hash !== chainHash(previousHash, event))
        return { intact: false, position, eventId: event.id, problem: 'its content was changed after it was sealed' };
      if (known?.position === position && known.hash !== event.hash)
        return {
          intact: false,
          position,
          eventId: event.id,
          problem: 'it is not the event that was at this place when the head was written down: the chain was made anew',
        };
      previousHash = event.hash;
    }
    if (page.length < PAGE) break;
  }
  if (known !== null && known.position > position)
    return {
      intact: false,
      position: position + 1,
      eventId: null,
      problem: `the events from ${position + 1} to ${known.position}, which were there when the head was written down, are missing`,
    };
  return {
    intact: true,
    events: position,
    unsealed: await db.auditEvent.count({ where: { hash: null } }),
    head: previousHash,
  };
}
