import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { addImage } from '../media/add-image.ts';
import { removeUnusedImages } from '../media/remove-unused-images.ts';
import { animation, picture, png } from '../testing/drawn-images.ts';
import { createImagesPlatform, type ImagesPlatform } from '../testing/images-platform.ts';
import { type Bench, eventually, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from '../worker/worker.ts';
import { approvePost } from './approve-post.ts';
import { imageUploads } from './image-uploads.ts';
import { contentImage, imagesOf as imagesOfPost } from './post-images.ts';
import { createPost, deletePost, duplicatePost, editPost } from './posts.ts';
import { readEvidence } from './read-evidence.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

const DAY_MS = 86_400_000;
let bench: Bench;
let approver: Actor;
let ahead = 0;

beforeAll(async () => {
  bench = await openBench({ clock: { now: () => new Date(Date.now() + ahead) } });
  approver = await bench.person('approver');
});
afterAll(() => bench.close());

const image = async (bytes?: Buffer, teamId = bench.teamId) =>
  (await addImage(bench.ctx, bench.author, teamId, Buffer.from(bytes ?? (await png())))).image;
const write = (input: Parameters<typeof createPost>[2]) =>
  createPost(bench.ctx, bench.author, { text: 'With images', accounts: [bench.account.id], ...input });
const edit = (postId: string, input: Parameters<typeof createPost>[2]) =>
  editPost(bench.ctx, bench.author, postId, input);
const imagesOf = async (postId: string) =>
  (await bench.ctx.db.postMedia.findMany({ where: { postId }, orderBy: { position: 'asc' } })).map(
    ({ mediaId, altText }) => [mediaId, altText],
  );
const refusalOf = (attempt: Promise<unknown>): Promise<Record<string, string>> =>
  attempt.then(
    () => ({}),
    (error: { fields?: Record<string, string> }) => error.fields ?? { message: String(error) },
  );
const tomorrow = () => new Date(Date.now() + ahead + DAY_MS).toISOString();

describe('the images of a post', () => {
  it('keep their order and their descriptions', async () => {
    const [one, two, three] = [await image(), await image(), await image()];
    const post = await write({
      media: [
        { id: three.id, altText: ' A red\r\nquarter ' },
        { id: one.id },
        { id: two.id.toUpperCase(), altText: '\u200b' },
      ],
    });
    expect(await imagesOf(post.id)).toEqual([
      [three.id, 'A red\nquarter'],
      [one.id, null],
      [two.id, null],
    ]);
    const event = await bench.ctx.db.auditEvent.findFirstOrThrow({ where: { entityId: post.id } });
    expect(event.metadata).toMatchObject({ images: [three.sha256, one.sha256, two.sha256] });
  });

  it('stay as they are when an edit does not speak of them, and change when it does', async () => {
    const [one, two] = [await image(), await image()];
    const post = await write({ media: [{ id: one.id, altText: 'One' }] });
    await edit(post.id, { text: 'Another text' });
    expect(await imagesOf(post.id)).toEqual([[one.id, 'One']]);
    await edit(post.id, { media: [{ id: two.id }, { id: one.id, altText: 'One' }] });
    expect(await imagesOf(post.id)).toEqual([
      [two.id, null],
      [one.id, 'One'],
    ]);
    await edit(post.id, { media: [] });
    expect(await imagesOf(post.id)).toEqual([]);
    const changes = await bench.ctx.db.auditEvent.findMany({
      where: { entityId: post.id, action: 'post.edited' },
      orderBy: { occurredAt: 'asc' },
    });
    expect(changes.map(({ metadata }) => (metadata as { changed: string[] }).changed)).toEqual([
      ['text'],
      ['media'],
      ['media'],
    ]);
  });

  it('are copied to a duplicate, with the texts of the accounts', async () => {
    const one = await image();
    const post = await write({
      media: [{ id: one.id, altText: 'Seen' }],
      texts: { [bench.account.id]: 'For LinkedIn' },
    });
    const copy = await duplicatePost(bench.ctx, bench.author, post.id);
    expect(await imagesOf(copy.id)).toEqual([[one.id, 'Seen']]);
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: copy.id } });
    expect(publication.text).toBe('For LinkedIn');
  });

  it('are part of what was approved', async () => {
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: true } });
    const [one, two] = [await image(), await image()];
    const post = await write({ media: [{ id: one.id, altText: 'One' }], scheduledAt: tomorrow() });
    const status = async () => (await bench.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } })).status;
    const approved = async () => {
      await approvePost(bench.ctx, approver, post.id);
      return status();
    };
    await schedulePost(bench.ctx, bench.author, post.id);
    for (const media of [
      [{ id: one.id, altText: 'Another description' }],
      [{ id: two.id, altText: 'One' }],
      [{ id: two.id, altText: 'One' }, { id: one.id }],
      [{ id: one.id }, { id: two.id, altText: 'One' }],
    ]) {
      expect(await approved()).toBe('scheduled');
      await edit(post.id, { media });
      expect(await status()).toBe('awaiting_approval');
    }
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: false } });
  });
});

