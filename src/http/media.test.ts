import { request } from 'node:http';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { TeamRole } from '../domain/access.ts';
import { hashPassword } from '../identity/password.ts';
import { removeUnusedImages } from '../media/remove-unused-images.ts';
import { animation, photo, picture, png } from '../testing/drawn-images.ts';
import { eventually } from '../testing/publishing-bench.ts';
import type { Answer, Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;
let server: TestServer;
let teamId: string;
let otherTeamId: string;
let ann: Visitor;

beforeAll(async () => {
  server = await startTestServer();
  const team = (name: string) => server.ctx.db.team.create({ data: { name } });
  teamId = (await team('Ours')).id;
  otherTeamId = (await team('Theirs')).id;
  ann = await member('author');
});
afterAll(() => server.close());

let people = 0;
async function member(role: TeamRole, teams: string[] = [teamId], isSuperuser = false): Promise<Visitor> {
  const email = `person${people++}@example.com`;
  await server.ctx.db.user.create({
    data: {
      email,
      name: email,
      isSuperuser,
      credential: { create: { passwordHash: await hashPassword(PASSWORD) } },
      memberships: { create: teams.map((team) => ({ teamId: team, role })) },
    },
  });
  const visitor = server.visitor();
  await visitor.signIn(email, PASSWORD);
  return visitor;
}

const HEADERS = { 'sec-fetch-site': 'same-origin', 'content-type': 'image/png' };

function upload(
  visitor: Visitor,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
  path = `/media?team=${teamId}`,
): Promise<Answer> {
  const bytes = typeof body === 'string' ? body : new Uint8Array(body);
  return visitor.send(path, { method: 'POST', body: bytes, headers: { ...HEADERS, ...headers } });
}

const said = (answer: Answer): { status: number; message: string } => JSON.parse(answer.text).error;
const added = async (visitor: Visitor, body: Uint8Array) => JSON.parse((await upload(visitor, body)).text);

async function bytesOf(visitor: Visitor, id: string): Promise<Buffer> {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return Buffer.from(await (await fetch(`${server.url}/media/${id}`, { headers: { cookie } })).arrayBuffer());
}

describe('an image', () => {
  test('is taken in, and given out again as it was', async () => {
    const bytes = await sharp({
      create: { width: 900, height: 700, channels: 3, background: '#888', noise: { type: 'gaussian' } },
    })
      .png()
      .toBuffer();
    expect(bytes.length).toBeGreaterThan(2 * 256 * 1024); // several pieces
    const answer = await upload(ann, bytes);
    const image = JSON.parse(answer.text);
    expect([answer.status, answer.location]).toEqual([201, `/media/${image.id}`]);
    expect(image).toEqual({
      id: image.id,
      contentType: 'image/png',
      byteSize: bytes.length,
      width: 900,
      height: 700,
      animated: false,
    });
    expect((await bytesOf(ann, image.id)).equals(bytes)).toBe(true);
  });

  test('is sent to browsers as an image and as nothing else, and may be kept by them for comparing', async () => {
    const { id, byteSize } = await added(ann, await picture().jpeg().toBuffer());
    const { status, headers } = await ann.get(`/media/${id}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('image/jpeg');
    expect(headers.get('content-length')).toBe(String(byteSize));
    expect(headers.get('content-disposition')).toMatch(/^inline; filename="image-[0-9a-f]{12}\.jpg"$/);
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('private, no-cache');
    const again = await ann.get(`/media/${id}`, {
      'if-none-match': headers.get('etag') ?? '',
      'cache-control': 'max-age=0',
    });
    expect([again.status, again.text]).toEqual([304, '']);
    const head = await ann.send(`/media/${id}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(byteSize)]);
  });

  test('is kept by a browser only to be asked for again: who left the team gets it no more', async () => {
    const drawn = sharp({ create: { width: 90, height: 70, channels: 3, background: '#123456' } });
    const { id } = await added(ann, await drawn.png().toBuffer());
    const colleague = await member('author');
    const first = await colleague.get(`/media/${id}`);
    const known = { 'if-none-match': first.headers.get('etag') ?? '', 'cache-control': 'max-age=0' };
    const asked = () => colleague.get(`/media/${id}`, known);
    expect((await asked()).status).toBe(304);
    await server.ctx.db.membership.deleteMany({ where: { user: { name: `person${people - 1}@example.com` } } });
    expect((await asked()).status).toBe(404);
    await colleague.send('/logout', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } });
    expect((await asked()).status).toBe(401);
  });

  test('is known by its content, whatever type it claims to be', async () => {
    const gif = await animation('gif');
    expect(JSON.parse((await upload(ann, gif, { 'content-type': 'image/png' })).text)).toMatchObject({
      contentType: 'image/gif',
      animated: true,
    });
    expect((await upload(ann, await png(), { 'content-type': 'text/html' })).status).toBe(201);
  });

  test('is kept once per team, also when it is sent by two people at the same moment', async () => {
    const bytes = await png();
    const colleague = await member('manager');
    const answers = await Promise.all([upload(ann, bytes), upload(colleague, bytes), upload(ann, bytes)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    const ids = answers.map(({ text }) => JSON.parse(text).id);
    expect(new Set(ids).size).toBe(1);
    const events = await server.ctx.db.auditEvent.findMany({ where: { entityId: ids[0] } });
    expect(events.map(({ action, teamId: team }) => [action, team])).toEqual([['media.added', teamId]]);
    const theirs = JSON.parse(
      (await upload(await member('author', [otherTeamId]), bytes, {}, `/media?team=${otherTeamId}`)).text,
    );
    expect(theirs.id).not.toBe(ids[0]);
  });

  test('loses where it was taken before it is kept', async () => {
    const { id } = await added(ann, await photo('jpeg', 6));
    const { bytes, width, height } = await server.ctx.db.media.findUniqueOrThrow({ where: { id } });
    expect(Buffer.from(bytes).toString('latin1')).not.toMatch(/SECRET|GPS|Exif/);
    expect([width, height]).toEqual([48, 64]);
  });

  test('needs no team in the address from somebody who is in one only', async () => {
    expect((await upload(ann, await png(), {}, '/media')).status).toBe(201);
    const both = await member('author', [teamId, otherTeamId]);
    const answer = await upload(both, await png(), {}, '/media');
    expect([answer.status, said(answer).message]).toEqual([400, expect.stringContaining('Say which team')]);
  });
});

