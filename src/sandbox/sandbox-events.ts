/** What a journalled event changes: the sandbox's own events here, a platform's in its folder. */
import { z } from 'zod';
import type { FaultSwitches } from './fault-switches.ts';
import type { JournalRecord } from './journal.ts';
import type { RequestLog } from './request-log.ts';
import type { SandboxPlatform } from './sandbox-platform.ts';

export interface SandboxMemory {
  readonly platforms: readonly SandboxPlatform[];
  readonly faults: FaultSwitches;
  readonly requests: RequestLog;
}

const faultSetSchema = z.object({
  platform: z.string(),
  account: z.string(),
  fault: z.string(),
  remaining: z.number().nullable(),
  delayMs: z.number(),
  setAt: z.iso.datetime(),
});

const requestSchema = z.object({
  platform: z.string(),
  receivedAt: z.string(),
  endpoint: z.string(),
  account: z.string().nullable(),
  status: z.number().nullable(),
  code: z.string().nullable(),
  fault: z.string().nullable(),
  id: z.string().nullable(),
});

/** Applies one event, live or on replay; the only way the sandbox's memory changes. */
export function applyEvent(record: JournalRecord, { platforms, faults, requests }: SandboxMemory): void {
  switch (record.kind) {
    case 'fault.set': {
      const { platform, account, fault, remaining, delayMs, setAt } = faultSetSchema.parse(record);
      faults.set(platform, account, fault, { remaining, delayMs, setAt: new Date(setAt) });
      break;
    }
    case 'fault.used':
      faults.use(record.platform, z.string().parse(record.account));
      break;
    case 'request':
      requests.add(requestSchema.parse(record));
      break;
    case 'reset': {
      const keepConnections = record.keepConnections === true;
      for (const platform of platforms) platform.clear({ keepConnections });
      faults.clear();
      requests.clear();
      break;
    }
    default:
      platforms.find(({ name }) => name === record.platform)?.apply(record);
  }
}
