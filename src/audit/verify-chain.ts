import type { Database } from '../database/client.ts';
import { CHAIN_START, chainHash } from './chain-hash.ts';

export type ChainVerdict =
  | { intact: true; events: number; unsealed: number; head: string }
  /** The first row that does not follow from the one before it. */
  | { intact: false; position: number; eventId: string | null; problem: string };

const PAGE = 1_000;

/** Walks the whole chain from its start. Detects a changed, removed, added or reordered event; cannot detect that the newest ones were cut off. */
export async function verifyAuditChain(db: Database): Promise<ChainVerdict> {
  let previousHash = CHAIN_START;
  let position = 0;
  for (;;) {
    const page = await db.auditEvent.findMany({
      where: { position: { gt: position } },
      orderBy: { position: 'asc' },
      take: PAGE,
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
      previousHash = event.hash;
    }
    if (page.length < PAGE) break;
  }
  return {
    intact: true,
    events: position,
    unsealed: await db.auditEvent.count({ where: { position: null } }),
    head: previousHash,
  };
}
