/**
 * A restored database may have forgotten that a post was sent. Before anything leaves, the worker looks whether this is
 * still the database it knew: another system identifier or timeline, or nobody working for hours while posts fell due,
 * and what is overdue waits for a person instead of going out a second time.
 *
 * Limit: a restore within the same cluster, onto a moment a few minutes ago, shows neither sign.
 */
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { holdTogether } from './hold-publications.ts';

/** Nobody worked for this long: a restored copy shows such a gap, and so does a long outage. */
const GAP_HOURS = 6;

/** Thousands may be overdue, and a start that fails here would fail again each time. */
const LONG_TRANSACTION = { timeout: 120_000, maxWait: 120_000 };

const RESTORED =
  'This database seems to have been restored from a copy, which may not know what was sent since. Look at the accounts, then release this hold.';
const AFTER_A_GAP =
  'No worker ran for hours, or the database was restored. It may have been sent already: look at the account, then retry or cancel it.';

/** @returns what was done, for the log; null when all is as it was */
export async function guardAgainstRestore(ctx: AppContext): Promise<'restored' | 'gap' | null> {
  const identity = await readIdentity(ctx);
  return ctx.db.$transaction(async (tx) => {
    // One worker at a time: the second to start finds the identity already noted.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(5137002)`;
    const gap = await longGap(tx);
    const changed = identity !== null && (await identityChanged(tx, identity));
    if (changed) {
      const hold = await tx.hold.create({
        data: { scope: 'everything', reason: RESTORED, createdAt: ctx.clock.now() },
      });
      await recordEvent(
        tx,
        {
          actorId: null,
          action: 'hold.created',
          entity: 'Hold',
          entityId: hold.id,
          teamId: null,
          metadata: { scope: 'everything', reason: RESTORED },
        },
        ctx.clock.now(),
      );
    }
    const held = changed || gap ? await holdOverdue(tx, ctx) : 0;
    return changed ? 'restored' : held > 0 ? 'gap' : null;
  }, LONG_TRANSACTION);
}

interface Identity {
  system: string;
  timeline: number;
}

/** Null where the database user may not ask: the gap is then the only sign. */
async function readIdentity(ctx: AppContext): Promise<Identity | null> {
  try {
    const [row] = await ctx.db.$queryRaw<Identity[]>`
      SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system, (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline`;
    return row ?? null;
  } catch (error) {
    ctx.log.warn(
      { err: error },
      'cannot tell whether the database was restored: grant execute on pg_control_system() and pg_control_checkpoint()',
    );
    return null;
  }
}

/** Notes which database this is. The first time there is nothing to compare with. */
async function identityChanged(tx: Tx, now: Identity): Promise<boolean> {
  const known = await tx.databaseIdentity.findUnique({ where: { id: 1 } });
  await tx.$executeRaw`
    INSERT INTO database_identity (id, system_identifier, timeline, seen_at) VALUES (1, ${now.system}, ${now.timeline}, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET system_identifier = EXCLUDED.system_identifier, timeline = EXCLUDED.timeline, seen_at = EXCLUDED.seen_at`;
  return known !== null && (known.systemIdentifier !== now.system || known.timeline !== now.timeline);
}

async function longGap(tx: Tx): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ gap: boolean | null }[]>`
    SELECT max(beat_at) < clock_timestamp() - ${GAP_HOURS} * interval '1 hour' AS gap FROM worker_processes`;
  return row?.gap ?? false;
}

async function holdOverdue(tx: Tx, ctx: AppContext): Promise<number> {
  const overdue = await tx.$queryRaw<{ id: string; postId: string }[]>`
    SELECT id::text, post_id::text AS "postId" FROM publications
    WHERE status IN ('scheduled', 'retrying') AND next_attempt_at < clock_timestamp()`;
  return holdTogether(tx, ctx, overdue, {
    errorCode: 'restored',
    errorMessage: AFTER_A_GAP,
    actorId: null,
    metadata: { errorCode: 'restored' },
  });
}
