/**
 * The panel for tests: the real router over HTTP on the bench's database, with a guard that believes who somebody says
 * he is (the real one is tested with the front door) and reads bodies as the front door does.
 */
import type { Server } from 'node:http';
import express, { type RequestHandler } from 'express';
import { createPanel } from '../admin/panel.ts';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import { type Bench, openBench } from './publishing-bench.ts';

export interface PanelAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The JSON, or an empty object when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of many shapes.
  body: any;
}

export interface PanelBench extends Bench {
  /** Asks as this person; nobody when null. A body makes it a POST of JSON. */
  ask(person: Pick<Actor, 'id'> | null, path: string, body?: unknown, method?: string): Promise<PanelAnswer>;
  /** The same with another kind of body. */
  send(person: Pick<Actor, 'id'>, path: string, init: RequestInit): Promise<PanelAnswer>;
}

const NONCE = 'bm9uY2U=';

export async function openPanelBench(): Promise<PanelBench> {
  const bench = await openBench();
  const { router } = await createPanel(bench.ctx);
  const app = express();
  app.use(
    '/admin',
    believingGuard(bench),
    express.json(),
    express.urlencoded({ extended: false }),
    bodyForAdminJs,
    router,
  );
  const server = await new Promise<Server>((resolve) => {
    const started = app.listen(0, '127.0.0.1', () => resolve(started));
  });
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/admin`;

  const send = async (person: Pick<Actor, 'id'> | null, path: string, init: RequestInit): Promise<PanelAnswer> => {
    const headers = new Headers(init.headers);
    if (person !== null) headers.set('x-test-person', person.id);
    const response = await fetch(base + path, { redirect: 'manual', ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  };
  return {
    ...bench,
    send,
    ask: (person, path, body, method = body === undefined ? 'GET' : 'POST') =>
      send(person, path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
    async close() {
      await new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await bench.close();
    },
  };
}

function believingGuard(bench: Bench): RequestHandler {
  return async (req, res, next) => {
    const id = req.get('x-test-person');
    const actor = id === undefined ? null : await loadActor(bench.ctx.db, id);
    const adminUser = actor === null ? undefined : { ...actor, title: actor.name };
    Object.assign(req, { session: { adminUser } });
    res.locals.cspNonce = NONCE;
    res.locals.requestId = 'request-of-a-test';
    next();
  };
}

const bodyForAdminJs: RequestHandler = (req, _res, next) => {
  Object.assign(req, { fields: { ...req.body }, files: {}, express_formidable: { parsed: true } });
  next();
};
