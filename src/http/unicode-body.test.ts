/** Bytes that are no text: whoever sent them has to hear it, before a replacement character is published in their place. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPanel } from '../admin/panel.ts';
import type { AppContext } from '../context.ts';
import { hashPassword } from '../identity/password.ts';
import type { Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const PERSON = { email: 'ann@example.com', password: 'correct horse battery' };
const SENTENCE = /has bytes that are not UTF-8, .* Save it as UTF-8 and send it again\. Nothing was saved\.$/;
const NEW_POST = '/admin/api/resources/Post/actions/new';
let server: TestServer;
let ann: Visitor;

beforeAll(async () => {
  server = await startTestServer({ admin: async (ctx: AppContext) => (await createPanel(ctx)).router });
  const { id: teamId } = await server.ctx.db.team.create({ data: { name: 'Ours' } });
  await server.ctx.db.user.create({
    data: {
      email: PERSON.email,
      name: 'Ann',
      credential: { create: { passwordHash: await hashPassword(PERSON.password) } },
      memberships: { create: { teamId, role: 'author' } },
    },
  });
  ann = server.visitor();
  await ann.signIn(PERSON.email, PERSON.password);
}, 60_000);
afterAll(() => server.close());

const send = (type: string, body: Uint8Array | string, path = NEW_POST, visitor = ann) =>
  visitor.send(path, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', 'content-type': type, accept: 'application/json' },
    body: new Uint8Array(Buffer.from(body)),
  });
/** Text in which each `~` is the byte 0xff, which no UTF-8 has. */
const broken = (text: string) =>
  Buffer.from(Buffer.from(text, 'utf8').toString('latin1').replaceAll('~', '\xff'), 'latin1');
const multipart = (value: string, more = '') =>
  `--b\r\nContent-Disposition: form-data; name="text"${more}\r\n\r\n${value}\r\n--b--\r\n`;
const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=b';

describe('bytes that are not UTF-8', () => {
  it.each([
    ['in JSON', JSON_TYPE, broken('{"text":"Caf~"}')],
    ['in JSON, half a character at its end', JSON_TYPE, Buffer.from('{"text":"\xc3"}', 'latin1')],
    ['in JSON, half of an emoji written as three bytes', JSON_TYPE, Buffer.from('{"text":"\xed\xa0\xbd"}', 'latin1')],
    ['in JSON, in the name of a field', JSON_TYPE, broken('{"te~xt":"Hello","text":"Hello"}')],
    ['in a form as they are', FORM, broken('text=Caf~')],
    ['in a form with percent signs', FORM, 'text=Caf%E9'],
    ['in a form, half a character', FORM, 'text=Caf%C3+and+more'],
    ['in a multipart form', MULTIPART, broken(multipart('Caf~'))],
    ['in a multipart form as base64', MULTIPART, multipart('Q2Fm6Q==', '\r\nContent-Transfer-Encoding: base64')],
  ])('%s are a 400 that says so, and nothing is saved', async (_where, type, body) => {
    const answer = await send(type, body);
    expect([answer.status, JSON.parse(answer.text).error?.message]).toEqual([400, expect.stringMatching(SENTENCE)]);
    expect(await server.ctx.db.post.count()).toBe(0);
    expect(server.logged()).not.toContain('Caf');
  });

  it('are a 400 on a page of our own, where somebody signs in', async () => {
    const answer = await send(FORM, 'email=ann%40example.com&password=%FF%FE', '/login', server.visitor());
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('not UTF-8');
  });
});

describe('a text in another encoding', () => {
  it.each([
    ['JSON in UTF-16', `${JSON_TYPE}; charset=utf-16le`, Buffer.from('{"text":"Hello"}', 'utf16le')],
    ['a form in Latin 1', `${FORM}; charset=iso-8859-1`, Buffer.from('text=Caf\xe9', 'latin1')],
  ])('(%s) is not guessed at', async (_what, type, body) => {
    const answer = await send(type, body);
    expect([answer.status, JSON.parse(answer.text).error?.message]).toEqual([415, expect.stringMatching(/UTF-8/)]);
    expect(await server.ctx.db.post.count()).toBe(0);
  });
});

describe('what every language writes', () => {
  const text = 'Grüße 漢字 🎉 100% %zz \ufffd';
  it.each([
    ['JSON', JSON_TYPE, JSON.stringify({ text })],
    ['JSON of ASCII only', JSON_TYPE, '{"text":"Gr\\u00fc\\u00dfe \\u6f22\\u5b57 \\ud83c\\udf89 100% %zz \\ufffd"}'],
    ['a form', FORM, new URLSearchParams({ text }).toString()],
    ['a multipart form', MULTIPART, multipart(text)],
  ])('arrives in %s as it was written', async (_how, type, body) => {
    const answer = await send(type, body);
    expect([answer.status, JSON.parse(answer.text).record.params.text]).toEqual([200, text]);
  });
});
