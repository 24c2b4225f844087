/** Publications that read the same on one account: the post that is there belongs to one of them, and nobody can tell to which. */
import type { Post, Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectAccount } from '../accounts/connect-account.ts';
import type { Fault } from '../testing/ledger-platform.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { lookUpUnconfirmed } from './look-up.ts';
import { createPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
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

const of = (post: Post): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });

async function work(fault: Fault): Promise<void> {
  for (const claim of await claimDue(world.ctx, 10)) await world.run(1, claim, { fault, pause: null, stopping: false });
}

interface Wanted {
  text?: string;
  team?: string;
  account?: string;
}

async function sent(fault: Fault, wanted: Wanted = {}): Promise<Post> {
  const team = wanted.team ?? world.teamId;
  const memberships = [{ teamId: team, role: 'manager' as const }];
  const actor = { ...world.manager, memberships };
  const accounts = [wanted.account ?? world.accounts.readable.id];
  const { id } = await createPost(world.ctx, actor, { text: wanted.text ?? 'The same news', team, accounts });
  const post = await publishPostNow(world.ctx, actor, id);
  await work(fault);
  return post;
}

async function look(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await world.pass(20);
    await lookUpUnconfirmed(world.ctx, new AbortController().signal);
  }
}

/** The same Page, connected in another team too. */
async function inAnotherTeam(): Promise<{ team: string; account: string }> {
  const { id: team } = await world.ctx.db.team.create({ data: { name: 'Another team' } });
  const actor = { ...world.manager, memberships: [{ teamId: team, role: 'manager' as const }] };
  const account = await world.ctx.db.$transaction((tx) =>
    connectAccount(tx, world.ctx, {
      actor,
      teamId: team,
      personal: false,
      platform: 'facebook',
      candidate: {
        externalId: world.accounts.readable.externalId,
        kind: 'page',
        displayName: 'page',
        profileUrl: null,
        email: null,
        grant: null,
      },
      grant: {
        accessToken: 'token',
        accessTokenExpiresAt: null,
        refreshToken: null,
        refreshTokenExpiresAt: null,
        scopes: [],
      },
    }),
  );
  return { team, account: account.id };
}

describe('a post that is live is not taken for that of a publication which was never accepted', () => {
  it('when their texts differ in white space only', async () => {
    const first = await sent('500 before', { text: 'Hello  world' });
    const second = await sent('500 after', { text: 'Hello world' });
    await look();
    expect(await of(first)).toMatchObject({ status: 'unconfirmed', externalId: null });
    expect(await of(second)).toMatchObject({ status: 'unconfirmed', externalId: null });
  });

  it('when somebody gave the other one up', async () => {
    const first = await sent('500 before');
    const second = await sent('500 after');
    await resolvePublication(world.ctx, world.manager, (await of(second)).id, {
      resolution: 'abandon',
      reason: 'I do not know',
    });
    await look();
    expect(await of(first)).toMatchObject({ status: 'unconfirmed', externalId: null });
  });

  it('when the other one is of another team that has connected the same Page', async () => {
    const other = await inAnotherTeam();
    const first = await sent('500 before');
    const second = await sent('500 after', other);
    await look();
    expect(await of(first)).toMatchObject({ status: 'unconfirmed', externalId: null });
    expect(await of(second)).toMatchObject({ status: 'unconfirmed', externalId: null });
  });
});

it('a post that is live is still found when others with another text are in doubt', async () => {
  const first = await sent('500 before', { text: 'Other news' });
  const second = await sent('500 after');
  await look();
  expect(await of(first)).toMatchObject({ status: 'unconfirmed' });
  expect(await of(second)).toMatchObject({ status: 'published' });
});