describe('who may see an image', () => {
  test('is its team, and superusers', async () => {
    const { id } = await added(ann, await png());
    for (const visitor of [ann, await member('author'), await member('author', [], true)])
      expect((await visitor.get(`/media/${id}`)).status).toBe(200);
    const stranger = await member('manager', [otherTeamId]);
    const [foreign, unknown, noId] = await Promise.all(
      [id, '01900000-0000-7000-8000-000000000000', 'x'].map((one) => stranger.get(`/media/${one}`)),
    );
    expect(foreign?.status).toBe(404);
    expect(said(foreign as Answer).message).toBe('There is no such image, or you may not see it.');
    // Nothing tells what exists from what does not.
    for (const other of [unknown, noId]) expect(said(other as Answer).message).toBe(said(foreign as Answer).message);
  });

  test('of another team’s post is on record for a superuser, once in an hour and not for his own team', async () => {
    const { id } = await added(ann, await png());
    const author = await server.ctx.db.user.findFirstOrThrow({ where: { isSuperuser: false } });
    const post = await server.ctx.db.post.create({
      data: { teamId, authorId: author.id, text: 'With an image', media: { create: { mediaId: id, position: 0 } } },
    });
    const listed = () => server.ctx.db.auditEvent.findMany({ where: { action: 'post.listed' } });
    for (const visitor of [ann, await member('author', [teamId], true)]) await visitor.get(`/media/${id}`);
    expect(await listed()).toEqual([]);
    const root = await member('author', [], true);
    for (const method of ['HEAD', 'GET', 'GET']) await root.send(`/media/${id}`, { method });
    expect(await listed()).toMatchObject([{ entity: 'Post', teamId, metadata: { where: 'image', posts: [post.id] } }]);
  });

  test('is nobody who is not signed in; an image is no page to come back to', async () => {
    const { id } = await added(ann, await png());
    const nobody = server.visitor();
    for (const answer of [await nobody.get(`/media/${id}`), await upload(nobody, await png())]) {
      expect([answer.status, answer.location]).toEqual([401, null]);
      expect(said(answer).message).toContain('Sign in');
    }
  });
});

