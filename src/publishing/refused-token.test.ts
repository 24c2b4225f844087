/** A token that is refused when a post is sent: only that one counts as refused, and for everybody, whatever his clock says. */
import { randomUUID } from 'node:crypto';
import type { ConnectedAccount } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectAccount } from '../accounts/connect-account.ts';
import type { PlatformAdapter, TokenGrant } from '../platforms/platform.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { disconnectAndHold } from './hold-account.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
});
afterAll(() => bench.close());

const statusOf = async ({ id }: { id: string }) =>
  (await bench.db.connectedAccount.findUniqueOrThrow({ where: { id } })).status;

it('the refusal of a token does not end the connection that was made anew before it arrived', async () => {
  const { blind } = world.accounts;
  const post = await createPost(world.ctx, world.manager, { text: 'In flight', accounts: [blind.id] });
  await publishPostNow(world.ctx, world.manager, post.id);
  for (const claim of await claimDue(world.ctx, 1))
    await world.run(1, claim, { fault: '401', pause: 'answered', stopping: false });
  await disconnectAndHold(world.ctx, world.manager, blind.id);
  await world.reconnect(blind);
  expect(world.paused).toHaveLength(1);
  await world.paused[0]?.resume();
  expect(await statusOf(blind)).toBe('active');
});

it.each([
  [0, 0],
  [300, 0],
  [0, -300],
])(
  'a refused token is renewed before the post is sent again, by workers whose clocks are %i and %i s off',
  async (first, second) => {
    const refuser = refusesOldTokens();
    const account = await connect(refuser.linkedin, `member ${first} ${second}`);
    const post = await createPost(world.ctx, world.manager, { text: 'Two clocks', accounts: [account.id] });
    await publishPostNow(world.ctx, world.manager, post.id);
    for (const seconds of [first, second]) {
      const clock = { now: () => new Date(Date.now() + seconds * 1000) };
      const ctx = { ...world.ctx, platforms: { linkedin: refuser.linkedin }, clock };
      for (const claim of await claimDue(world.ctx, 10))
        await publishPublication(ctx, claim, new AbortController().signal);
    }
    expect(refuser.sentWith).toEqual(['old', 'new']);
    expect(await bench.db.publication.findFirstOrThrow({ where: { postId: post.id } })).toMatchObject({
      status: 'published',
    });
    expect(await statusOf(account)).toBe('active');
  },
);

/** LinkedIn as it takes the token `new` only, which is what the other one is renewed to. */
function refusesOldTokens(): { linkedin: PlatformAdapter; sentWith: string[] } {
  const adapter = world.platform.sender('', 'ok', () => Promise.resolve()).linkedin;
  if (adapter === undefined) throw new Error('it is there');
  const sentWith: string[] = [];
  const url = 'https://platform.example.com/';
  const linkedin: PlatformAdapter = {
    ...adapter,
    connector: { ...adapter.connector, refresh: async (_token, now) => grant('new', now) },
    publisher: {
      prepare: async (_content, { accessToken }) => ({
        ready: true,
        request: { method: 'POST', url, headers: {}, body: accessToken },
      }),
      send: async ({ body }) => {
        sentWith.push(body);
        return body === 'new'
          ? { kind: 'accepted', httpStatus: 201, externalId: randomUUID(), permalink: url }
          : { kind: 'reauthorization-required', httpStatus: 401, errorCode: 'http-401', errorMessage: 'Refused.' };
      },
    },
  };
  return { linkedin, sentWith };
}

function grant(accessToken: string, now: Date): TokenGrant {
  const accessTokenExpiresAt = new Date(now.getTime() + 3_600_000);
  return { accessToken, accessTokenExpiresAt, refreshToken: 'refresh', refreshTokenExpiresAt: null, scopes: [] };
}

function connect(linkedin: PlatformAdapter, externalId: string): Promise<ConnectedAccount> {
  const candidate = {
    externalId,
    kind: 'member',
    displayName: 'Ann',
    profileUrl: null,
    email: null,
    grant: null,
  } as const;
  const { manager: actor, teamId } = world;
  return bench.db.$transaction((tx) =>
    connectAccount(tx, world.ctx, {
      actor,
      teamId,
      personal: false,
      platform: linkedin.platform,
      candidate,
      grant: grant('old', new Date()),
    }),
  );
}