describe('an image that cannot be used', () => {
  it('is refused at its field, and nothing is saved', async () => {
    const otherTeam = await bench.ctx.db.team.create({ data: { name: 'Others' } });
    const { ctx } = bench;
    const outsider: Actor = { ...bench.author, memberships: [{ teamId: otherTeam.id, role: 'author' }] };
    const foreign = (await addImage(ctx, outsider, otherTeam.id, (await png()) as Buffer<ArrayBuffer>)).image;
    const own = await image();
    const post = await write({ media: [{ id: own.id }] });
    const before = await ctx.db.post.count();
    const missing = 'One of these images is no longer there, or is not your team’s. Remove it and add it again.';
    for (const id of [foreign.id, '01900000-0000-7000-8000-000000000000', 'no id', '']) {
      expect(await refusalOf(write({ media: [{ id: own.id }, { id }] }))).toEqual({ media: missing });
      expect(await refusalOf(edit(post.id, { text: 'Changed', media: [{ id }] }))).toEqual({ media: missing });
    }
    expect(await ctx.db.post.count()).toBe(before);
    expect(await imagesOf(post.id)).toEqual([[own.id, null]]);
    expect((await ctx.db.post.findUniqueOrThrow({ where: { id: post.id } })).text).toBe('With images');
  });

  it.each([
    ['21 times', async () => Array.from({ length: 21 }, () => ({ id: 'x' })), 'at most 20 images; these are 21'],
    [
      'twice',
      async () => {
        const { id } = await image();
        return [{ id }, { id }];
      },
      'Image 2 is the same as image 1.',
    ],
    ['as a WebP on LinkedIn', async () => [{ id: (await image(await picture().webp().toBuffer())).id }], 'take WebP'],
    ['with half an emoji', async () => [{ id: (await image()).id, altText: 'Look \ud83d' }], 'broken character'],
    ['with a control character', async () => [{ id: (await image()).id, altText: 'Look \u0007' }], 'control character'],
    [
      'with an endless description',
      async () => [{ id: (await image()).id, altText: 'x'.repeat(5000) }],
      'longer than 4,086 characters',
    ],
  ])('(%s) is named in a sentence', async (_how, media, sentence) => {
    expect((await refusalOf(write({ media: await media() }))).media).toContain(sentence);
  });

  it('is found once more before scheduling, whatever was saved', async () => {
    const { id } = await image();
    const post = await write({ media: [{ id }], scheduledAt: tomorrow() });
    await bench.ctx.db.media.update({ where: { id }, data: { width: 8000, height: 8000 } });
    const refusal = await refusalOf(schedulePost(bench.ctx, bench.author, post.id));
    expect(refusal.media).toContain('The image is too large for LinkedIn: 8000 × 8000 pixels');
  });
});

describe('an image that posts let go', () => {
  it('is kept for a day from then on, and for as long as another post has it', async () => {
    const [one, two] = [await image(), await image()];
    const post = await write({ media: [{ id: one.id }, { id: two.id }] });
    const other = await write({ media: [{ id: two.id }] });
    ahead += 2 * DAY_MS;
    await removeUnusedImages(bench.ctx);
    await deletePost(bench.ctx, bench.author, post.id);
    ahead += DAY_MS / 2;
    await removeUnusedImages(bench.ctx);
    const left = async () =>
      (await bench.ctx.db.media.findMany({ where: { id: { in: [one.id, two.id] } } })).map(({ id }) => id).sort();
    expect(await left()).toEqual([one.id, two.id].sort());
    ahead += DAY_MS;
    await removeUnusedImages(bench.ctx);
    expect(await left()).toEqual([two.id]);
    expect(await imagesOf(other.id)).toEqual([[two.id, null]]);
  });

  it('is never removed under a post that is just being saved', async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await image();
      ahead += DAY_MS + 1000;
      const [saved] = await Promise.allSettled([write({ media: [{ id }] }), removeUnusedImages(bench.ctx)]);
      const there = await bench.ctx.db.media.count({ where: { id } });
      // Either the save came first and the image is there, or it is gone and the person was told.
      if (saved.status === 'fulfilled') expect(there).toBe(1);
      else expect(saved.reason).toMatchObject({ name: 'Refusal', fields: { media: expect.any(String) } });
    }
  });
});

