/** "It is there" takes the link of the very post: of the right platform and account, and one post for one publication. */
import type { ConnectedAccount, Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { createPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
let serial = 0;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
});
afterAll(() => bench.close());

async function unconfirmed(account: ConnectedAccount = world.accounts.blind): Promise<Publication> {
  const text = `Linked ${++serial}`;
  const { id } = await createPost(world.ctx, world.manager, { text, accounts: [account.id] });
  await publishPostNow(world.ctx, world.manager, id);
  await bench.db.$executeRaw`UPDATE publications SET next_attempt_at = clock_timestamp() WHERE post_id = ${id}::uuid`;
  const [claim] = await claimDue(world.ctx, 1);
  if (claim === undefined) throw new Error('one is due');
  await world.run(1, claim, { fault: '500 before', pause: null, stopping: false });
  return bench.db.publication.findFirstOrThrow({ where: { postId: id, status: 'unconfirmed' } });
}

const isThere = ({ id }: Publication, permalink: string) =>
  resolvePublication(world.ctx, world.manager, id, { resolution: 'live', reason: 'I see it', permalink });
const refusedWith = (words: RegExp) => ({ code: 'invalid', fields: { permalink: expect.stringMatching(words) } });

describe('“It is there”', () => {
  it('is refused with an address that shows no post, and says where the link is found', async () => {
    const publication = await unconfirmed();
    await expect(isThere(publication, 'https://www.linkedin.com/')).rejects.toMatchObject(
      refusedWith(/which post.*Copy link to post/),
    );
    expect(await bench.db.publication.findUniqueOrThrow({ where: { id: publication.id } })).toMatchObject({
      status: 'unconfirmed',
      externalId: null,
    });
  });

  it('is refused with a post of another platform, or of another Page', async () => {
    await expect(isThere(await unconfirmed(), 'https://www.facebook.com/1027/posts/999')).rejects.toMatchObject(
      refusedWith(/no address of LinkedIn/),
    );
    await expect(
      isThere(await unconfirmed(world.accounts.readable), 'https://www.facebook.com/1028/posts/999'),
    ).rejects.toMatchObject(refusedWith(/post of the Page 1028/));
  });

  it('takes one live post for one publication, however its link is spelled', async () => {
    const [first, second, third] = [await unconfirmed(), await unconfirmed(), await unconfirmed()];
    const slug = 'https://www.linkedin.com/posts/member_words-share-7531784011601936384-AbCd';
    expect(await isThere(first, ` ${slug}?utm_source=share `)).toMatchObject({
      status: 'published',
      externalId: 'urn:li:share:7531784011601936384',
      permalink: `${slug}?utm_source=share`,
    });
    await expect(isThere(second, slug)).rejects.toMatchObject(refusedWith(/another publication/));
    await expect(
      isThere(third, 'https://www.linkedin.com/feed/update/urn:li:share:7531784011601936384/'),
    ).rejects.toMatchObject(refusedWith(/another publication/));
  });

  it('names a Facebook post as the Graph API does', async () => {
    const publication = await unconfirmed(world.accounts.readable);
    expect(await isThere(publication, 'https://www.facebook.com/permalink.php?story_fbid=998&id=1027')).toMatchObject({
      status: 'published',
      externalId: '1027_998',
    });
  });
});
