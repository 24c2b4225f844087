import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { addImage } from '../media/add-image.ts';
import type { StoredImage } from '../media/stored-image.ts';
import { png } from '../testing/drawn-images.ts';
import { createImagesPlatform } from '../testing/images-platform.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';
import { eventually, MEMBERS } from '../testing/publishing-bench.ts';
import { startWorker } from '../worker/worker.ts';

let bench: PanelBench;
let author: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
}, 60_000);
afterAll(() => bench.close());

const image = async (width = 80): Promise<StoredImage> =>
  (await addImage(bench.ctx, author, bench.teamId, Buffer.from(await png(width, 60)))).image;
const newPost = (values: Record<string, unknown>) =>
  bench.ask(author, '/api/resources/Post/actions/new', {
    text: 'With images',
    accounts: [bench.account.id],
    ...values,
  });

describe('the images of a post', () => {
  it('are taken and shown by the panel’s API, with what is known of each', async () => {
    const [one, two] = [await image(), await image()];
    const { body } = await newPost({ media: [{ id: two.id, altText: 'Two' }, { id: one.id }] });
    expect(body.record.params).toMatchObject({
      'media.0.id': two.id,
      'media.0.altText': 'Two',
      'media.0.contentType': 'image/png',
      'media.0.width': 80,
      'media.0.height': 60,
      'media.0.byteSize': two.byteSize,
      'media.0.animated': false,
      'media.1.id': one.id,
      'media.1.altText': null,
    });
    const at = `/api/resources/Post/records/${body.record.params.id}`;
    const shown = await bench.ask(author, `${at}/show`);
    expect(shown.body.record.params['media.1.id']).toBe(one.id);
    // No bytes and no hash travel with a list of posts.
    expect(Object.keys(shown.body.record.params).filter((key) => /bytes|sha256/.test(key))).toEqual([]);
    const emptied = await bench.ask(author, `${at}/edit`, { media: [] });
    expect(emptied.body.record.params.media).toEqual([]);
  });

  it.each([
    ['flat keys', ({ id }: StoredImage) => ({ 'media.0.id': id, 'media.0.altText': 'Seen' })],
    ['JSON as text', ({ id }: StoredImage) => ({ media: JSON.stringify([{ id, altText: 'Seen' }]) })],
  ])('are taken from %s', async (_form, values) => {
    const one = await image();
    const { body } = await newPost(values(one));
    expect(body.record.params).toMatchObject({ 'media.0.id': one.id, 'media.0.altText': 'Seen' });
  });

  it.each([
    ['an unknown one', () => [{ id: '01900000-0000-7000-8000-000000000000' }], 'no longer there'],
    ['something that is no id', () => [{ id: '../../etc' }], 'no longer there'],
    ['none at all', () => [{ altText: 'Of nothing' }], 'no longer there'],
    ['ids without objects', ({ id }: StoredImage) => [id], 'a list of objects'],
    ['an id that is no text', () => [{ id: { $ne: '' } }], 'objects with texts'],
    ['half an emoji in a description', ({ id }: StoredImage) => [{ id, altText: 'Look \ud83d' }], 'broken character'],
    ['a description without end', ({ id }: StoredImage) => [{ id, altText: 'x'.repeat(4087) }], 'longer than 4,086'],
    ['more than twenty', ({ id }: StoredImage) => Array(21).fill({ id }), 'at most 20 images'],
  ])('such as %s get a message at their field; nothing is saved or lost', async (_what, media, sentence) => {
    const before = await bench.ctx.db.post.count();
    const { status, body } = await newPost({ text: 'Typed with care', media: media(await image()) });
    expect([status, body.notice.type]).toEqual([200, 'error']);
    expect(body.record.errors.media.message).toContain(sentence);
    expect(body.record.params.text).toBe('Typed with care');
    expect(await bench.ctx.db.post.count()).toBe(before);
  });
});

