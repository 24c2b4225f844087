import { z } from 'zod';

/** The `paging` of a Graph API list. */
export const paging = z
  .object({
    cursors: z.object({ after: z.string().min(1).optional() }).optional(),
    next: z.string().optional(),
  })
  .optional()
  .catch(undefined);

/**
 * Where the next part of a list begins; null at its end, which Meta says is where `next` is missing (cursors are still
 * there then). `next` itself is never followed: the token stands in it.
 */
export function afterCursor(page: z.infer<typeof paging>): string | null {
  if (page?.next === undefined) return null;
  if (page.cursors?.after !== undefined) return page.cursors.after;
  return URL.canParse(page.next) ? new URL(page.next).searchParams.get('after') : null;
}
