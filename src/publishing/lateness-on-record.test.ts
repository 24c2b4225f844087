/** Every lateness stays on record: what stops a publication, and what sends it again, says when it was due before. */
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { createHold } from './holds.ts';
import { createPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { retryPublication } from './retry-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
let serial = 0;

beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'hold', resendWhenAbsent: false });
});

/** It was due three hours ago. */
async function late(): Promise<Publication> {
  const input = { text: `Late ${++serial}`, accounts: [world.accounts.blind.id] };
  const { id } = await createPost(world.ctx, world.manager, input);
  await publishPostNow(world.ctx, world.manager, id);
  await bench.db.$executeRaw`
    UPDATE publications SET due_at = clock_timestamp() - interval '3 hours', next_attempt_at = clock_timestamp() - interval '3 hours'
    WHERE post_id = ${id}::uuid`;
  return bench.db.publication.findFirstOrThrow({ where: { postId: id } });
}

async function run(fault: 'ok' | '500 before' | 'unavailable'): Promise<void> {
  for (const claim of await claimDue(world.ctx, 1)) await world.run(1, claim, { fault, pause: null, stopping: false });
}

const row = ({ id }: Publication) => bench.db.publication.findUniqueOrThrow({ where: { id } });
const last = async (publication: Publication, action: string) =>
  (
    await bench.db.auditEvent.findFirstOrThrow({
      where: { entityId: publication.id, action },
      orderBy: { occurredAt: 'desc' },
    })
  ).metadata;

describe('the time that was due', () => {
  it('is on record when it is held for being late, and when a person sends it again', async () => {
    const publication = await late();
    await run('ok');
    const wasDueAt = publication.dueAt?.toISOString();
    expect(await last(publication, 'publication.held')).toMatchObject({ errorCode: 'late', dueAt: wasDueAt });
    await retryPublication(world.ctx, world.manager, publication.id);
    expect((await row(publication)).dueAt?.toISOString()).not.toBe(wasDueAt);
    expect(await last(publication, 'publication.retrying')).toMatchObject({ by: 'a person', wasDueAt });
  });

  it('is on record when it is missed', async () => {
    await bench.db.team.update({ where: { id: world.teamId }, data: { latePolicy: 'drop' } });
    const publication = await late();
    await run('ok');
    expect(await last(publication, 'publication.missed')).toMatchObject({ dueAt: publication.dueAt?.toISOString() });
  });

  it('is on record when it is held by an order', async () => {
    const publication = await late();
    await createHold(world.ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
    expect(await last(publication, 'publication.held')).toMatchObject({ dueAt: publication.dueAt?.toISOString() });
  });

  it('is on record when it is tried again by itself, and when a person has not found it', async () => {
    await bench.db.team.update({ where: { id: world.teamId }, data: { latePolicy: 'send' } });
    const publication = await late();
    const dueAt = publication.dueAt?.toISOString();
    await run('unavailable');
    expect(await last(publication, 'publication.retrying')).toMatchObject({ dueAt });
    await bench.db
      .$executeRaw`UPDATE publications SET next_attempt_at = clock_timestamp() WHERE id = ${publication.id}::uuid`;
    await run('500 before');
    await resolvePublication(world.ctx, world.manager, publication.id, { resolution: 'absent', reason: 'I looked' });
    expect((await row(publication)).dueAt?.toISOString()).not.toBe(dueAt);
    expect(await last(publication, 'publication.resolved')).toMatchObject({ wasDueAt: dueAt });
  });
});
