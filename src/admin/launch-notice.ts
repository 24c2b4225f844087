/** What a person is told after putting a post or publication on its way: also that it will not leave, and why. */
import type { ConnectedAccount } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { canEditPost } from '../domain/post.ts';
import { dayInWords, momentInWords } from '../domain/time-in-words.ts';
import { restEnd } from '../publishing/account-rest.ts';
import { activeHoldFor } from '../publishing/holds.ts';

/** What a hold keeps from leaving. */
const ABOUT_TO_LEAVE = ['scheduled', 'retrying', 'publishing', 'held'] as const;

/** @param otherwise what is said when nothing stands in the way */
export async function launchNotice(ctx: AppContext, postId: string, otherwise: string): Promise<string> {
  const { status, timeZone, publications } = await ctx.db.post.findUniqueOrThrow({
    where: { id: postId },
    select: {
      status: true,
      timeZone: true,
      publications: {
        where: { status: { in: [...ABOUT_TO_LEAVE] } },
        select: { account: true, dueAt: true },
        orderBy: { id: 'asc' },
      },
    },
  });
  if (status === 'awaiting_approval') return 'Waiting for approval by somebody else in the team.';
  const held = await holdNotice(ctx, publications);
  const zone = timeZone ?? 'UTC';
  return held ?? otherwise + endNotices(ctx, publications, zone) + (await restNotices(ctx, publications, zone));
}

/** What leaves only if somebody connects the account again before. Nothing is refused for it: there is time. */
function endNotices(
  ctx: AppContext,
  publications: readonly { account: ConnectedAccount; dueAt: Date | null }[],
  timeZone: string,
): string {
  const now = ctx.clock.now();
  const sentences = publications.flatMap(({ account: { displayName, permissionEndsAt: endsAt }, dueAt }) => {
    if (endsAt === null || dueAt === null || endsAt > dueAt) return [];
    const day = dayInWords(endsAt, now, timeZone);
    return endsAt <= now
      ? [` But the connection to ${displayName} ended on ${day}: connect it again.`]
      : [` But the connection to ${displayName} ends on ${day}, before this is due: connect it again until then.`];
  });
  return sentences.join('');
}

/** The same for one publication that was sent again. */
export async function retryNotice(ctx: AppContext, publicationId: string, otherwise: string): Promise<string> {
  const publication = await ctx.db.publication.findUniqueOrThrow({
    where: { id: publicationId },
    select: { account: true },
  });
  return (await holdNotice(ctx, [publication])) ?? otherwise;
}

/** What becomes of a publication that a person has not found on its account. */
export async function absentNotice(ctx: AppContext, publicationId: string): Promise<string> {
  const { status, post } = await ctx.db.publication.findUniqueOrThrow({
    where: { id: publicationId },
    select: { status: true, post: { select: { publications: { select: { status: true } } } } },
  });
  if (status !== 'awaiting_approval') return retryNotice(ctx, publicationId, 'It will be sent again now.');
  const waits = 'Noted that it is not there. Nobody has approved what would be sent now, so it waits for approval.';
  return canEditPost(post.publications.map((one) => one.status))
    ? `${waits} Its time is over: edit the post and choose a new one.`
    : `${waits} Its time is over, and its post can no longer be changed: cancel it here, duplicate the post and schedule the copy.`;
}

/** What is due while its account rests leaves after that. Who publishes or retries one now has ended the rest. */
async function restNotices(
  ctx: AppContext,
  publications: readonly { account: ConnectedAccount; dueAt: Date | null }[],
  timeZone: string,
): Promise<string> {
  const sentences = await Promise.all(
    publications.map(async ({ account: { id, displayName }, dueAt }) => {
      const until = await restEnd(ctx.db, id);
      if (until === null || (dueAt !== null && dueAt > until)) return '';
      const end = momentInWords(until, ctx.clock.now(), timeZone);
      return ` But ${displayName} rests until ${end}, because the platform asked to slow down: it leaves there after that.`;
    }),
  );
  return sentences.join('');
}

async function holdNotice(
  ctx: AppContext,
  publications: readonly { account: Parameters<typeof activeHoldFor>[1] & { displayName: string } }[],
): Promise<string | null> {
  const found = await Promise.all(
    publications.map(async ({ account }) => ({ account, hold: await activeHoldFor(ctx.db, account) })),
  );
  const held = found.flatMap(({ account, hold }) => (hold === null ? [] : [{ name: account.displayName, hold }]));
  const [first] = held;
  if (first === undefined) return null;
  const reason = first.hold.reason.trim().replace(/[.!]$/, '');
  // The others leave as usual, so it is said which do not.
  const whom = held.length === found.length ? '' : ` for ${held.map(({ name }) => name).join(', ')}`;
  return `Scheduled, but on hold${whom}: ${reason}. It waits until the hold is released.`;
}
