import type { Database, Tx } from '../database/client.ts';
import { type ChainBreak, ChainBreaks, LISTED_BREAKS } from './chain-break.ts';
import { CHAIN_START, CHAINED_FIELDS, type ChainedFields, chainHash } from './chain-hash.ts';

/** JSON, because it is put on record as it is. */
export type ChainVerdict = {
  /** Events with a place in the chain. */
  events: number;
  /** Events that wait to be sealed, which takes seconds while a worker runs. */
  unsealed: number;
  /** When the oldest of them says that it happened (ISO 8601); null when none waits. */
  unsealedSince: string | null;
} & (
  | { intact: true; head: string }
  | (ChainBreak & {
      intact: false;
      /** The first ones in order; the first of all is also the verdict itself. */
      breaks: ChainBreak[];
      /** How many there are, listed or not. */
      broken: number;
    })
);

/** A place of the chain as it was written down elsewhere: the log has one for every day (export-head.ts). */
export interface KnownHead {
  position: number;
  hash: string;
}

const PAGE = 2_000;

/**
 * Walks the whole chain from its start, and on behind whatever is broken: there each event is compared with what the one
 * before it says of itself, so that one forged event does not hide the next. Detects a changed, removed, added or reordered
 * event, and one that stands outside the chain. That the newest ones were cut off, or the whole chain was made anew, it can
 * tell only by a head that was kept outside the database.
 * @param known such a head
 */
export async function verifyAuditChain(db: Database | Tx, known: KnownHead | null = null): Promise<ChainVerdict> {
  const breaks = new ChainBreaks();
  const { events, head } = await walk(db, known, breaks);
  await findOutsiders(db, breaks);
  const waiting = await db.auditEvent.aggregate({
    where: { hash: null, position: null },
    _count: true,
    _min: { occurredAt: true },
  });
  const rest = {
    events,
    unsealed: waiting._count,
    unsealedSince: waiting._min.occurredAt?.toISOString() ?? null,
  };
  const list = breaks.list();
  const [first] = list;
  return first === undefined
    ? { intact: true, ...rest, head }
    : { intact: false, ...first, ...rest, breaks: list, broken: breaks.count };
}

async function walk(
  db: Database | Tx,
  known: KnownHead | null,
  breaks: ChainBreaks,
): Promise<{ events: number; head: string }> {
  /** Hash of the event before; null: that one is missing. */
  let previous: string | null = CHAIN_START;
  let last = { position: 0, id: '' };
  let events = 0;
  for await (const event of sealedEvents(db)) {
    const { id, position } = event;
    events += 1;
    if (position === last.position) {
      breaks.add({ position, eventId: id, problem: `event ${last.id} has the same position` });
      continue;
    }
    if (position > last.position + 1) {
      breaks.add({ position: last.position + 1, eventId: null, problem: missing(last.position + 1, position) });
      previous = null;
    }
    const problem = problemOf(event, previous) ?? (known?.position === position ? headProblem(event, known) : null);
    if (problem !== null) breaks.add({ position, eventId: id, problem });
    previous = event.hash;
    last = { position, id };
  }
  if (known !== null && known.position > last.position)
    breaks.add({
      position: last.position + 1,
      eventId: null,
      problem: `the events from ${last.position + 1} to ${known.position}, which were there when the head was written down, are missing`,
    });
  return { events, head: previous ?? CHAIN_START };
}

type SealedEvent = ChainedFields & { position: number; previousHash: string | null; hash: string | null };

/** By position; of several with the same one, which the database's index does not let happen, all. */
async function* sealedEvents(db: Database | Tx): AsyncGenerator<SealedEvent> {
  let after: { position: number; id: string } | null = null;
  for (;;) {
    const page: (Omit<SealedEvent, 'position'> & { position: number | null })[] = await db.auditEvent.findMany({
      where:
        after === null
          ? { position: { gte: 1 } }
          : { position: { gte: after.position }, NOT: { position: after.position, id: { lte: after.id } } },
      orderBy: [{ position: 'asc' }, { id: 'asc' }],
      take: PAGE,
      select: { ...CHAINED_FIELDS, position: true, previousHash: true, hash: true },
    });
    for (const event of page) {
      if (event.position === null) continue;
      after = { position: event.position, id: event.id };
      yield { ...event, position: event.position };
    }
    if (page.length < PAGE) return;
  }
}

function problemOf(event: SealedEvent, previous: string | null): string | null {
  if (previous !== null && event.previousHash !== previous) return 'it does not follow the event before it';
  if (event.previousHash === null || event.hash === null) return 'it has a position without being sealed';
  return event.hash === chainHash(event.previousHash, event)
    ? null
    : 'its content is not what was sealed: it was changed afterwards, or sealed with a wrong hash';
}

function headProblem({ hash }: SealedEvent, known: KnownHead): string | null {
  return hash === known.hash
    ? null
    : 'it is not the event that was at this place when the head was written down: the chain was made anew';
}

function missing(from: number, next: number): string {
  const which = next - from === 1 ? `event ${from} is` : `events ${from} to ${next - 1} are`;
  return `${which} missing: the next one on record is ${next}`;
}

/** Events that look sealed and have no place in the chain: the product never writes such a row. */
async function findOutsiders(db: Database | Tx, breaks: ChainBreaks): Promise<void> {
  const outside = {
    OR: [
      { position: { lt: 1 } },
      { position: null, hash: { not: null } },
      { position: null, previousHash: { not: null } },
    ],
  };
  const count = await db.auditEvent.count({ where: outside });
  if (count === 0) return;
  const events = await db.auditEvent.findMany({
    where: outside,
    orderBy: [{ position: { sort: 'asc', nulls: 'last' } }, { id: 'asc' }],
    take: LISTED_BREAKS,
    select: { id: true, position: true },
  });
  const problem = 'it stands outside the chain: the product has not sealed it';
  breaks.addAll(
    events.map(({ id, position }) => ({ position, eventId: id, problem })),
    count,
  );
}
