/**
 * A request that takes long to connect can still be stopped: until its first byte is about to leave, the holds are asked
 * for again and again. Costs nothing where a connection is there within half a second, as nearly always.
 */
import type { Hold } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { activeHoldFor } from './holds.ts';

const FIRST_AFTER_MS = 500;
/** How late a stop may be for a request whose connection gets ready just then. */
const THEN_EVERY_MS = 250;

export interface HoldWatch {
  /** Aborted when a hold was ordered before the connection was ready. */
  signal: AbortSignal;
  /** The hold that was found, if one was. */
  found(): Hold | null;
  /** The connection is ready, or it is over: from here on nothing is stopped. */
  end(): void;
}

export function watchForHold(ctx: Pick<AppContext, 'db' | 'log'>, accountId: string): HoldWatch {
  const abort = new AbortController();
  let hold: Hold | null = null;
  let ended = false;
  let timer = setTimeout(look, FIRST_AFTER_MS);

  async function ask(): Promise<void> {
    const account = await ctx.db.connectedAccount.findUnique({ where: { id: accountId } });
    const active = account === null ? null : await activeHoldFor(ctx.db, account);
    if (ended || active === null) return;
    hold = active;
    abort.abort(new Error('a hold was ordered while connecting'));
  }

  function look(): void {
    ask()
      // Nobody can order a hold either while the database is away.
      .catch((error: unknown) => ctx.log.warn({ err: error, accountId }, 'cannot ask for holds while connecting'))
      .finally(() => {
        if (!ended && hold === null) timer = setTimeout(look, THEN_EVERY_MS);
      });
  }

  return {
    signal: abort.signal,
    found: () => hold,
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}