describe('what is refused', () => {
  it.each([
    ['nothing', '', 400, 'This file is empty.'],
    ['a drawing with a script', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 400, 'SVG'],
    ['a page that calls itself a PNG', '<!doctype html><script>alert(1)</script>', 400, 'not an image'],
  ])('%s', async (_name, body, status, sentence) => {
    const before = await server.ctx.db.media.count();
    const answer = await upload(ann, body);
    expect([answer.status, said(answer).message]).toEqual([status, expect.stringContaining(sentence)]);
    expect(await server.ctx.db.media.count()).toBe(before);
  });

  it('a file that was cut off, and one that unpacks to sixty megapixels', async () => {
    const before = await server.ctx.db.media.count();
    const whole = await picture(300, 300).jpeg().toBuffer();
    const cut = await upload(ann, whole.subarray(0, whole.length / 2));
    expect([cut.status, said(cut).message]).toEqual([400, expect.stringContaining('damaged or cut off')]);
    const bomb = await sharp({ create: { width: 10_000, height: 6_000, channels: 3, background: '#345' } })
      .png()
      .toBuffer();
    const refused = await upload(ann, bomb);
    expect([refused.status, said(refused).message]).toEqual([400, expect.stringContaining('40 megapixels')]);
    expect(await server.ctx.db.media.count()).toBe(before);
  });

  it('more than ten megabytes, whether or not it is an image', async () => {
    const answer = await upload(ann, new Uint8Array(10 * 1024 * 1024 + 1));
    expect([answer.status, said(answer).message]).toEqual([
      413,
      'This file has 10.5 MB; an image may have 10 MB at most. Save it smaller, or as JPEG, and add it again.',
    ]);
  });

  it.each([
    ['inside a form', { 'content-type': 'multipart/form-data; boundary=x' }, 415, 'not inside a form'],
    ['inside JSON', { 'content-type': 'application/json' }, 415, 'not inside a form'],
    ['packed', { 'content-encoding': 'gzip' }, 415, 'without Content-Encoding'],
  ])('an image %s', async (_how, headers, status, sentence) => {
    const answer = await upload(ann, await png(), headers);
    expect([answer.status, said(answer).message]).toEqual([status, expect.stringContaining(sentence)]);
  });

  it('a stream of unknown length', async () => {
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(10));
        controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half', headers: HEADERS };
    const answer = await ann.send(`/media?team=${teamId}`, init as RequestInit);
    expect([answer.status, said(answer).message]).toEqual([411, expect.stringContaining('Content-Length')]);
  });

  it('a team that is not there, or not one’s own, in the same words', async () => {
    const answers = await Promise.all(
      [otherTeamId, '01900000-0000-7000-8000-000000000000', "x' OR 1=1"].map(async (team) =>
        upload(ann, await png(), {}, `/media?team=${encodeURIComponent(team)}`),
      ),
    );
    for (const answer of answers)
      expect([answer.status, said(answer).message]).toEqual([404, 'There is no such team, or you may not see it.']);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another origin', { 'sec-fetch-site': '', origin: 'https://evil.example' }],
  ])(
    'an image that %s made the browser send',
    async (_who, { 'sec-fetch-site': site, ...rest }: Record<string, string>) => {
      const headers: Record<string, string> = { 'content-type': 'image/png', ...rest };
      if (site !== '') headers['sec-fetch-site'] = site ?? '';
      const answer = await ann.send(`/media?team=${teamId}`, {
        method: 'POST',
        body: new Uint8Array(await png()),
        headers,
      });
      expect([answer.status, said(answer).message]).toEqual([403, expect.stringContaining('did not come from a page')]);
    },
  );

  it('another method, saying which one is right', async () => {
    const { id } = await added(ann, await png());
    for (const [method, path, allowed] of [
      ['GET', '/media', 'POST'],
      ['PUT', '/media', 'POST'],
      ['DELETE', `/media/${id}`, 'GET, HEAD'],
      ['POST', `/media/${id}`, 'GET, HEAD'],
    ] as const) {
      const answer = await ann.send(path, { method, headers: HEADERS });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, allowed]);
      expect(said(answer).message).toMatch(/^[A-Z].+\.$/);
    }
    expect((await ann.get(`/media/${id}`)).status).toBe(200);
  });

  it('an upload that breaks off, without a word in the log about a fault of ours', async () => {
    const cookie = [...ann.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const before = server.logged().length;
    await new Promise<void>((resolve) => {
      const sending = request(`${server.url}/media?team=${teamId}`, {
        method: 'POST',
        headers: { ...HEADERS, cookie, 'content-length': 5000 },
      });
      sending.on('error', () => resolve());
      sending.write(Buffer.alloc(100), () => setTimeout(() => sending.destroy(new Error('gone')), 50));
    });
    expect((await upload(ann, await png())).status).toBe(201);
    expect(server.logged().slice(before)).not.toContain('request failed');
  });

  it('a fourth image of one person while three are still coming in', async () => {
    const cookie = [...ann.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const slow: ReturnType<typeof request>[] = [];
    const hold = () => {
      const sending = request(`${server.url}/media?team=${teamId}`, {
        method: 'POST',
        headers: { ...HEADERS, cookie, 'content-length': 5000 },
      });
      sending.on('error', () => undefined);
      // Refused because one of the images below was just coming in: again.
      sending.on('response', (answer) => {
        answer.resume();
        hold();
      });
      sending.write(Buffer.alloc(100));
      slow.push(sending);
    };
    for (let n = 0; n < 3; n += 1) hold();
    const refused = await eventually(async () => {
      const answer = await upload(ann, await png());
      // 200: the drawn pictures repeat after sixty.
      return answer.status < 300 ? undefined : answer;
    }, 'the three to arrive');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3']);
    expect(said(refused).message).toBe('Too many images are being sent at once. Try again in a few seconds.');
    expect((await upload(await member('author'), await png())).status).toBe(201);
    for (const sending of slow) sending.destroy();
    await eventually(async () => ((await upload(ann, await png())).status < 300 ? true : undefined), 'a free place');
  });

  it('very many images of one person within a day, and of one team in all', async () => {
    const greedy = await member('author');
    const { id } = await added(greedy, await png());
    const { addedById } = await server.ctx.db.media.findUniqueOrThrow({ where: { id } });
    const claim = (data: object) => server.ctx.db.media.update({ where: { id }, data });
    await claim({ byteSize: 500_000_000 });
    const answer = await upload(greedy, await png());
    expect([answer.status, said(answer).message]).toEqual([409, expect.stringContaining('tomorrow')]);
    expect((await upload(ann, await png())).status).toBe(201);
    await claim({ createdAt: new Date(Date.now() - DAY_MS - 1000), addedById });
    expect((await upload(greedy, await png())).status).toBe(201);
    await claim({ byteSize: 2_000_000_000 });
    const ids: string[] = [];
    for (let count = 0; count < 9; count++) ids.push((await added(greedy, await png())).id);
    await server.ctx.db.media.updateMany({
      where: { id: { in: ids } },
      data: { byteSize: 2_000_000_000, createdAt: new Date(Date.now() - 2 * DAY_MS) },
    });
    const full = await upload(ann, await png());
    expect([full.status, said(full).message]).toEqual([409, expect.stringContaining('used up its space')]);
    await server.ctx.db.media.updateMany({ where: { byteSize: { gte: 500_000_000 } }, data: { byteSize: 1 } });
  });
});

describe('an image that no post has used for a day', () => {
  test('is removed, and that is on record; sending it again keeps it', async () => {
    const [lonely, kept] = [await png(), await png()];
    const [one, other] = [await added(ann, lonely), await added(ann, kept)];
    server.clock.advance(DAY_MS - 60_000);
    await removeUnusedImages(server.ctx);
    expect((await upload(ann, kept)).status).toBe(200);
    server.clock.advance(120_000);
    await removeUnusedImages(server.ctx);
    const left = await server.ctx.db.media.findMany({ where: { id: { in: [one.id, other.id] } } });
    expect(left.map(({ id }) => id)).toEqual([other.id]);
    expect((await ann.get(`/media/${one.id}`)).status).toBe(404);
    expect(
      await server.ctx.db.auditEvent.count({ where: { entityId: one.id, action: 'media.removed', actorId: null } }),
    ).toBe(1);
    expect((await upload(ann, lonely)).status).toBe(201);
  });
});