describe('another text for one account', () => {
  it('is taken and shown by account, and its mistakes are told there', async () => {
    const { id } = bench.account;
    const { body } = await newPost({ texts: { [id]: 'Only here' } });
    expect(body.record.params[`texts.${id}`]).toBe('Only here');
    const at = `/api/resources/Post/records/${body.record.params.id}`;
    const long = await bench.ask(author, `${at}/edit`, { [`texts.${id}`]: 'x'.repeat(3001) });
    expect(long.body.record.errors[`texts.${id}`].message).toContain('1 too long');
    expect(long.body.record.params[`texts.${id}`]).toHaveLength(3001);
    const shown = await bench.ask(author, `${at}/show`);
    expect(shown.body.record.details.publications[0].text).toBe('Only here');
    const none = await bench.ask(author, `${at}/edit`, { texts: '' });
    expect(none.body.record.params[`texts.${id}`]).toBeUndefined();
    const stray = await newPost({ texts: { '01900000-0000-7000-8000-000000000000': 'For nobody' } });
    expect(stray.body.record.errors.texts.message).toContain('an account that this post does not go to');
  });
});

describe('the page of a post', () => {
  const warnings = async (values: Record<string, unknown>) => {
    const { body } = await newPost(values);
    const { id } = body.record.params;
    const shown = await bench.ask(author, `/api/resources/Post/records/${id}/show`);
    return { id, warnings: shown.body.record.details.warnings };
  };

  it('warns of an image that a chosen platform will crop, while it can be changed, and lets it be scheduled', async () => {
    const strip = await image(800);
    expect((await warnings({ media: [{ id: (await image()).id }] })).warnings).toEqual([]);
    expect((await warnings({ media: [{ id: strip.id }], accounts: [] })).warnings).toEqual([]);
    const at = { scheduledAt: new Date(Date.now() + 86_400_000).toISOString(), timeZone: 'UTC' };
    const { id, warnings: said } = await warnings({ media: [{ id: strip.id }], ...at });
    expect(said).toEqual([expect.stringContaining('The image (800 × 60) is too wide for the feed of LinkedIn')]);
    const scheduled = await bench.ask(author, `/api/resources/Post/records/${id}/schedule`, {});
    expect(scheduled.body.record.params.status).toBe('scheduled');
    const where = { postId: id };
    await bench.ctx.db.publication.updateMany({
      where,
      data: { status: 'published', externalId: 'x', acceptedAt: new Date() },
    });
    const shown = await bench.ask(author, `/api/resources/Post/records/${id}/show`);
    expect(shown.body.record.details.warnings).toEqual([]);
  });
});

describe('the page of a publication', () => {
  it('shows which images were published, each with its description, by what the evidence says; so does the file', async () => {
    const { linkedin } = bench.ctx.platforms;
    if (linkedin === undefined) throw new Error('the sandbox serves LinkedIn');
    const account = await bench.connect(author, MEMBERS[1]);
    const { publisher } = createImagesPlatform(() => null);
    bench.ctx.platforms = { ...bench.ctx.platforms, linkedin: { ...linkedin, publisher } };
    const worker = await startWorker(bench.ctx);
    const [one, two] = [await image(), await image(81)];
    const chosen = [{ id: one.id, altText: ' Seen ' }, { id: two.id }];
    const { body } = await newPost({ accounts: [account.id], media: chosen });
    await bench.ask(author, `/api/resources/Post/records/${body.record.params.id}/publishNow`, {});
    const { id } = await eventually(async () => {
      const found = await bench.ctx.db.publication.findFirst({
        where: { postId: body.record.params.id, status: 'published' },
      });
      return found ?? undefined;
    }, 'the post to be published');
    await worker.stop();
    const { details } = (await bench.ask(author, `/api/resources/Publication/records/${id}/show`)).body.record;
    expect(details.post.media).toMatchObject([{ id: one.id, sha256: one.sha256, altText: 'Seen' }, { id: two.id }]);
    const media = [
      { sha256: one.sha256, altText: 'Seen' },
      { sha256: two.sha256, altText: null },
    ];
    expect(details.evidence).toMatchObject({ intact: true, document: { version: 2, media } });
    const { body: file, text } = await bench.ask(author, `/api/evidence/${id}`);
    expect(file).toMatchObject({ intact: true, document: { version: 2, media } });
    const verbatim = /"document":(.*),"sha256":/s.exec(text)?.[1] ?? '';
    expect(createHash('sha256').update(verbatim).digest('hex')).toBe(file.sha256);
  });
});
