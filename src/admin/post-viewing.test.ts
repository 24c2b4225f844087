/** A superuser reads another team's post: whichever way its words leave the server, it is on record whose post it was. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, RESOURCES } from '../domain/access.ts';
import { claimDue } from '../publishing/claim.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPublication } from '../publishing/publish-publication.ts';
import { publishPostNow, schedulePost } from '../publishing/schedule-post.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

const WORDS = 'canary words of a post';
const ON_ITS_OWN_PAGE = /\/records\/[^/]+\/(?:show|edit)$|\/api\/evidence\//;

let bench: PanelBench;
let author: Actor;
/** One that went out and one that waits, each with a text of its own for the account. */
let posts: string[];
let published: string;
let people = 0;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  const write = (over: object = {}) =>
    createPost(bench.ctx, author, {
      text: WORDS,
      texts: { [bench.account.id]: `${WORDS} for the account` },
      accounts: [bench.account.id],
      timeZone: 'UTC',
      ...over,
    });
  const gone = await write();
  await publishPostNow(bench.ctx, author, gone.id);
  const [claim] = await claimDue(bench.ctx, 1);
  if (claim === undefined) throw new Error('one is due');
  await publishPublication(bench.ctx, claim, new AbortController().signal);
  published = claim.publicationId;
  const waits = await write({
    scheduledAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  await schedulePost(bench.ctx, author, waits.id);
  posts = [gone.id, waits.id];
}, 60_000);
afterAll(() => bench.close());

/** Somebody who has looked at nothing yet. */
async function superuser(memberOf: string[] = []): Promise<Actor> {
  people += 1;
  const { id } = await bench.ctx.db.user.create({
    data: {
      email: `root${people}@example.com`,
      name: `Root ${people}`,
      isSuperuser: true,
      memberships: { create: memberOf.map((teamId) => ({ teamId, role: 'author' })) },
    },
  });
  return { ...author, id, isSuperuser: true, memberships: [] };
}

const readings = (person: Actor) =>
  bench.ctx.db.auditEvent.findMany({
    where: { actorId: person.id, action: { in: ['post.viewed', 'post.listed'] } },
    orderBy: { id: 'asc' },
  });
/** The ids of the posts that this person is on record to have seen. */
async function seenBy(person: Actor): Promise<string[]> {
  const ids = (await readings(person)).flatMap(({ entityId, metadata }) => [
    ...(entityId === null ? [] : [entityId]),
    ...((metadata as { posts?: string[] }).posts ?? []),
  ]);
  return [...new Set(ids)].sort();
}

/** Every address of the panel's API that only reads, for every record there is. */
async function everythingReadable(): Promise<string[]> {
  const { db } = bench.ctx;
  const all = { select: { id: true } } as const;
  const records = {
    Post: await db.post.findMany(all),
    Publication: await db.publication.findMany(all),
    PublishAttempt: await db.publishAttempt.findMany(all),
    ConnectedAccount: await db.connectedAccount.findMany(all),
    Team: await db.team.findMany(all),
    Membership: await db.membership.findMany(all),
    User: await db.user.findMany(all),
    AuditEvent: await db.auditEvent.findMany(all),
    Hold: await db.hold.findMany(all),
  };
  return [
    '/api/dashboard',
    '/api/standing-orders',
    ...records.Publication.map(({ id }) => `/api/evidence/${id}`),
    ...RESOURCES.flatMap((name) => [
      `/api/resources/${name}/actions/list`,
      `/api/resources/${name}/actions/list?filters.q=${WORDS.replaceAll(' ', '%20')}`,
      `/api/resources/${name}/actions/search`,
      `/api/resources/${name}/search/canary`,
      ...records[name].flatMap(({ id }) => [
        `/api/resources/${name}/records/${id}/show`,
        `/api/resources/${name}/records/${id}/edit`,
        `/api/history/${name}/${id}`,
      ]),
    ]),
  ];
}

