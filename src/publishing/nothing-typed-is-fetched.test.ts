/** Our server asks nobody but the platforms: whatever address a person types anywhere, nothing of ours goes there. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { createPost, editPost } from './posts.ts';
import { preflight } from './preflight.ts';
import { publishPublication } from './publish-publication.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

const signal = new AbortController().signal;
/** Where every HTTP request of this process goes, by whichever of Node's clients. */
const asked = new Set<string>();
const byUndici = (message: unknown) => asked.add(String((message as { request: { origin: unknown } }).request.origin));
const byHttp = (message: unknown) => asked.add((message as { request: { host: string } }).request.host);

let bench: Bench;

beforeAll(async () => {
  bench = await openBench();
  subscribe('undici:request:create', byUndici);
  subscribe('http.client.request.start', byHttp);
}, 60_000);
afterAll(async () => {
  unsubscribe('undici:request:create', byUndici);
  unsubscribe('http.client.request.start', byHttp);
  await bench.close();
});

it('a link, a link in a text and a pasted permalink are handed on or kept, and never fetched', async () => {
  const { ctx, author } = bench;
  const typed = { text: 'Look: https://typed-text.example.org/a', accounts: [bench.account.id], timeZone: 'UTC' };
  const post = await createPost(ctx, author, { ...typed, linkUrl: 'https://typed-link.example.org/b' });
  await editPost(ctx, author, post.id, { linkUrl: 'http://127.0.0.1:1/inside' });
  await publishPostNow(ctx, author, post.id);
  const [claim] = await claimDue(ctx, 1);
  if (claim === undefined) throw new Error('one is due');
  await publishPublication(ctx, claim, signal);
  expect(await ctx.db.publication.findFirst({ where: { postId: post.id } })).toMatchObject({ status: 'published' });

  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const waits = await createPost(ctx, author, {
    ...typed,
    linkUrl: 'https://typed-soon.example.org/d',
    scheduledAt: soon,
  });
  await schedulePost(ctx, author, waits.id);
  await preflight(ctx, signal);
  const unconfirmed = await ctx.db.publication.update({
    where: { id: (await ctx.db.publication.findFirstOrThrow({ where: { postId: waits.id } })).id },
    data: { status: 'unconfirmed' },
  });
  const permalink = 'https://www.linkedin.com/feed/update/urn:li:share:7000000000000000001/';
  await resolvePublication(ctx, author, unconfirmed.id, { resolution: 'live', permalink, reason: 'It is there.' });

  expect([...asked]).toEqual([new URL(bench.environment.LINKEDIN_API_URL ?? '').origin]);
});
