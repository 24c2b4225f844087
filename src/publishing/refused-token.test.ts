/** A token that is refused when a post is sent: only that one counts as refused, whatever was connected meanwhile. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { disconnectAndHold } from './hold-account.ts';
import { createPost } from './posts.ts';
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
