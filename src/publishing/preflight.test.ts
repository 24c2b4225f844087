/** Looking at publications before their time: what is found, when, by how many processes, and when it goes away. */
import type { ConnectedAccount } from '@prisma/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { createMetrics } from '../http/metrics.ts';
import { ConnectError, type TokenGrant } from '../platforms/platform.ts';
import { type Bench, eventually, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { startWorker } from '../worker/worker.ts';
import { approvePost } from './approve-post.ts';
import { createHold, releaseHold } from './holds.ts';
import { createPost, editPost } from './posts.ts';
import { preflight } from './preflight.ts';
import { cancelPost, schedulePost } from './schedule-post.ts';

let bench: Bench;
let account: ConnectedAccount;
let approver: Actor;

beforeAll(async () => {
  bench = await openBench();
  approver = await bench.person('approver');
  account = await bench.connect(approver, MEMBERS[2], true);
  account = await bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { ownerId: null } });
});
afterAll(() => bench.close());
afterEach(async () => {
  await bench.ctx.db.preflightCheck.deleteMany();
  await bench.ctx.db.publication.updateMany({
    where: { status: { not: 'published' } },
    data: { status: 'cancelled' },
  });
  await bench.ctx.db.post.updateMany({ data: { status: 'cancelled' } });
  await bench.ctx.db.connectedAccount.updateMany({
    data: { permissionEndsAt: null, scopes: ['openid', 'profile', 'w_member_social'] },
  });
  await bench.ctx.db.team.updateMany({ data: { requiresApproval: false } });
});

const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
const look = () => preflight(bench.ctx, new AbortController().signal);
async function scheduled(dueAt: Date, over: Partial<Parameters<typeof createPost>[2]> = {}) {
  const post = await createPost(bench.ctx, bench.author, {
    text: `Text ${crypto.randomUUID()}`,
    accounts: [account.id],
    scheduledAt: dueAt.toISOString(),
    ...over,
  });
  await schedulePost(bench.ctx, bench.author, post.id);
  return post;
}
async function findings(postId: string): Promise<string[]> {
  const rows = await bench.ctx.db.preflightFinding.findMany({
    where: { check: { publication: { postId } } },
    orderBy: { kind: 'asc' },
  });
  return rows.map(({ kind }) => kind);
}
const breakAccount = () =>
  bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { scopes: ['openid'] } });
/** As if the last look had been this long ago. */
const lookedAgo = (ms: number) =>
  bench.ctx.db
    .$executeRaw`UPDATE preflight_checks SET taken_at = taken_at - ${ms} * interval '1 millisecond', checked_at = checked_at - ${ms} * interval '1 millisecond'`;

describe('a publication is looked at', () => {
  it('when it falls due within a day, and not before', async () => {
    await breakAccount();
    const soon = await scheduled(hours(23.9));
    const far = await scheduled(hours(24.1));
    expect(await look()).toBe(1);
    expect([await findings(soon.id), await findings(far.id)]).toEqual([['scopes'], []]);
  });

  it('again an hour before, and in between only if something was found or changed', async () => {
    const post = await scheduled(hours(0.9));
    expect(await look()).toBe(1);
    await breakAccount();
    await lookedAgo(5 * 60_000);
    // The last look was within the hour before.
    expect(await look()).toBe(0);
    await lookedAgo(10 * 60_000);
    expect(await look()).toBe(1);
    expect(await findings(post.id)).toEqual(['scopes']);
  });

  it('again after it was edited', async () => {
    const post = await scheduled(hours(5));
    expect(await look()).toBe(1);
    expect(await look()).toBe(0);
    await breakAccount();
    await editPost(bench.ctx, bench.author, post.id, { text: 'Another text' });
    expect(await look()).toBe(1);
    expect(await findings(post.id)).toEqual(['scopes']);
  });

  it('by one of the processes that look at the same moment', async () => {
    for (let n = 0; n < 5; n++) await scheduled(hours(3));
    const looked = await Promise.all(Array.from({ length: 4 }, look));
    expect(looked.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  it('by another process after the one that took it died over it', async () => {
    await breakAccount();
    const post = await scheduled(hours(3));
    const died = AbortSignal.abort();
    expect(await preflight(bench.ctx, died)).toBe(0);
    expect(await look()).toBe(0);
    await lookedAgo(301_000);
    expect(await look()).toBe(1);
    expect(await findings(post.id)).toEqual(['scopes']);
  });

  it('without being touched: it stays scheduled, as it was', async () => {
    const post = await scheduled(hours(3));
    const before = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    await breakAccount();
    await look();
    expect(await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } })).toEqual(before);
    expect(await bench.ctx.db.publishAttempt.count({ where: { publication: { postId: post.id } } })).toBe(0);
  });

  it('without asking the platform anything about an account that was connected just now', async () => {
    await scheduled(hours(3));
    const url = new URL(
      bench.ctx.platforms.linkedin?.connector.authorizeUrl({
        redirectUri: 'http://localhost/x',
        state: '',
        codeChallenge: '',
      }) ?? '',
    );
    const asked = async () =>
      ((await (await fetch(`${url.origin}/sandbox/requests?platform=linkedin`)).json()) as { requests: unknown[] })
        .requests.length;
    const before = await asked();
    expect(await look()).toBe(1);
    expect(await asked()).toBe(before);
  });

  it('by a running worker, seconds after it was scheduled', async () => {
    await breakAccount();
    const worker = await startWorker(bench.ctx);
    try {
      const post = await scheduled(hours(2));
      await eventually(async () => ((await findings(post.id)).length > 0 ? true : undefined), 'a finding');
    } finally {
      await worker.stop();
    }
  });
});

