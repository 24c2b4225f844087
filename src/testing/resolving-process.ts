/**
 * A person's decision in a process of its own, which dies where CRASH_ORDERS says:
 * `node src/testing/resolving-process.ts PUBLICATION ACTOR RESOLUTION`, the actor as JSON.
 */
import { readConfig } from '../config.ts';
import type { Actor } from '../domain/access.ts';
import { createLog } from '../log.ts';
import { openContext } from '../open-context.ts';
import { resolvePublication } from '../publishing/resolve-publication.ts';
import { obeyCrashOrders } from './crash-orders.ts';

const [publicationId = '', actor = '', resolution = ''] = process.argv.slice(2);
await using closing = new AsyncDisposableStack();
const { ctx } = await openContext(readConfig(), createLog('silent'), closing, () => undefined, {
  onStep: obeyCrashOrders(process.env.CRASH_ORDERS ?? ''),
});
await resolvePublication(ctx, JSON.parse(actor) as Actor, publicationId, { resolution, reason: 'looked' });