describe('a superuser who is not in the team', () => {
  it('is on record whenever an answer has the words of a post, wherever he asks', async () => {
    const unrecorded: string[] = [];
    const telling: string[] = [];
    for (const path of await everythingReadable()) {
      const person = await superuser();
      const { status, text } = await bench.ask(person, path);
      if (status !== 200 || !text.includes(WORDS)) continue;
      telling.push(path);
      if ((await seenBy(person)).length === 0) unrecorded.push(path);
      const wanted = ON_ITS_OWN_PAGE.test(path) && !path.includes('AuditEvent') ? 'post.viewed' : 'post.listed';
      expect([path, (await readings(person)).map(({ action }) => action)]).toEqual([path, [wanted]]);
    }
    expect(unrecorded).toEqual([]);
    // It looked where there is something to see.
    for (const part of ['dashboard', 'evidence', 'history/Post', 'Post/actions/search', 'Publication/actions/list'])
      expect(telling.join('\n')).toContain(part);
    for (const part of ['PublishAttempt/actions/list', 'PublishAttempt/records', 'AuditEvent/actions/list'])
      expect(telling.join('\n')).toContain(part);
  }, 60_000);

  it('has a list on record with what it was a list of, his filter and the posts in it', async () => {
    const person = await superuser();
    await bench.ask(person, `/api/resources/Post/actions/list?filters.q=canary&filters.status=scheduled`);
    expect(await readings(person)).toMatchObject([
      {
        action: 'post.listed',
        entity: 'Post',
        entityId: null,
        teamId: bench.teamId,
        metadata: { where: 'Post list', filter: ['q=canary', 'status=scheduled'], posts: [posts[1]] },
      },
    ]);
    await bench.ask(person, `/api/resources/Post/actions/list`);
    // Only what he had not seen.
    expect((await readings(person)).at(-1)?.metadata).toEqual({ where: 'Post list', posts: [posts[0]] });
  });

  it('does not fill the audit by a page that refreshes itself: a post is told once in an hour', async () => {
    const person = await superuser();
    for (let round = 0; round < 3; round += 1)
      for (const path of [
        '/api/dashboard',
        '/api/resources/Post/actions/list',
        '/api/resources/Publication/actions/list',
      ])
        await bench.ask(person, path);
    const told = await readings(person);
    expect(told.flatMap(({ metadata }) => (metadata as { posts: string[] }).posts).sort()).toEqual([...posts].sort());
    // An hour later, again. Rows of the audit do not change, so others tell of the past.
    const later = await superuser();
    await bench.ctx.db.auditEvent.create({
      data: {
        actorId: later.id,
        action: 'post.listed',
        entity: 'Post',
        metadata: { posts },
        occurredAt: new Date(Date.now() - 61 * 60_000),
      },
    });
    await bench.ask(later, '/api/resources/Post/actions/list');
    expect(await readings(later)).toHaveLength(2);
  });

  it('is on record when the form he sent is refused and comes back with the post', async () => {
    const person = await superuser();
    const refused = await bench.ask(person, `/api/resources/Post/records/${posts[1]}/edit`, {
      timeZone: 'Nowhere/Land',
    });
    expect(refused.text).toContain(WORDS);
    expect(await seenBy(person)).toEqual([posts[1]]);
  });

  it('finds the evidence he took out among what he looked at', async () => {
    const person = await superuser();
    await bench.ask(person, `/api/evidence/${published}`);
    expect(await readings(person)).toMatchObject([{ action: 'post.viewed', entityId: posts[0] }]);
  });
});

describe('nobody else', () => {
  it('is on record for reading: members, and superusers in their own teams', async () => {
    for (const person of [author, await bench.person('manager'), await superuser([bench.teamId])]) {
      for (const path of ['/api/dashboard', '/api/resources/Post/actions/list', `/api/evidence/${published}`])
        expect((await bench.ask(person, path)).text, path).toContain(WORDS);
      expect(await readings(person)).toEqual([]);
    }
  });
});