describe('what is found', () => {
  it('is nothing when nothing is wrong', async () => {
    const post = await scheduled(hours(3));
    expect(await look()).toBe(1);
    expect(await findings(post.id)).toEqual([]);
  });

  it('goes as soon as its cause has gone', async () => {
    await breakAccount();
    const post = await scheduled(hours(3));
    await look();
    expect(await findings(post.id)).toEqual(['scopes']);
    await bench.ctx.db.connectedAccount.update({
      where: { id: account.id },
      data: { scopes: ['openid', 'profile', 'w_member_social'] },
    });
    await lookedAgo(31_000);
    expect(await look()).toBe(1);
    expect(await findings(post.id)).toEqual([]);
  });

  it('goes with a post that is called off', async () => {
    await breakAccount();
    const post = await scheduled(hours(3));
    await look();
    await cancelPost(bench.ctx, bench.author, post.id);
    await look();
    expect(await bench.ctx.db.preflightFinding.count()).toBe(0);
    expect(await bench.ctx.db.preflightCheck.count()).toBe(0);
  });

  it('is counted in the metrics, by kind', async () => {
    await breakAccount();
    await scheduled(hours(3));
    await scheduled(hours(4));
    await look();
    const text = await createMetrics(bench.ctx).metrics();
    expect(text).toContain('scheduler_preflight_problems{kind="scopes"} 2');
    expect(text).toContain('scheduler_preflight_problems{kind="quota"} 0');
  });

  it('is a connection that ends before the post is due, and not one that ends after it', async () => {
    const before = await scheduled(hours(3));
    const after = await scheduled(hours(5));
    await bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { permissionEndsAt: hours(4) } });
    await look();
    expect([await findings(before.id), await findings(after.id)]).toEqual([[], ['permission-end']]);
  });

  it('is an account that broke or was taken away after the post was scheduled', async () => {
    const broken = await scheduled(hours(3));
    await bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { status: 'reconnect_required' } });
    await look();
    await bench.ctx.db.connectedAccount.update({
      where: { id: account.id },
      data: { status: 'active', ownerId: approver.id },
    });
    const [first] = await bench.ctx.db.preflightFinding.findMany({
      where: { check: { publication: { postId: broken.id } } },
    });
    await lookedAgo(31_000);
    await look();
    const [second] = await bench.ctx.db.preflightFinding.findMany({
      where: { check: { publication: { postId: broken.id } } },
    });
    await bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { ownerId: null } });
    expect([first?.kind, second?.kind]).toEqual(['account', 'account']);
    expect(first?.message).toContain('is not connected');
    expect(second?.message).toContain('somebody else’s personal account');
  });

  it('is a token that cannot be read, with what the operator has to do', async () => {
    const post = await scheduled(hours(3));
    const { accessToken } = await bench.ctx.db.accountCredential.findUniqueOrThrow({
      where: { accountId: account.id },
    });
    await bench.ctx.db.accountCredential.update({
      where: { accountId: account.id },
      data: { accessToken: accessToken.slice(0, -4) },
    });
    await look();
    await bench.ctx.db.accountCredential.update({ where: { accountId: account.id }, data: { accessToken } });
    const [finding] = await bench.ctx.db.preflightFinding.findMany({
      where: { check: { publication: { postId: post.id } } },
    });
    expect(finding).toMatchObject({ kind: 'token', message: expect.stringContaining('TOKEN_KEYS') });
  });

  it('is a hold that was ordered before the post was scheduled', async () => {
    const manager = await bench.person('manager');
    const hold = await createHold(bench.ctx, manager, { scope: 'account', account: account.id, reason: 'Wrong price' });
    const post = await scheduled(hours(3));
    await look();
    expect(await findings(post.id)).toEqual(['hold']);
    await releaseHold(bench.ctx, manager, hold.id);
  });

  it('is an approval that is missing, until it is given', async () => {
    await bench.ctx.db.team.updateMany({ data: { requiresApproval: true } });
    const post = await scheduled(hours(3));
    expect(await look()).toBe(1);
    expect(await findings(post.id)).toEqual(['approval']);
    await approvePost(bench.ctx, approver, post.id);
    expect(await look()).toBe(1);
    expect(await findings(post.id)).toEqual([]);
  });

  it('is a text that the platform would refuse by now', async () => {
    const post = await scheduled(hours(3));
    await bench.ctx.db.post.update({ where: { id: post.id }, data: { text: 'x'.repeat(3001) } });
    await look();
    expect(await findings(post.id)).toEqual(['content']);
  });

  it('is an image whose bytes are not all there', async () => {
    const post = await scheduled(hours(3));
    await bench.ctx.db.media.create({
      data: {
        teamId: bench.teamId,
        sha256: 'a'.repeat(64),
        contentType: 'image/png',
        byteSize: 10,
        width: 1,
        height: 1,
        bytes: Buffer.alloc(9),
        posts: { create: { postId: post.id, position: 0 } },
      },
    });
    await look();
    expect(await findings(post.id)).toEqual(['images']);
  });

  it('is the 151st post of a member’s day, whichever team it is for, and not the 150th', async () => {
    // Noon of the next day by UTC at which it is within a day from now.
    const noon = hours(12);
    const day = new Date(Date.UTC(noon.getUTCFullYear(), noon.getUTCMonth(), noon.getUTCDate(), 23, 59, 50));
    const dueAt = day.getTime() - Date.now() < 23 * 3_600_000 ? day : noon;
    const other = await bench.ctx.db.team.create({ data: { name: `Other ${crypto.randomUUID()}` } });
    const twin = await bench.ctx.db.connectedAccount.create({
      data: {
        teamId: other.id,
        platform: 'linkedin',
        externalId: account.externalId,
        displayName: 'Twin',
        connectedById: approver.id,
      },
    });
    const elsewhere = await bench.ctx.db.post.createManyAndReturn({
      data: Array.from({ length: 149 }, () => ({ teamId: other.id, authorId: approver.id, text: 'Elsewhere' })),
    });
    await bench.ctx.db.publication.createMany({
      data: elsewhere.map(({ id }, index) => ({
        postId: id,
        externalId: `urn:li:share:${index}`,
        acceptedAt: new Date(),
        accountId: twin.id,
        teamId: other.id,
        status: 'published' as const,
        dueAt: new Date(dueAt.getTime() - 5_000),
      })),
    });
    const last = await scheduled(dueAt);
    const tooMany = await scheduled(new Date(dueAt.getTime() + 1_000));
    await look();
    expect([await findings(last.id), await findings(tooMany.id)]).toEqual([[], ['quota']]);
  });

  it('is a LinkedIn version that an operator set long ago', async () => {
    const post = await scheduled(hours(3));
    const { linkedin, ...platforms } = bench.ctx.config.platforms;
    const config = { ...bench.ctx.config, platforms: { ...platforms, linkedin: { ...linkedin, version: '202001' } } };
    await preflight({ ...bench.ctx, config }, new AbortController().signal);
    expect(await findings(post.id)).toEqual(['api-version']);
  });

  it('is a platform that is not set up any more', async () => {
    const post = await scheduled(hours(3));
    await preflight({ ...bench.ctx, platforms: {} }, new AbortController().signal);
    expect(await findings(post.id)).toEqual(['platform']);
  });
});

