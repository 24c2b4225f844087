/**
 * The life of a publication: which states exist and which moves between them are legal. Pure.
 *
 *   draft ─► awaiting_approval ─► scheduled ─► publishing ─► published
 *                                   ▲   │          ├──► retrying ──► publishing …
 *                                   │   ├─► held ──┤
 *                                   │   ├─► missed ├──► failed
 *                                   │   └─► cancelled
 *                                   │              └──► unconfirmed ──► published | scheduled | cancelled
 *                                   └── reschedule
 *
 * `published` is final. `unconfirmed` is left only by a look-up or a person: nothing is ever sent again on a guess.
 * What is `held` because of a restore is answered by a person in the same way (mayBeLive).
 */
export const PUBLICATION_STATUSES = [
  'draft',
  'awaiting_approval',
  'scheduled',
  'publishing',
  'retrying',
  'published',
  'failed',
  'held',
  'missed',
  'cancelled',
  'unconfirmed',
] as const;
export type PublicationStatus = (typeof PUBLICATION_STATUSES)[number];

export function isPublicationStatus(value: unknown): value is PublicationStatus {
  return PUBLICATION_STATUSES.some((status) => status === value);
}

/**
 * Every legal move. A move that is not in this table cannot be written (publishing/transition.ts). Only a late answer goes
 * against it (publishing/late-answer.ts): with a real id it makes anything published, because what is there is there.
 */
export const PUBLICATION_MOVES: Readonly<Record<PublicationStatus, readonly PublicationStatus[]>> = {
  draft: ['awaiting_approval', 'scheduled'],
  awaiting_approval: ['draft', 'scheduled', 'cancelled'],
  // scheduled → scheduled is a reschedule.
  scheduled: ['scheduled', 'awaiting_approval', 'publishing', 'held', 'missed', 'cancelled'],
  // publishing → scheduled: prepared but never sent, handed back by a stop or a crash.
  publishing: ['published', 'retrying', 'failed', 'held', 'missed', 'awaiting_approval', 'unconfirmed', 'scheduled'],
  retrying: ['publishing', 'awaiting_approval', 'held', 'missed', 'cancelled', 'failed', 'scheduled'],
  published: [],
  failed: ['awaiting_approval', 'scheduled', 'cancelled'],
  // held → published: a restored database did not know that it was out (mayBeLive).
  held: ['awaiting_approval', 'scheduled', 'missed', 'cancelled', 'published'],
  missed: ['awaiting_approval', 'scheduled', 'cancelled'],
  cancelled: ['awaiting_approval', 'scheduled'],
  unconfirmed: ['published', 'scheduled', 'cancelled'],
};

/** A move that the table above does not have: a mistake of ours, never of a person. */
export class InvalidTransitionError extends Error {
  override readonly name = 'InvalidTransitionError';
  readonly code = 'INVALID_TRANSITION';

  constructor(from: PublicationStatus, to: PublicationStatus) {
    super(`a publication cannot go from ${from} to ${to}`);
  }
}

export function canMove(from: PublicationStatus, to: PublicationStatus): boolean {
  return PUBLICATION_MOVES[from].includes(to);
}

/** @throws InvalidTransitionError */
export function assertMove(from: PublicationStatus, to: PublicationStatus): void {
  if (!canMove(from, to)) throw new InvalidTransitionError(from, to);
}

/** Statuses in which what will be sent may still be changed by a person. */
export const EDITABLE: readonly PublicationStatus[] = [
  'draft',
  'awaiting_approval',
  'scheduled',
  'retrying',
  'held',
  'missed',
  'failed',
  'cancelled',
];

/** Statuses in which a worker may claim the publication once its time has come. */
export const CLAIMABLE: readonly PublicationStatus[] = ['scheduled', 'retrying'];

/** Statuses that a person may cancel. An unconfirmed one is resolved instead, because it may be live. */
export const CANCELLABLE: readonly PublicationStatus[] = [
  'awaiting_approval',
  'scheduled',
  'retrying',
  'held',
  'missed',
  'failed',
];

/** Statuses that a person may send again by hand. An unconfirmed one is resolved instead. */
export const RETRYABLE: readonly PublicationStatus[] = ['failed', 'missed', 'held', 'retrying'];

/** The error code of what is held because this database may not know what was sent (publishing/restore-guard.ts). */
export const RESTORED = 'restored';

/** A publication as far as it decides what a person may do with it. */
export interface Standing {
  status: PublicationStatus;
  errorCode: string | null;
}

/**
 * Nobody knows whether it is out: no answer came, or the database that says that it is not may be an older copy. A person
 * looks and answers; nothing else sends it again, changes it or takes it off the schedule.
 */
export function mayBeLive({ status, errorCode }: Standing): boolean {
  return status === 'unconfirmed' || (status === 'held' && errorCode === RESTORED);
}

export function canCancel(publication: Standing): boolean {
  return CANCELLABLE.includes(publication.status) && !mayBeLive(publication);
}

export function canRetry(publication: Standing): boolean {
  return RETRYABLE.includes(publication.status) && !mayBeLive(publication);
}

/** Statuses that wait for a person to look. */
export const NEEDS_ATTENTION: readonly PublicationStatus[] = ['unconfirmed', 'failed', 'held', 'missed'];
