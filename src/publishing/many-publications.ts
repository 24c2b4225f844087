/**
 * The same decision about several publications. Each is decided, checked, locked and audited on its own, as if somebody
 * had gone through them one by one: what has changed meanwhile is left out and counted, the others go through.
 */
import { validate as isUuid } from 'uuid';
import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { STAGGER_SECONDS } from './backlog.ts';
import { resolvePublication } from './resolve-publication.ts';
import { cancelPublication, retryPublication } from './retry-publication.ts';

/** As many as a person can have looked at. */
export const MOST_AT_ONCE = 200;

export interface DecidedMany {
  done: number;
  /** What was left out, and the sentence that says why. `gone`: it does not exist or may not be seen. */
  leftOut: { id: string; gone: boolean; message: string }[];
}

/**
 * Answers several unconfirmed publications with one finding and one reason.
 * @param input `resolution`: absent or abandon; a live post has a link of its own, so it is answered on its own page
 * @throws Refusal with a message per field; nothing was decided then
 */
export async function resolveMany(
  ctx: AppContext,
  actor: Actor,
  ids: readonly string[],
  input: { resolution: string; reason: string },
): Promise<DecidedMany> {
  if (input.resolution === 'live') {
    const message = 'A live post needs its link, so it is answered on its own page.';
    throw new Refusal('invalid', message, { resolution: message });
  }
  return decideEach(ctx, ids, (id, sendAt) => resolvePublication(ctx, actor, id, input, sendAt));
}

/** Sends several again: the first of each account now, the others one after another. @throws Refusal */
export async function retryMany(ctx: AppContext, actor: Actor, ids: readonly string[]): Promise<DecidedMany> {
  return decideEach(ctx, ids, (id, sendAt) => retryPublication(ctx, actor, id, sendAt));
}

/** Gives several up. @throws Refusal */
export async function cancelMany(ctx: AppContext, actor: Actor, ids: readonly string[]): Promise<DecidedMany> {
  return decideEach(ctx, ids, (id) => cancelPublication(ctx, actor, id));
}

async function decideEach(
  ctx: AppContext,
  given: readonly string[],
  decide: (id: string, sendAt: Date) => Promise<unknown>,
): Promise<DecidedMany> {
  const ids = [...new Set(given)];
  if (ids.length === 0) throw invalid('Choose at least one publication from the list.');
  if (ids.length > MOST_AT_ONCE) throw invalid(`At most ${MOST_AT_ONCE} at once; these are ${ids.length}.`);
  const accountOf = await accounts(ctx, ids);
  const sentPerAccount = new Map<string, number>();
  const result: DecidedMany = { done: 0, leftOut: [] };
  const now = await databaseTime(ctx.db);
  for (const id of ids) {
    const account = accountOf.get(id) ?? '';
    const place = sentPerAccount.get(account) ?? 0;
    try {
      await decide(id, new Date(now.getTime() + place * STAGGER_SECONDS * 1000));
      sentPerAccount.set(account, place + 1);
      result.done += 1;
    } catch (error) {
      // What is wrong with the answer itself is wrong for all of them, so it is found before any was decided.
      if (!(error instanceof Refusal) || error.code === 'invalid') throw error;
      result.leftOut.push({ id, gone: error.code === 'not-found', message: error.message });
    }
  }
  return result;
}

/** Only to space out what is sent to one account; whether it may be touched is decided for each by its verb. */
async function accounts(ctx: AppContext, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await ctx.db.publication.findMany({
    where: { id: { in: ids.filter((id) => isUuid(id)) } },
    select: { id: true, accountId: true },
  });
  return new Map(rows.map(({ id, accountId }) => [id, accountId]));
}

function invalid(message: string): Refusal {
  return new Refusal('invalid', message, { ids: message });
}
