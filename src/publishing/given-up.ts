import type { Publication } from '@prisma/client';

/** What a person wrote off without knowing whether it is live. It stays so: only a duplicate of the post is sent again. */
export const GIVEN_UP = {
  errorCode: 'given-up',
  errorMessage: 'Given up without knowing whether it is live. To publish it again, duplicate the post.',
} as const;

/** Whether this publication was given up while it may be live: scheduling its post again must leave it alone. */
export function isGivenUp(publication: Pick<Publication, 'status' | 'errorCode'>): boolean {
  return publication.status === 'cancelled' && publication.errorCode === GIVEN_UP.errorCode;
}
