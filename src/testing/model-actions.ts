/**
 * What can happen, one action at a time: a person's verbs, a worker's steps, the passing of time. Persons tell the truth
 * about what they see on the platform; everything else may happen in any order.
 */
import type { Publication } from '@prisma/client';
import { markReconnectRequired } from '../accounts/access-token.ts';
import { disconnectAccount } from '../accounts/disconnect-account.ts';
import { canEditPost } from '../domain/post.ts';
import { canCancel, canRetry } from '../domain/publication.ts';
import { Refusal } from '../domain/refusal.ts';
import { putOffResting } from '../publishing/account-rest.ts';
import { spreadBacklog } from '../publishing/backlog.ts';
import { claimDue } from '../publishing/claim.ts';
import { releaseGroundlessHolds } from '../publishing/groundless-holds.ts';
import { createHold, releaseHold } from '../publishing/holds.ts';
import { lookUpUnconfirmed } from '../publishing/look-up.ts';
import { createPost, editPost } from '../publishing/posts.ts';
import { resolvePublication } from '../publishing/resolve-publication.ts';
import { cancelPublication, retryPublication } from '../publishing/retry-publication.ts';
import { cancelPost, publishPostNow, schedulePost } from '../publishing/schedule-post.ts';
import { recoverAbandonedClaims } from '../publishing/sweep.ts';
import type { Fault, Reading } from './ledger-platform.ts';
import type { Pause, World } from './model-world.ts';

type AccountName = keyof World['accounts'];

/** Numbers named `post`, `publication`, `hold` and `paused` choose one of what is there, modulo how many there are. */
export type Action =
  | { do: 'write'; accounts: 'blind' | 'readable' | 'both'; inSeconds: number; maxAttempts: number }
  | { do: 'copy'; post: number }
  | { do: 'edit'; post: number; inSeconds: number | null }
  | { do: 'schedule'; post: number; inSeconds: number }
  | { do: 'publish now'; post: number }
  | { do: 'cancel post'; post: number }
  | { do: 'cancel'; publication: number }
  | { do: 'retry'; publication: number }
  | { do: 'resolve'; publication: number; as: 'the truth' | 'abandon' }
  | { do: 'hold'; scope: 'team' | 'account'; account: AccountName }
  | { do: 'release'; hold: number }
  | { do: 'account dies'; account: AccountName; how: 'revoked' | 'disconnected' }
  | { do: 'reconnect'; account: AccountName }
  | { do: 'pass'; seconds: number }
  | { do: 'prepare ahead'; worker: number }
  | { do: 'work'; worker: number; limit: number; fault: Fault; pause: Pause | null; stopping: boolean }
  | { do: 'resume'; paused: number }
  | { do: 'crash'; worker: number }
  | { do: 'sweep' }
  | { do: 'look up'; reading: Reading }
  | { do: 'spread' };

let serial = 0;

/**
 * Carries out one action; nothing to do it to is no failure.
 * @param alone nothing else happens at the same time, so that whether a verb is refused follows from what was there before
 * @throws when the engine throws anything but a Refusal, or refuses (allows) what it should allow (refuse)
 */
