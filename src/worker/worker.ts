/** Front door 2: the queues and what each job calls, the sweep, and the dispatcher that keeps the instant. */
import { renewDueTokens } from '../accounts/renew-due-tokens.ts';
import { exportChainHead } from '../audit/export-head.ts';
import { sealAuditChain } from '../audit/seal-chain.ts';
import type { AppContext } from '../context.ts';
import { removeUnusedImages } from '../media/remove-unused-images.ts';
import { createNoticeQueue } from '../notices/notice-queue.ts';
import { putOffResting } from '../publishing/account-rest.ts';
import { ALARM_QUEUE } from '../publishing/alarm.ts';
import { spreadBacklog } from '../publishing/backlog.ts';
import { holdForDeadAccounts } from '../publishing/dead-accounts.ts';
import { releaseGroundlessHolds } from '../publishing/groundless-holds.ts';
import { lookUpUnconfirmed } from '../publishing/look-up.ts';
import { markOverdueApprovals } from '../publishing/overdue-approval.ts';
import { preflight } from '../publishing/preflight.ts';
import { guardAgainstRestore, holdWhatWasDue } from '../publishing/restore-guard.ts';
import { recoverAbandonedClaims } from '../publishing/sweep.ts';
import { unsavedOutcomes } from '../publishing/until-saved.ts';
import { backgroundWork } from './background-work.ts';
import { startDispatcher } from './dispatcher.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { startNoticeSender } from './notice-sender.ts';
import { reportStrangeAlarms } from './strange-alarms.ts';

/** Publications in flight in one process. Each waits for a platform most of the time. */
const CONCURRENCY = 50;
/** pg-boss finds future jobs by polling; this is its floor. Alarms ring early, so it costs no lateness. */
const POLL_SECONDS = 0.5;
const ALARM_BATCH = 100;
/** Images without a post may stay a little longer than their day. */
const IMAGES_REMOVED_EVERY_MS = 10 * 60_000;
/** A worker that has not swept for this long is not working, whatever else still answers. */
const SILENT_AFTER_MS = 30_000;

/** One may be a deadlock, or a connection that broke. */
const FAILURES_TOLD = 2;

export interface Worker {
  wake(): void;
  /** Null when it works; otherwise a sentence for the operator. */
  problem(): string | null;
  /** Stops taking work and finishes what is in flight (at most the drain time). */
  stop(): Promise<void>;
}

/** Makes the queues; needed by every process that schedules, whether it works or not. */
export async function createQueues(ctx: Pick<AppContext, 'boss'>): Promise<void> {
  // An alarm that fails is worth one more ring; the sweep covers the rest.
  await ctx.boss.createQueue(ALARM_QUEUE, { retryLimit: 1, retryDelay: 1, expireInSeconds: 60 });
  await createNoticeQueue(ctx.boss);
}

