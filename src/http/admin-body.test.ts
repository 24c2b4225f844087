import type { Server } from 'node:http';
import express from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adminBody } from './admin-body.ts';

let server: Server;
let url: string;

beforeAll(async () => {
  const app = express();
  app.post('/', adminBody(), (req, res) => {
    res.json(req.fields);
  });
  server = await new Promise<Server>((resolve) => {
    const started = app.listen(0, '127.0.0.1', () => resolve(started));
  });
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const sent = async (body: FormData | URLSearchParams): Promise<unknown> =>
  (await fetch(url, { method: 'POST', body })).json();

it('a key that is repeated arrives as a list, in a multipart form as in a plain one', async () => {
  const multipart = new FormData();
  const plain = new URLSearchParams();
  for (const form of [multipart, plain])
    for (const [name, value] of [
      ['text', 'Hello'],
      ['accounts', '1'],
      ['accounts', '2'],
      ['accounts', '3'],
    ] as const)
      form.append(name, value);
  const expected = { text: 'Hello', accounts: ['1', '2', '3'] };
  expect(await sent(plain)).toEqual(expected);
  expect(await sent(multipart)).toEqual(expected);
});

it('a multipart field that reaches for the prototype is refused, however it is called', async () => {
  for (const name of ['__proto__', 'a.__proto__.b', 'constructor']) {
    const form = new FormData();
    form.append(name, 'x');
    expect((await fetch(url, { method: 'POST', body: form })).status, name).toBe(400);
  }
});
