/** Looking for a post when clocks differ: the platform's from ours, and one worker's from another's. */
import type { Post, Publication } from '@prisma/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import { createFacebook } from '../platforms/facebook.ts';
import { createHttpClient, type HttpClient } from '../platforms/http-client.ts';
import { type GraphServer, startGraphServer } from '../testing/graph-server.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { lookUpUnconfirmed } from './look-up.ts';
import { createPost } from './posts.ts';
import { publishPostNow } from './schedule-post.ts';

const MINUTE_MS = 60_000;
/** Enough good reads, over enough time, to prove that a post is not there. */
const READS_AFTER_SECONDS = [6, 12, 48, 100, 190, 300];

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: true });
});
afterAll(() => bench.close());

let serial = 0;

const of = (post: Post): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
const live = async (post: Post) => world.platform.live((await of(post)).id).length;

async function work(fault: 'ok' | '500 after' | '500 before'): Promise<void> {
  for (const claim of await claimDue(world.ctx, 10)) await world.run(1, claim, { fault, pause: null, stopping: false });
}

/** A post of which nobody knows whether the platform took it. */
async function doubtful(fault: '500 after' | '500 before', text = `Clocks ${++serial}`): Promise<Post> {
  const { id } = await createPost(world.ctx, world.manager, { text, accounts: [world.accounts.readable.id] });
  const post = await publishPostNow(world.ctx, world.manager, id);
  await work(fault);
  return post;
}

async function look(ctx: AppContext, afterSeconds: readonly number[]): Promise<void> {
  for (const seconds of afterSeconds) {
    await world.pass(seconds);
    await lookUpUnconfirmed(ctx, new AbortController().signal);
  }
}

describe('a platform whose clock differs from the database’s', () => {
  let server: GraphServer;
  let http: HttpClient;
  /** Milliseconds by which we are ahead of the platform: when it stamped the post, and now. */
  let ahead: { sending: number; looking: number };
  /** null: the platform does not say what time it is. */
  let says: 'its time' | null;
  /** What other text it shows beside an old post, and when it was made, in minutes after the attempt. */
  let shown: { id: string; text: string; minutes: number }[];

  beforeEach(async () => {
    ahead = { sending: 0, looking: 0 };
    says = 'its time';
    shown = [];
    http = createHttpClient();
    server = await startGraphServer(async () => {
      const attempt = await world.ctx.db.publishAttempt.findFirstOrThrow({ orderBy: { createdAt: 'desc' } });
      const sentAt = attempt.sentAt?.getTime() ?? 0;
      const by = (at: number) => new Date(at).toISOString().replace('Z', '+0000');
      const ours = world.platform.lines
        .filter(({ account }) => account === world.accounts.readable.externalId)
        .map(({ externalId, text }) => ({
          id: externalId,
          message: text,
          created_time: by(sentAt + 500 - ahead.sending),
        }));
      const others = shown.map(({ id, text, minutes }) => ({
        id,
        message: text,
        created_time: by(sentAt + minutes * MINUTE_MS),
      }));
      const old = { id: 'page_1', message: 'Old', created_time: by(sentAt - 60 * MINUTE_MS) };
      const date = says === null ? '' : new Date(Date.now() - ahead.looking).toUTCString();
      return { headers: { date }, body: { data: [...ours, ...others, old] } };
    });
  });
  afterEach(async () => {
    await http.close();
    await server.close();
  });

  function reading(): AppContext {
    const settings = {
      clientId: 'id',
      clientSecret: 'secret',
      authorizeUrl: server.url,
      apiUrl: server.url,
      version: 'v26.0',
    };
    const facebook = createFacebook(settings, { sandboxed: false, clock: world.ctx.clock, http });
    return { ...world.ctx, platforms: { facebook } };
  }

  it.each([0, 5, -5])('does not make a live post look absent (we are %i minutes ahead)', async (minutes) => {
    ahead = { sending: minutes * MINUTE_MS, looking: minutes * MINUTE_MS };
    const post = await doubtful('500 after');
    await look(reading(), READS_AFTER_SECONDS);
    expect(await of(post)).toMatchObject({ status: 'published' });
    await work('ok');
    expect(await live(post)).toBe(1);
  });

  it('does not either when ours was set right after it was sent', async () => {
    ahead = { sending: 5 * MINUTE_MS, looking: 0 };
    const post = await doubtful('500 after');
    await look(reading(), READS_AFTER_SECONDS);
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'unconfirmed' });
    expect(await live(post)).toBe(1);
  });

  it('proves nothing by what it does not show', async () => {
    ahead = { sending: MINUTE_MS, looking: MINUTE_MS };
    const post = await doubtful('500 before');
    await look(reading(), READS_AFTER_SECONDS);
    expect(await of(post)).toMatchObject({ status: 'unconfirmed' });
  });

  it('proves nothing when it does not say what time it is', async () => {
    says = null;
    const post = await doubtful('500 before');
    await look(reading(), READS_AFTER_SECONDS);
    expect(await of(post)).toMatchObject({ status: 'unconfirmed' });
  });

  it('proves it when the clocks agree, and the post is sent again', async () => {
    const post = await doubtful('500 before');
    await look(reading(), READS_AFTER_SECONDS);
    expect(await of(post)).toMatchObject({ status: 'scheduled' });
    await work('ok');
    expect(await live(post)).toBe(1);
  });

  it('proves nothing when it shows this text from another time, for whatever reason', async () => {
    const post = await doubtful('500 before');
    shown = [{ id: 'page_2', text: `${post.text} `, minutes: -200 }];
    await look(reading(), READS_AFTER_SECONDS);
    expect(await of(post)).toMatchObject({ status: 'unconfirmed' });
  });

  it('is not put off by this text in a post that is known as another publication', async () => {
    const text = `Every Monday ${++serial}`;
    const last = await createPost(world.ctx, world.manager, { text, accounts: [world.accounts.readable.id] });
    await publishPostNow(world.ctx, world.manager, last.id);
    await work('ok');
    ahead = { sending: 200 * MINUTE_MS, looking: 0 };
    const post = await doubtful('500 before', text);
    await look(reading(), READS_AFTER_SECONDS);
    expect(await of(post)).toMatchObject({ status: 'scheduled' });
  });
});

describe('workers whose clocks are five minutes apart', () => {
  const at = (ms: number): AppContext => ({
    ...world.ctx,
    platforms: world.platform.reader('stale'),
    clock: { now: () => new Date(Date.now() + ms) },
  });

  it('do not prove in a minute what takes five', async () => {
    const post = await doubtful('500 after');
    await look(at(-5 * MINUTE_MS), [6]);
    await look(at(0), [12, 48]);
    expect(await of(post)).toMatchObject({ status: 'unconfirmed' });
    await work('ok');
    expect(await live(post)).toBe(1);
  });

  it('look again in time, whoever has looked before', async () => {
    const post = await doubtful('500 before');
    await look(at(5 * MINUTE_MS), [6]);
    const { nextLookUpAt } = await world.ctx.db.publishAttempt.findFirstOrThrow({
      where: { publication: { postId: post.id } },
    });
    expect((nextLookUpAt?.getTime() ?? 0) - Date.now()).toBeLessThan(MINUTE_MS);
  });
});
