import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shareAccount } from '../accounts/share-account.ts';
import { type Bench, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { disconnectAndHold } from './hold-account.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { heldForAccounts, releaseHeld } from './release-account.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
const statusOf = async (postId: string) =>
  (await bench.ctx.db.publication.findFirstOrThrow({ where: { postId } })).status;

describe('an account of the team that somebody connects again for himself', () => {
  it('does not carry other people’s posts any more', async () => {
    const manager = await bench.person('manager');
    const other = await bench.person('author');
    const teams = await bench.connect(manager, MEMBERS[1], false);
    const draft = await createPost(bench.ctx, bench.author, {
      text: 'Draft on the team’s account',
      accounts: [teams.id],
    });
    const post = await createPost(bench.ctx, bench.author, {
      text: 'Scheduled on the team’s account',
      accounts: [teams.id],
      scheduledAt: tomorrow(),
    });
    await schedulePost(bench.ctx, bench.author, post.id);

    await disconnectAndHold(bench.ctx, manager, teams.id);
    expect(await statusOf(post.id)).toBe('held');
    const personal = await bench.connect(other, MEMBERS[1], true);
    expect(personal).toMatchObject({ id: teams.id, ownerId: other.id });
    await bench.ctx.db.$transaction(async (tx) => releaseHeld(tx, bench.ctx, await heldForAccounts(tx, [personal.id])));
    await releaseGroundlessHolds(bench.ctx);

    await expect(publishPostNow(bench.ctx, bench.author, draft.id)).rejects.toMatchObject({
      fields: { accounts: expect.stringContaining('personal') },
    });
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET status = 'scheduled', next_attempt_at = now() WHERE post_id = ${post.id}::uuid`;
    for (const claim of await claimDue(bench.ctx, 10))
      await publishPublication(bench.ctx, claim, new AbortController().signal);
    expect(await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } })).toMatchObject({
      status: 'held',
      errorCode: 'account-personal',
    });
    await releaseGroundlessHolds(bench.ctx);
    expect(await statusOf(post.id)).toBe('held');
    expect(await bench.ledger()).toEqual([]);
  });
});

describe('a personal account', () => {
  it('is shared by its owner alone, and then serves the team', async () => {
    const other = await bench.person('author');
    await expect(shareAccount(bench.ctx, other, bench.account.id)).rejects.toMatchObject({ name: 'Refusal' });
    await expect(createPost(bench.ctx, other, { text: 'x', accounts: [bench.account.id] })).rejects.toMatchObject({
      fields: { accounts: expect.any(String) },
    });
    await shareAccount(bench.ctx, bench.author, bench.account.id);
    await expect(createPost(bench.ctx, other, { text: 'x', accounts: [bench.account.id] })).resolves.toMatchObject({
      status: 'draft',
    });
    await expect(shareAccount(bench.ctx, bench.author, bench.account.id)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('text at the edge of an emoji', () => {
  it('is saved like any other', async () => {
    const text = `${'a'.repeat(118)}🎉${'b'.repeat(50)}`;
    await expect(createPost(bench.ctx, bench.author, { text })).resolves.toMatchObject({ text });
    await expect(createPost(bench.ctx, bench.author, { text: '🎉'.repeat(1500) })).resolves.toMatchObject({
      status: 'draft',
    });
  });

  it('and an offset or link that is none is refused at the field', async () => {
    await expect(
      createPost(bench.ctx, bench.author, { text: 'x', scheduledAt: '2027-01-10T10:00:00+99:00' }),
    ).rejects.toMatchObject({ fields: { scheduledAt: expect.any(String) } });
    await expect(
      createPost(bench.ctx, bench.author, { text: 'x', linkUrl: 'https://a.b/\u0000' }),
    ).rejects.toMatchObject({ fields: { linkUrl: expect.any(String) } });
  });
});