describe('a token that has ended and can be renewed', () => {
  const renewing = (refresh: () => Promise<TokenGrant>) => {
    const { linkedin } = bench.ctx.platforms;
    if (linkedin === undefined) throw new Error('the sandbox serves LinkedIn');
    const platforms = { linkedin: { ...linkedin, connector: { ...linkedin.connector, refresh } } };
    return preflight({ ...bench.ctx, platforms }, new AbortController().signal);
  };
  const firstFinding = (postId: string) =>
    bench.ctx.db.preflightFinding.findFirst({ where: { check: { publication: { postId } } } });

  it('is renewed; when that cannot be done just now, it is said that it is tried again by itself', async () => {
    const mine = await bench.connect(approver, MEMBERS[3], true);
    await bench.ctx.db.connectedAccount.update({
      where: { id: mine.id },
      data: { ownerId: null, tokenExpiresAt: hours(-1), permissionEndsAt: null },
    });
    const binding = { table: 'account_credentials', column: 'refresh_token', rowId: mine.id };
    const refreshToken = bench.ctx.tokenCipher.encrypt('good for one more', {
      ...binding,
      account: `linkedin:${mine.externalId}`,
    });
    await bench.ctx.db.accountCredential.update({ where: { accountId: mine.id }, data: { refreshToken } });
    const post = await scheduled(hours(3), { accounts: [mine.id] });

    await renewing(() => Promise.reject(new ConnectError('unreachable', 'LinkedIn is away.', { dead: false })));
    expect(await firstFinding(post.id)).toMatchObject({
      kind: 'token',
      message: expect.stringContaining('LinkedIn is away. It is tried again by itself.'),
    });
    await lookedAgo(31_000);
    await renewing(() =>
      Promise.resolve({
        accessToken: 'new',
        accessTokenExpiresAt: hours(24),
        refreshToken: 'newer',
        refreshTokenExpiresAt: hours(2),
        scopes: [],
      }),
    );
    // The token is good now. What the platform said of the permission behind it is known as well: it ends before the post.
    expect(await bench.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id: mine.id } })).toMatchObject({
      status: 'active',
      tokenExpiresAt: expect.any(Date),
    });
    expect((await firstFinding(post.id))?.kind).not.toBe('token');
    await lookedAgo(31_000);
    await look();
    expect((await firstFinding(post.id))?.kind).toBe('permission-end');
  });
});