export async function startWorker(given: AppContext): Promise<Worker> {
  let heartbeat: Heartbeat | null = null;
  const ctx: AppContext = { ...given, lastBeat: () => heartbeat?.last() ?? null };
  // Before anything may leave: is this the database we knew?
  const guard = async () => {
    const restored = await guardAgainstRestore(ctx);
    if (restored !== null)
      ctx.log.warn(
        { restored },
        'the database was restored or nobody worked for hours: what is overdue waits for a person',
      );
    marking.start();
  };
  // It is ordered already, so nothing leaves meanwhile: a hundred thousand take minutes.
  const marking = backgroundWork(ctx.log, 'what was due could not be marked as held; trying again', async () => {
    await holdWhatWasDue(ctx);
  });
  await guard();
  const beating = await startHeartbeat(ctx);
  heartbeat = beating;
  const dispatcher = startDispatcher(ctx, CONCURRENCY, async (wasSilent) => {
    // It may have come back as a restored copy.
    if (wasSilent) await guard();
    // What piled up while nobody worked. What somebody is working on is asked about again: no start waits for it.
    return (await spreadBacklog(ctx.db, ctx.lastBeat?.())).busy;
  });
  // A renewal that is cut short may have used up a token that is good once: a stop waits for it.
  const renewing = backgroundWork(ctx.log, 'tokens could not be renewed; trying again', async () => {
    await renewDueTokens(ctx);
  });
  const lookingAhead = backgroundWork(ctx.log, 'looking ahead failed; trying again', async (signal) => {
    await holdForDeadAccounts(ctx);
    await markOverdueApprovals(ctx);
    await preflight(ctx, signal);
  });
  // A hundred thousand after a stop take many minutes.
  const lettingGo = backgroundWork(
    ctx.log,
    'what is held without a reason could not go on; trying again',
    async (signal) => {
      while (!signal.aborted && (await releaseGroundlessHolds(ctx, signal)) > 0) dispatcher.wake();
    },
  );
  const puttingOff = backgroundWork(
    ctx.log,
    'what waits for a platform could not be put off; trying again',
    async () => {
      if ((await putOffResting(ctx.db, ctx.lastBeat?.())) > 0) dispatcher.wake();
    },
  );
  const lookingUp = backgroundWork(ctx.log, 'looking for unconfirmed posts failed; trying again', async (signal) => {
    await lookUpUnconfirmed(ctx, signal);
  });
  const notices = await startNoticeSender(ctx);
  let lastSweep = performance.now();
  let failedSweeps = 0;
  let imagesRemoved = Number.NEGATIVE_INFINITY;
  let stopping = false;
  async function sweep(): Promise<void> {
    // What is due does not wait until what was abandoned is recovered.
    dispatcher.wake();
    try {
      await guard();
      // At once after it: a gap that was seen to is over. Not written when the database was rolled back in between.
      if (!(await beating.beat())) {
        await guard();
        await beating.beat();
      }
      await recoverAbandonedClaims(ctx);
      lettingGo.start();
      puttingOff.start();
      dispatcher.wake();
      lastSweep = performance.now();
      renewing.start();
      lookingAhead.start();
      notices.start();
      lookingUp.start();
      await sealAuditChain(ctx.db);
      await exportChainHead(ctx);
      if (performance.now() - imagesRemoved > IMAGES_REMOVED_EVERY_MS) {
        await removeUnusedImages(ctx);
        imagesRemoved = performance.now();
      }
      failedSweeps = 0;
    } catch (error) {
      failedSweeps += 1;
      ctx.log.error({ err: error }, 'the sweep failed; trying again');
    }
  }

  await sweep();
  let sweeping: Promise<void> | null = null;
  const timer = setInterval(() => {
    // One at a time: a slow database must not pile sweeps up.
    if (stopping || sweeping !== null) return;
    sweeping = sweep().finally(() => {
      sweeping = null;
    });
  }, ctx.timings.sweepMs);

  await ctx.boss.work(ALARM_QUEUE, { batchSize: ALARM_BATCH, pollingIntervalSeconds: POLL_SECONDS }, async (jobs) => {
    dispatcher.wake();
    await reportStrangeAlarms(ctx, jobs);
  });

  return {
    wake: dispatcher.wake,
    problem: () => {
      const silentMs = Math.max(performance.now() - lastSweep, dispatcher.silentMs());
      if (silentMs > SILENT_AFTER_MS + ctx.timings.sweepMs)
        return `the worker has not looked for due publications for ${Math.round(silentMs / 1000)} s`;
      const unsaved = unsavedOutcomes();
      if (unsaved > 0)
        return `${unsaved} ${unsaved === 1 ? 'answer' : 'answers'} of platforms could not be saved yet; the log says why`;
      if (dispatcher.failures() >= FAILURES_TOLD) return 'what is due cannot be claimed; the log says why';
      return failedSweeps >= FAILURES_TOLD ? 'the worker cannot do its rounds; the log says why' : null;
    },
    stop: async () => {
      stopping = true;
      clearInterval(timer);
      // Side by side: with the database away each may use up its patience, and an answer that is not saved has to be told
      // of before the process is ended from outside.
      const ends = await Promise.allSettled([
        dispatcher.stop(ctx.timings.drainMs),
        ctx.boss.offWork(ALARM_QUEUE),
        sweeping,
        ...[marking, renewing, lookingAhead, lettingGo, lookingUp, notices].map((work) =>
          work.stop(ctx.timings.drainMs),
        ),
      ]);
      await beating.end();
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
  };
}
