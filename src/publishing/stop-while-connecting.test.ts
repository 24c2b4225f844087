/** A stop is ordered while the create request is still connecting: not a byte of it may leave afterwards. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import { createHttpClient, type HttpClient } from '../platforms/http-client.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { eventually } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { createHold } from './holds.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
let server: Server;
let http: HttpClient;
let ctx: AppContext;
let received: number;
let posts = 0;
/** Resolves the platform's name: until then its request is connecting. */
let connect: () => void;

beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  received = 0;
  server = createServer((request, response) => {
    received += 1;
    request.resume().on('end', () => response.writeHead(201).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const named = Promise.withResolvers<void>();
  connect = named.resolve;
  const lookup: LookupFunction = (_host, _options, done) => {
    void named.promise.then(() => done(null, [{ address: '127.0.0.1', family: 4 }]));
  };
  http = createHttpClient({ deadlineMs: 20_000, lookup });
  ctx = { ...world.ctx, platforms: { linkedin: sendingTo((server.address() as AddressInfo).port) } };
});
afterEach(async () => {
  await http.close();
  server.close();
});

function sendingTo(port: number): NonNullable<AppContext['platforms']['linkedin']> {
  const { linkedin } = world.ctx.platforms;
  if (linkedin === undefined) throw new Error('the world has LinkedIn');
  return {
    ...linkedin,
    publisher: {
      ...linkedin.publisher,
      async send(request, signal, onProgress) {
        const url = `http://platform.localhost:${port}/posts`;
        const result = await http.send({ ...request, url }, signal, onProgress);
        if (result.kind === 'answer')
          return {
            kind: 'accepted',
            httpStatus: 201,
            externalId: `post-${++posts}`,
            permalink: 'https://example.com/',
          };
        if (result.kind === 'no-answer')
          return { kind: 'unknown', httpStatus: null, errorCode: result.reason, errorMessage: 'No answer.' };
        return {
          kind: 'unavailable',
          httpStatus: null,
          errorCode: result.reason,
          errorMessage: 'Not sent.',
          retryAt: null,
        };
      },
    },
  };
}

async function connecting(): Promise<{ postId: string; pipeline: Promise<void> }> {
  const post = await createPost(ctx, world.manager, { text: 'Connecting', accounts: [world.accounts.blind.id] });
  await publishPostNow(ctx, world.manager, post.id);
  const [claim] = await claimDue(ctx, 1);
  if (claim === undefined) throw new Error('it is due');
  const pipeline = publishPublication(ctx, claim, new AbortController().signal);
  await eventually(async () => ((await publication(post.id)).sentAt === null ? undefined : true), 'it to be recorded');
  return { postId: post.id, pipeline };
}
const publication = (postId: string) =>
  ctx.db.publication.findFirstOrThrow({ where: { postId }, include: { attempts: true } });

it('the request is given up, its attempt closed as not sent, and the post held', async () => {
  const { postId, pipeline } = await connecting();
  await createHold(ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
  await pipeline;
  connect();
  const { attempts } = await publication(postId);
  expect(attempts).toMatchObject([{ state: 'rejected', errorCode: 'hold' }]);
  await world.pass(10);
  for (const claim of await claimDue(ctx, 1)) await publishPublication(ctx, claim, new AbortController().signal);
  expect(await publication(postId)).toMatchObject({ status: 'held', errorCode: 'hold', attemptCount: 0 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(received).toBe(0);
});

it('a slow connection without a stop is used', async () => {
  const { postId, pipeline } = await connecting();
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  connect();
  await pipeline;
  expect(await publication(postId)).toMatchObject({ status: 'published' });
  expect(received).toBe(1);
});

it('what is connected already is on its way: the stop waits for its answer', async () => {
  const answer = Promise.withResolvers<void>();
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    received += 1;
    request.resume().on('end', () => void answer.promise.then(() => response.writeHead(201).end()));
  });
  connect();
  const { postId, pipeline } = await connecting();
  await eventually(() => (received === 1 ? true : undefined), 'the request to arrive');
  await createHold(ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  answer.resolve();
  await pipeline;
  expect(await publication(postId)).toMatchObject({ status: 'published' });
});
