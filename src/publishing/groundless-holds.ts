/**
 * Holds that nobody comes back for: the hold was released, or the account connected again, shared or given back its key,
 * while a worker was writing them down, or there were more of them than could go on together.
 */
import { isReadable } from '../accounts/readable-tokens.ts';
import type { AppContext } from '../context.ts';
import { mayPublishTo } from '../domain/access.ts';
import { putInPlace } from './backlog.ts';
import { activeHoldFor } from './holds.ts';
import { letGoOn } from './let-go-on.ts';
import { NO_HOLD_COVERS_ACCOUNT } from './no-hold.ts';
import { dueTime, recordPublicationEvent } from './publication-event.ts';
import { lockPost } from './transition.ts';

/** Whether the operator has put the app's credentials right is found out by trying, this far apart. */
const APP_AGAIN_SECONDS = 300;
/** Rows taken at once. */
const BATCH = 200;

interface Held {
  id: string;
  postId: string;
}

/**
 * Lets go on what is held without a reason, the longest due first; what still has its reason is not even looked at, so that
 * it keeps nothing else waiting. One that cannot be released is left to the next sweep, and the others do not wait for it.
 * @param signal ends it after the one it is at
 * @returns how many go on
 */
export async function releaseGroundlessHolds(ctx: AppContext, signal?: AbortSignal): Promise<number> {
  // The operator has put the key back, or has not.
  const readable = await readableAgain(ctx);
  const held = await ctx.db.$queryRaw<Held[]>`
    SELECT publications.id::text, post_id::text AS "postId"
    FROM publications
    JOIN connected_accounts account ON account.id = publications.account_id
    JOIN posts ON posts.id = publications.post_id
    WHERE publications.status = 'held' AND account.status = 'active' AND error_code NOT IN ('late', 'restored')
      AND (error_code <> 'app-refused' OR publications.updated_at < clock_timestamp() - ${APP_AGAIN_SECONDS} * interval '1 second')
      AND (error_code <> 'token-unreadable' OR account.id = ANY (${readable}::uuid[]))
      -- mayPublishTo of domain/access.ts.
      AND (error_code <> 'account-personal' OR account.team_id = posts.team_id
        AND (account.owner_id IS NULL OR account.owner_id = posts.author_id))
      AND ${NO_HOLD_COVERS_ACCOUNT}
    ORDER BY publications.due_at, publications.id LIMIT ${BATCH}`;
  let released = 0;
  for (const row of held) {
    if (signal?.aborted === true) break;
    if (await releaseOrTell(ctx, row, readable)) released += 1;
  }
  return released;
}

/** Accounts with something held because no key opened their tokens, and whose tokens can be read now. */
async function readableAgain(ctx: AppContext): Promise<string[]> {
  const accounts = await ctx.db.publication.findMany({
    where: { status: 'held', errorCode: 'token-unreadable' },
    select: { accountId: true },
    distinct: ['accountId'],
  });
  const readable: string[] = [];
  for (const { accountId } of accounts) if (await isReadable(ctx, accountId)) readable.push(accountId);
  return readable;
}

async function releaseOrTell(ctx: AppContext, row: Held, readable: readonly string[]): Promise<boolean> {
  try {
    return await release(ctx, row, readable);
  } catch (error) {
    ctx.log.error({ err: error, publicationId: row.id }, 'a hold without a reason could not be released; trying again');
    return false;
  }
}

async function release(ctx: AppContext, { id, postId }: Held, readable: readonly string[]): Promise<boolean> {
  return ctx.db.$transaction(async (tx) => {
    await lockPost(tx, postId);
    const publication = await tx.publication.findUnique({ where: { id }, include: { account: true, post: true } });
    if (publication?.status !== 'held' || publication.account.status !== 'active') return false;
    const { errorCode, account, post } = publication;
    if (errorCode === 'late' || errorCode === 'restored') return false;
    if (errorCode === 'token-unreadable' && !readable.includes(account.id)) return false;
    if (errorCode === 'account-personal' && !mayPublishTo(account, post)) return false;
    if ((await activeHoldFor(tx, account)) !== null) return false;
    if (!(await letGoOn(tx, ctx, publication))) return false;
    const metadata = { by: 'the sweep', from: 'held', errorCode, dueAt: dueTime(publication) };
    await recordPublicationEvent(tx, ctx, publication, 'publication.retrying', metadata);
    await putInPlace(tx, [id]);
    return true;
  });
}
