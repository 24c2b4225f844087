/** A stop (a deploy) takes no new work from its first moment, and what it keeps from being sent uses up no attempt. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { AppContext } from '../context.ts';
import { createHttpClient, type HttpClient } from '../platforms/http-client.ts';
import { createLinkedIn } from '../platforms/linkedin.ts';
import { claimDue } from '../publishing/claim.ts';
import { createPost, editPost } from '../publishing/posts.ts';
import { publishPublication } from '../publishing/publish-publication.ts';
import { publishPostNow, schedulePost } from '../publishing/schedule-post.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { startDispatcher } from './dispatcher.ts';

let bench: ModelBench;
let world: World;
let http: HttpClient;
let silent: Server;
const sockets = new Set<Socket>();
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  http = createHttpClient();
  // Takes connections, and does not say a word about TLS.
  silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await http.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});
afterAll(() => bench.close());

function connecting(onStep: (step: string) => void): AppContext {
  const address = silent.address();
  const apiUrl = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const settings = { ...world.ctx.config.platforms.linkedin, apiUrl };
  const linkedin = createLinkedIn(settings, { sandboxed: false, clock: systemClock, http });
  return { ...world.ctx, platforms: { linkedin }, onStep };
}

const write = (maxAttempts: number) =>
  createPost(world.ctx, world.manager, {
    text: 'Ready',
    accounts: [world.accounts.blind.id],
    maxAttempts: String(maxAttempts),
  });
const row = (postId: string) => bench.db.publication.findFirstOrThrow({ where: { postId } });

it('what fell due while the last look waited for the database is left to the next worker', async () => {
  const post = await write(1);
  await editPost(world.ctx, world.manager, post.id, { scheduledAt: new Date(Date.now() + 1_500).toISOString() });
  await schedulePost(world.ctx, world.manager, post.id);
  const ready = Promise.withResolvers<void>();
  const looking = Promise.withResolvers<void>();
  const database = Promise.withResolvers<void>();
  const ctx = connecting((step) => {
    if (step === 'ready') ready.resolve();
  });
  const dispatcher = startDispatcher(ctx, 50, async () => {
    looking.resolve();
    await database.promise; // Another worker lines up a backlog, or the database is slow.
    return [];
  });
  dispatcher.wake();
  await Promise.all([ready.promise, looking.promise]);
  await new Promise((resolve) => setTimeout(resolve, 1_600));
  const stopping = dispatcher.stop(100);
  await new Promise((resolve) => setTimeout(resolve, 300));
  database.resolve();
  await stopping;
  expect(await row(post.id)).toMatchObject({ status: 'scheduled', attemptCount: 0 });
});

it.each([1, 5])('what was still connecting uses up none of its %i attempts, and is due again', async (maxAttempts) => {
  const post = await write(maxAttempts);
  await publishPostNow(world.ctx, world.manager, post.id);
  const [claim] = await claimDue(world.ctx, 1);
  if (claim === undefined) throw new Error('it is due');
  const stop = new AbortController();
  const ctx = connecting((step) => {
    if (step === 'sent') setTimeout(() => stop.abort(), 200);
  });
  await publishPublication(ctx, claim, stop.signal);
  expect(await row(post.id)).toMatchObject({ status: 'retrying', attemptCount: 0, errorCode: 'server-stopped' });
  expect(await claimDue(world.ctx, 1)).toHaveLength(1);
});
