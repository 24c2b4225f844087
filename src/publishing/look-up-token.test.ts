/** A look-up whose token is refused: the account is looked after as when a post is sent. Against the sandboxes, over HTTP. */
import type { ConnectedAccount, Publication } from '@prisma/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { Reach } from '../platforms/platform.ts';
import { type AllPlatforms, allPlatforms } from '../testing/all-platforms.ts';
import { type Bench, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { lookUpUnconfirmed } from './look-up.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

let bench: Bench;
let all: AllPlatforms;
let ctx: AppContext;
let manager: Actor;

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
  all = allPlatforms(bench);
  ctx = all.ctx;
});
afterAll(() => bench.close());
afterEach(async () => {
  await all.reset();
  await ctx.db.publishAttempt.updateMany({
    where: { state: 'unknown' },
    data: { state: 'absent', nextLookUpAt: null },
  });
  await ctx.db.publication.updateMany({
    where: { status: { not: 'published' } },
    data: { status: 'cancelled', nextAttemptAt: null },
  });
});

const signal = new AbortController().signal;

/** A post that was accepted, and whose answer was lost; a look-up of it is due. */
async function unknown(account: ConnectedAccount): Promise<Publication> {
  await all.fault(account, '500 after', 1);
  const text = `Looked for ${crypto.randomUUID()}`;
  const post = await createPost(ctx, manager, { text, accounts: [account.id] });
  await publishPostNow(ctx, manager, post.id);
  for (const claim of await claimDue(ctx, 5)) await publishPublication(ctx, claim, signal);
  const publication = await ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
  expect(publication.status).toBe('unconfirmed');
  await dueAgain(publication);
  all.asked = [];
  return publication;
}

async function another(account: ConnectedAccount): Promise<Publication> {
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const post = await createPost(ctx, manager, {
    text: `Waits ${crypto.randomUUID()}`,
    accounts: [account.id],
    scheduledAt,
  });
  await schedulePost(ctx, manager, post.id);
  return ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}

const dueAgain = ({ id }: Publication) =>
  ctx.db.publishAttempt.updateMany({
    where: { publicationId: id, state: 'unknown' },
    data: { nextLookUpAt: new Date(0) },
  });
const row = ({ id }: Publication) => ctx.db.publication.findUniqueOrThrow({ where: { id } });
const statusOf = async ({ id }: ConnectedAccount) =>
  (await ctx.db.connectedAccount.findUniqueOrThrow({ where: { id } })).status;

describe.each<[string, Platform, Reach]>([
  ['a LinkedIn Page', 'linkedin', 'organizations'],
  ['a Facebook Page', 'facebook', 'own'],
  ['an X account', 'x', 'own'],
])('looking for a post of %s', (_name, platform, reach) => {
  it('with a token that was revoked ends the connection, and what waits for it is held', async () => {
    const account = await all.connect(manager, platform, reach);
    const publication = await unknown(account);
    const waiting = await another(account);
    await all.fault(account, 'revoked');
    expect(await lookUpUnconfirmed(ctx, signal)).toBe(1);
    expect(await statusOf(account)).toBe('reconnect_required');
    expect(await row(waiting)).toMatchObject({ status: 'held', errorCode: 'account-not-connected' });
    expect((await row(publication)).status).toBe('unconfirmed');

    // Connected again, it is found.
    await all.fault(account, 'ok');
    await all.connect(manager, platform, reach);
    await dueAgain(publication);
    await lookUpUnconfirmed(ctx, signal);
    expect((await row(publication)).status).toBe('published');
  });

  it('that cannot be read for another reason says nothing about the account', async () => {
    const account = await all.connect(manager, platform, reach);
    const publication = await unknown(account);
    await ctx.db.connectedAccount.update({ where: { id: account.id }, data: { externalId: '1' } });
    await lookUpUnconfirmed(ctx, signal);
    await ctx.db.connectedAccount.update({ where: { id: account.id }, data: { externalId: account.externalId } });
    expect(await statusOf(account)).toBe('active');
    expect((await row(publication)).status).toBe('unconfirmed');
  });
});

it('a refused token that can be renewed is renewed, and the post found in the same look', async () => {
  const account = await all.connect(manager, 'x');
  const publication = await unknown(account);
  await all.fault(account, 'expired token');
  await lookUpUnconfirmed(ctx, signal);
  const timeline = `GET /x/2/users/${account.externalId}/tweets`;
  expect(all.asked).toEqual([timeline, 'POST /x/2/oauth2/token', timeline]);
  expect([await statusOf(account), (await row(publication)).status]).toEqual(['active', 'published']);
});

it('a refused token that was renewed and is refused again gives no answer, and the post waits for the next look', async () => {
  const account = await all.connect(manager, 'x');
  const publication = await unknown(account);
  await all.fault(account, '401 blip', 2);
  await lookUpUnconfirmed(ctx, signal);
  expect(all.asked).toHaveLength(3);
  expect([await statusOf(account), (await row(publication)).status]).toEqual(['active', 'unconfirmed']);
  await dueAgain(publication);
  await lookUpUnconfirmed(ctx, signal);
  expect((await row(publication)).status).toBe('published');
});

it.each([-300, 0, 300])(
  'a token of a moment ago is not believed to be refused by a worker whose clock is %i s ahead',
  async (seconds) => {
    const account = await all.connect(manager, 'linkedin', 'organizations');
    await unknown(account);
    await ctx.db.accountCredential.update({ where: { accountId: account.id }, data: { issuedAt: new Date() } });
    await all.fault(account, 'revoked', 1);
    const clock = { now: () => new Date(Date.now() + seconds * 1000) };
    await lookUpUnconfirmed({ ...ctx, clock }, signal);
    expect(await statusOf(account)).toBe('active');
  },
);
