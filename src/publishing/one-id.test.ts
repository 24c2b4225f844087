/** A live post belongs to one publication: what happens when a platform names it to a second one. */
import type { Post, Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Outcome } from '../domain/outcome.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { type Claim, claimDue } from './claim.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow } from './schedule-post.ts';
import { settle } from './settle.ts';
import { recoverAbandonedClaims } from './sweep.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: true });
});
afterAll(() => bench.close());

const never = new AbortController().signal;
let serial = 0;

const of = (post: Post): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });

async function due(account: string = world.accounts.blind.id): Promise<Post> {
  const { id } = await createPost(world.ctx, world.manager, { text: `One id ${++serial}`, accounts: [account] });
  return publishPostNow(world.ctx, world.manager, id);
}

async function claimed(account?: string): Promise<{ post: Post; claim: Claim }> {
  const post = await due(account);
  const [claim] = await claimDue(world.ctx, 1);
  if (claim === undefined) throw new Error('one is due');
  return { post, claim };
}

const accepted = (externalId: string): Outcome => ({
  kind: 'accepted',
  httpStatus: 201,
  externalId,
  permalink: `https://www.linkedin.com/feed/update/${externalId}/`,
});

/** The platforms, which answer every post with this. */
function answering(outcome: Outcome): AppContext {
  const platforms = world.platform.sender('none', 'ok', async () => undefined);
  const { linkedin, facebook } = platforms;
  if (linkedin === undefined || facebook === undefined) throw new Error('both platforms are there');
  const send = () => Promise.resolve(outcome);
  return {
    ...world.ctx,
    platforms: {
      linkedin: { ...linkedin, publisher: { ...linkedin.publisher, send } },
      facebook: { ...facebook, publisher: { ...facebook.publisher, send } },
    },
  };
}

async function published(externalId: string): Promise<Post> {
  const { post, claim } = await claimed();
  await publishPublication(answering(accepted(externalId)), claim, never);
  expect(await of(post)).toMatchObject({ status: 'published', externalId });
  return post;
}

const events = (publication: Publication, action: string) =>
  world.ctx.db.auditEvent.count({ where: { entityId: publication.id, action } });

describe('a second publication that is answered with the id of another one', () => {
  it('waits for a person, who is told, and nobody sends it again', async () => {
    const id = `urn:li:share:9${++serial}`;
    await published(id);
    const { post, claim } = await claimed();
    await publishPublication(answering(accepted(id)), claim, never);
    const row = await of(post);
    expect(row).toMatchObject({ status: 'unconfirmed', errorCode: 'id-of-another', externalId: null });
    expect(row.errorMessage).toContain(id);
    expect(await events(row, 'publication.unconfirmed')).toBe(1);
    const attempt = await world.ctx.db.publishAttempt.findFirstOrThrow({ where: { publicationId: row.id } });
    expect(attempt).toMatchObject({ state: 'unknown', nextLookUpAt: null });
  });

  it('does so when both are saved at the same moment', async () => {
    const id = `urn:li:share:9${++serial}`;
    const both = [await claimed(), await claimed()];
    await Promise.all(both.map(({ claim }) => publishPublication(answering(accepted(id)), claim, never)));
    const rows = await Promise.all(both.map(({ post }) => of(post)));
    expect(rows.map(({ status }) => status).sort()).toEqual(['published', 'unconfirmed']);
  });

  it('may have the same id on another platform', async () => {
    const id = `urn:li:share:9${++serial}`;
    await published(id);
    const { post, claim } = await claimed(world.accounts.readable.id);
    await publishPublication(answering(accepted(id)), claim, never);
    expect(await of(post)).toMatchObject({ status: 'published', externalId: id });
  });

  it('waits for a person as well when the answer comes late and it is about to be sent again', async () => {
    const id = `urn:li:share:9${++serial}`;
    await published(id);
    const { post, claim } = await claimed();
    await world.run(1, claim, { fault: 'ok', pause: 'answered', stopping: false });
    await world.pass(100);
    await recoverAbandonedClaims(world.ctx);
    await resolvePublication(world.ctx, world.manager, claim.publicationId, { resolution: 'absent', reason: 'looked' });
    await settle(world.ctx, claim, accepted(id), new Date(), never);
    expect(await of(post)).toMatchObject({ status: 'unconfirmed', errorCode: 'id-of-another' });
    expect(await claimDue(world.ctx, 5)).toEqual([]);
    world.paused.length = 0;
  });

  it('cannot be given it by a person either, who is told why', async () => {
    const id = `urn:li:share:9${++serial}`;
    await published(id);
    const { post, claim } = await claimed();
    await world.run(1, claim, { fault: '500 before', pause: null, stopping: false });
    const input = { resolution: 'live', reason: 'looked', permalink: `https://www.linkedin.com/feed/update/${id}/` };
    await expect(resolvePublication(world.ctx, world.manager, (await of(post)).id, input)).rejects.toMatchObject({
      fields: { permalink: expect.stringContaining('another publication') },
    });
  });
});

it('the database itself refuses that two publications have one live post', async () => {
  const id = `urn:li:share:9${++serial}`;
  await published(id);
  const { claim } = await claimed();
  await expect(
    world.ctx.db
      .$executeRaw`UPDATE publications SET status = 'published', external_id = ${id}, accepted_at = now() WHERE id = ${claim.publicationId}::uuid`,
  ).rejects.toThrow(/live_posts_pkey|unique/i);
});