describe('publishing a post with images', () => {
  let worker: Worker | undefined;
  let platform: ImagesPlatform;
  let usableUntil: Date | null = null;

  beforeAll(async () => {
    ahead = 0;
    platform = createImagesPlatform(() => usableUntil);
    const { linkedin } = bench.ctx.platforms;
    if (linkedin === undefined) throw new Error('the sandbox serves LinkedIn');
    bench.ctx.platforms = { ...bench.ctx.platforms, linkedin: { ...linkedin, publisher: platform.publisher } };
    worker = await startWorker(bench.ctx);
    bench.ctx.wake = worker.wake;
  });
  afterAll(() => worker?.stop());

  async function published(input: Parameters<typeof createPost>[2]) {
    const post = await write(input);
    await publishPostNow(bench.ctx, bench.author, post.id);
    return eventually(async () => {
      const publications = await bench.ctx.db.publication.findMany({ where: { postId: post.id } });
      return publications.every(({ status }) => status === 'published') ? publications : undefined;
    }, 'the post to be published');
  }

  it('sends exactly the bytes that were kept, in order, with their descriptions, and keeps that as evidence', async () => {
    const [one, two] = [await image(), await image(await animation('gif'))];
    const [publication] = await published({
      text: 'Two images',
      media: [{ id: two.id, altText: 'Moving' }, { id: one.id }],
    });
    expect(platform.uploads.slice(-2)).toEqual([two.sha256, one.sha256]);
    expect(platform.posts.at(-1)).toEqual({
      text: 'Two images',
      images: [
        { id: `upload-${platform.uploads.length - 1}`, altText: 'Moving' },
        { id: `upload-${platform.uploads.length}`, altText: null },
      ],
    });
    const evidence = await readEvidence(bench.ctx.db, publication?.id ?? '');
    expect(evidence).toMatchObject({ intact: true, document: { version: 2 } });
    expect(evidence?.document.media).toEqual([
      { sha256: two.sha256, altText: 'Moving' },
      { sha256: one.sha256, altText: null },
    ]);
  });

  it('uploads them once for a post, and anew for another post or account', async () => {
    const one = await image();
    const other = await bench.connect(bench.author, MEMBERS[1]);
    const before = platform.uploads.length;
    usableUntil = new Date(Date.now() + 3_600_000);
    await published({ text: 'First', media: [{ id: one.id }] });
    expect(platform.uploads.length).toBe(before + 1);
    await published({ text: 'Second', media: [{ id: one.id, altText: 'Described now' }] });
    expect(platform.uploads.length).toBe(before + 2);
    await published({ text: 'Third', media: [{ id: one.id }], accounts: [other.id] });
    expect(platform.uploads.length).toBe(before + 3);
  });

  it('finds what was uploaded before, by whichever process, unless it is about to end', async () => {
    const one = await image();
    const [shown] = await imagesOfPost(bench.ctx.db, (await write({ media: [{ id: one.id }] })).id);
    if (shown === undefined) throw new Error('the post has an image');
    const uploads = () => imageUploads(bench.ctx, bench.account.id, [shown], () => undefined);
    const recalled = async () => (await uploads()).recall(contentImage(shown));
    const soon = new Date(bench.ctx.clock.now().getTime() + 5 * 60_000);
    await (await uploads()).remember(contentImage(shown), 'ends soon', soon);
    expect(await recalled()).toBeNull();
    await (await uploads()).remember(contentImage(shown), 'good for a day', null);
    expect(await recalled()).toBe('good for a day');
  });
});

describe('another text for one account', () => {
  it('goes there, while the others get the post’s own', async () => {
    const other = await bench.connect(bench.author, MEMBERS[2]);
    const accounts = [bench.account.id, other.id];
    const post = await write({ text: 'For all', accounts, texts: { [other.id]: 'For one\r\nalone' } });
    const texts = async () =>
      Object.fromEntries(
        (await bench.ctx.db.publication.findMany({ where: { postId: post.id } })).map(({ accountId, text }) => [
          accountId,
          text,
        ]),
      );
    expect(await texts()).toEqual({ [bench.account.id]: null, [other.id]: 'For one\nalone' });
    await edit(post.id, { text: 'For all, again' });
    expect((await texts())[other.id]).toBe('For one\nalone');
    await edit(post.id, { texts: { [bench.account.id]: 'Mine', [other.id]: ' ' } });
    expect(await texts()).toEqual({ [bench.account.id]: 'Mine', [other.id]: null });
    await edit(post.id, { accounts: [other.id] });
    expect(await texts()).toEqual({ [other.id]: null });
  });

  it('has mistakes of its own, and frees the post’s text from that account’s limit', async () => {
    const { id } = bench.account;
    const long = 'x'.repeat(3001);
    expect(await refusalOf(write({ texts: { [id]: long } }))).toEqual({
      [`texts.${id}`]: 'LinkedIn takes 3,000 characters; this is 1 too long. Shorten the text.',
    });
    expect(await refusalOf(write({ text: long, texts: { [id]: 'Short' } }))).toEqual({});
    expect(await refusalOf(write({ text: '', texts: { [id]: 'Short' } }))).toEqual({
      text: 'Write something: the text is empty.',
    });
    expect(await refusalOf(write({ accounts: [], texts: { [id]: 'Short' } }))).toEqual({
      texts: 'There is a text for an account that this post does not go to. Choose the account, or remove its text.',
    });
  });

  it('asks for approval again when it changes', async () => {
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: true } });
    const post = await write({ scheduledAt: tomorrow() });
    await schedulePost(bench.ctx, bench.author, post.id);
    await approvePost(bench.ctx, approver, post.id);
    await edit(post.id, { texts: { [bench.account.id]: 'Another thing to approve' } });
    expect((await bench.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } })).status).toBe('awaiting_approval');
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: false } });
  });
});
