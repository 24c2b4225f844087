/**
 * The real product in a process of its own, for the crash tests: with CRASH_AT it kills itself with SIGKILL when a
 * publication reaches that step. Leases are short, so that recovery is seen within seconds.
 */
import { startApp } from '../app.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { QUICK } from './quick-timings.ts';

const crashAt = process.env.CRASH_AT;

await startApp(readConfig(), createLog(process.env.LOG_LEVEL ?? 'silent'), () => undefined, {
  timings: QUICK,
  onStep: (step) => {
    if (step === crashAt) process.kill(process.pid, 'SIGKILL');
  },
});