export async function act(world: World, action: Action, alone: boolean): Promise<void> {
  const { ctx, manager } = world;
  switch (action.do) {
    case 'write': {
      const names = action.accounts === 'both' ? (['blind', 'readable'] as const) : [action.accounts];
      const accounts = names.map((name) => world.accounts[name].id);
      await verb(null, async () => {
        const post = await createPost(ctx, manager, {
          text: `Text ${++serial}`,
          accounts,
          scheduledAt: at(action.inSeconds),
        });
        await ctx.db.publication.updateMany({ where: { postId: post.id }, data: { maxAttempts: action.maxAttempts } });
        if (action.inSeconds === 0) await publishPostNow(ctx, manager, post.id);
        else await schedulePost(ctx, manager, post.id);
      });
      return;
    }
    case 'copy': {
      // Only of what is settled, and only where nothing is looked up by its text: otherwise the twins could not be told apart.
      const post = await choosePost(world, action.post);
      if (post === null || post.publications.some(({ status }) => status !== 'published')) return;
      await verb(null, async () => {
        const accounts = [world.accounts.blind.id];
        const copy = await createPost(ctx, manager, { text: post.text, accounts });
        await publishPostNow(ctx, manager, copy.id);
      });
      return;
    }
    case 'edit': {
      const post = await choosePost(world, action.post);
      if (post === null) return;
      const input = {
        text: `Text ${++serial}`,
        ...(action.inSeconds === null ? {} : { scheduledAt: at(action.inSeconds) }),
      };
      const refused = alone && !canEditPost(post.publications.map(({ status }) => status));
      await verb(refused ? false : null, () => editPost(ctx, manager, post.id, input));
      return;
    }
    case 'schedule': {
      const post = await choosePost(world, action.post);
      if (post === null) return;
      await verb(null, async () => {
        await editPost(ctx, manager, post.id, { scheduledAt: at(action.inSeconds) });
        await schedulePost(ctx, manager, post.id);
      });
      return;
    }
    case 'publish now': {
      const post = await choosePost(world, action.post);
      if (post === null) return;
      const moving = post.publications.some(({ status }) => status === 'publishing' || status === 'unconfirmed');
      await verb(alone && moving ? false : null, () => publishPostNow(ctx, manager, post.id));
      return;
    }
    case 'cancel post': {
      const post = await choosePost(world, action.post);
      if (post === null) return;
      const allowed = post.publications.some(canCancel);
      await verb(alone ? allowed : null, () => cancelPost(ctx, manager, post.id));
      return;
    }
    case 'cancel': {
      const publication = await choose(world, action.publication);
      if (publication === null) return;
      const allowed = canCancel(publication);
      await verb(alone ? allowed : null, () => cancelPublication(ctx, manager, publication.id));
      return;
    }
    case 'retry': {
      const publication = await choose(world, action.publication);
      if (publication === null) return;
      const refused = alone && !canRetry(publication);
      await verb(refused ? false : null, () => retryPublication(ctx, manager, publication.id));
      return;
    }
    case 'resolve': {
      const publication = await choose(world, action.publication, 'unconfirmed');
      if (publication !== null) await resolve(world, publication, action.as, alone);
      return;
    }
    case 'hold': {
      const target = action.scope === 'team' ? { team: world.teamId } : { account: world.accounts[action.account].id };
      await verb(alone ? true : null, () =>
        createHold(ctx, manager, { scope: action.scope, ...target, reason: 'Stop' }),
      );
      return;
    }
    case 'release': {
      const holds = await ctx.db.hold.findMany({
        where: { teamId: world.teamId, releasedAt: null },
        orderBy: { id: 'asc' },
      });
      const hold = pick(holds, action.hold);
      if (hold !== null) await verb(alone ? true : null, () => releaseHold(ctx, manager, hold.id));
      return;
    }
    case 'account dies': {
      const { id } = world.accounts[action.account];
      if (action.how === 'disconnected') await disconnectAccount(ctx, manager, id);
      else await ctx.db.$transaction((tx) => markReconnectRequired(tx, ctx, id, 'The permission was taken away.'));
      return;
    }
    case 'reconnect':
      return world.reconnect(world.accounts[action.account]);
    case 'pass':
      return world.pass(action.seconds);
    case 'prepare ahead':
      return world.readyBook(action.worker).refresh(new AbortController().signal);
    case 'work': {
      const ready = world.readyBook(action.worker).takeDue(action.limit);
      await Promise.all(ready.map((one) => world.run(action.worker, one, action)));
      const claims = await claimDue(ctx, action.limit);
      await Promise.all(claims.map((claim) => world.run(action.worker, claim, action)));
      return;
    }
    case 'resume': {
      const pipeline = pick(world.paused, action.paused);
      if (pipeline === null) return;
      world.paused.splice(world.paused.indexOf(pipeline), 1);
      return pipeline.resume();
    }
    case 'crash':
      // What stands still never goes on. That is all a crash is.
      world.paused.splice(0, world.paused.length, ...world.paused.filter(({ worker }) => worker !== action.worker));
      world.forget(action.worker);
      return;
    case 'sweep':
      await recoverAbandonedClaims(ctx);
      await releaseGroundlessHolds(ctx);
      await putOffResting(ctx.db);
      return;
    case 'look up':
      await lookUpUnconfirmed(
        { ...ctx, platforms: world.platform.reader(action.reading) },
        new AbortController().signal,
      );
      return;
    case 'spread':
      await spreadBacklog(ctx.db);
      return;
    default:
      action satisfies never;
  }
}

/** A person looks at the account and says what is there; or gives up without looking. */
export async function resolve(
  world: World,
  publication: Pick<Publication, 'id'>,
  as: 'the truth' | 'abandon',
  alone: boolean,
): Promise<void> {
  const [line] = world.platform.live(publication.id);
  const found = line === undefined ? { resolution: 'absent' } : { resolution: 'live', permalink: line.permalink };
  const input = { reason: 'I looked', ...(as === 'abandon' ? { resolution: 'abandon' } : found) };
  await verb(alone ? true : null, () => resolvePublication(world.ctx, world.manager, publication.id, input));
}

/** @param allowed null: either may happen */
async function verb(allowed: boolean | null, carryOut: () => Promise<unknown>): Promise<void> {
  try {
    await carryOut();
  } catch (error) {
    if (!(error instanceof Refusal) || allowed === true) throw error;
    return;
  }
  if (allowed === false) throw new Error('allowed, but it should have been refused');
}

const at = (seconds: number) => new Date(Date.now() + (seconds === 0 ? 60 : seconds) * 1000).toISOString();

function pick<T>(list: readonly T[], index: number): T | null {
  return list[index % Math.max(1, list.length)] ?? null;
}

async function choosePost(world: World, index: number) {
  const posts = await world.ctx.db.post.findMany({
    where: { teamId: world.teamId },
    include: { publications: true },
    orderBy: { id: 'asc' },
  });
  return pick(posts, index);
}

async function choose(world: World, index: number, status?: 'unconfirmed'): Promise<Publication | null> {
  const where = { teamId: world.teamId, ...(status === undefined ? {} : { status }) };
  return pick(await world.ctx.db.publication.findMany({ where, orderBy: { id: 'asc' } }), index);
}
