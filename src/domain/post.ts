import { EDITABLE, type PublicationStatus } from './publication.ts';

export const POST_STATUSES = [
  'draft',
  'awaiting_approval',
  'scheduled',
  'publishing',
  'published',
  'partly_published',
  'unconfirmed',
  'held',
  'missed',
  'failed',
  'cancelled',
] as const;
export type PostStatus = (typeof POST_STATUSES)[number];

/**
 * A post's status follows from its publications: what is uncertain shows first, then what is moving, then what waits
 * for a person, then what is done. A post without publications is a draft.
 */
export function postStatus(publications: readonly PublicationStatus[]): PostStatus {
  const has = (...wanted: PublicationStatus[]) => publications.some((status) => wanted.includes(status));
  const all = (wanted: PublicationStatus) =>
    publications.length > 0 && publications.every((status) => status === wanted);
  if (publications.length === 0 || all('draft')) return 'draft';
  if (has('unconfirmed')) return 'unconfirmed';
  if (has('publishing', 'retrying')) return 'publishing';
  if (all('published')) return 'published';
  if (has('awaiting_approval')) return 'awaiting_approval';
  if (has('held')) return 'held';
  if (has('scheduled')) return has('published') ? 'partly_published' : 'scheduled';
  if (has('published')) return 'partly_published';
  if (has('failed')) return 'failed';
  if (has('missed')) return 'missed';
  if (has('cancelled')) return 'cancelled';
  return 'draft';
}

/** A post may be edited while none of its publications has left, is leaving, or may have left. */
export function canEditPost(publications: readonly PublicationStatus[]): boolean {
  return publications.every((status) => EDITABLE.includes(status));
}

/** A post may be deleted only while nothing of it was ever sent: then there is nothing to account for. */
export function canDeletePost(publications: readonly PublicationStatus[], attempts: number): boolean {
  return attempts === 0 && publications.every((status) => status === 'draft' || status === 'cancelled');
}
