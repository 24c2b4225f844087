/** The sandbox's own routes: the feed, the switches, and JSON for tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { json, type Request, type RequestHandler, type Response, Router, urlencoded } from 'express';
import { z } from 'zod';
import { DEFAULT_DELAY_MS, FAULTS } from './fault-switches.ts';
import { type FeedView, feedPage, postsPart, switchesPart } from './pages/feed-page.ts';
import { sendPage } from './pages/page.ts';
import { SERVICE } from './sandbox-address.ts';
import type { SandboxContext, SandboxPlatform } from './sandbox-platform.ts';

export interface Control {
  readonly context: SandboxContext;
  readonly platforms: readonly SandboxPlatform[];
  /** Names the data directory, so that another process can tell whether this is its sandbox. */
  readonly instance: string;
  reset(options: { keepConnections: boolean }): Promise<void>;
}

const ASSETS = { 'sandbox.css': 'text/css', 'feed.js': 'text/javascript', 'icon.svg': 'image/svg+xml' } as const;

const number = (name: string, most: number) =>
  z.coerce
    .number(`${name} must be a number`)
    .int(`${name} must be a whole number`)
    .min(1, `${name} must be at least 1`)
    .max(most, `${name} must be at most ${most}`);

const faultSchema = z.object({
  platform: z.string('Say which platform: {"platform": "linkedin", …}'),
  account: z.string('Say which account, by the platform’s own identifier, such as urn:li:person:…'),
  fault: z.string(`fault must be one of: ${FAULTS.join(', ')}`),
  times: z.preprocess((value) => (value === '' ? undefined : value), number('times', 1_000_000).optional()),
  delayMs: z.preprocess(
    (value) => (value === '' ? undefined : value),
    number('delayMs', 600_000).default(DEFAULT_DELAY_MS),
  ),
});

const resetSchema = z.object({ keepConnections: z.boolean('keepConnections must be true or false').default(false) });

export function controlRoutes(control: Control, sameOrigin: RequestHandler): Router {
  const { context, platforms } = control;
  const router = Router();
  const view = (shown: readonly SandboxPlatform[], path: string): FeedView => ({
    platforms: shown,
    all: platforms,
    path,
    faultOf: (platform, account) => context.faults.get(platform, account),
  });

  router.get('/', (_request, response) => sendPage(response, 200, feedPage(view(platforms, '/'))));
  for (const platform of platforms) {
    router.get(`/${platform.name}`, (_request, response) =>
      sendPage(response, 200, feedPage(view([platform], `/${platform.name}`))),
    );
  }
  for (const [name, type] of Object.entries(ASSETS)) {
    const content = readFileSync(join(import.meta.dirname, 'pages', name));
    router.get(
      `/sandbox/assets/${name}`,
      (_request, response) => void response.set({ 'cache-control': 'no-cache' }).type(type).send(content),
    );
  }

  const shown = (request: Request, response: Response): readonly SandboxPlatform[] | null => {
    const wanted = request.query.platform;
    const found = wanted === undefined ? platforms : platforms.filter(({ name }) => name === wanted);
    if (found.length > 0) return found;
    response.status(400).json({ error: `platform must be one of: ${platforms.map(({ name }) => name).join(', ')}` });
    return null;
  };
  router.get('/sandbox/parts/posts', (request, response) => {
    const some = shown(request, response);
    if (some)
      response
        .set('cache-control', 'no-store')
        .type('html')
        .send(postsPart(view(some, '/')).markup);
  });
  router.get('/sandbox/parts/switches', (request, response) => {
    const some = shown(request, response);
    if (some)
      response
        .set('cache-control', 'no-store')
        .type('html')
        .send(switchesPart(view(some, '/')).markup);
  });
  router.get('/sandbox/healthz', (_request, response) => {
    response.json({
      status: 'ok',
      service: SERVICE,
      instance: control.instance,
      platforms: platforms.map(({ name }) => name),
    });
  });
  router.get('/sandbox/ledger', async (request, response) => {
    const some = shown(request, response);
    if (!some) return;
    // What is shown as accepted must survive a crash in the next instant.
    await context.durable();
    response.json({ entries: some.flatMap((platform) => [...platform.posts()]) });
  });
  router.get('/sandbox/requests', (request, response) => {
    const some = shown(request, response);
    if (some) response.json({ requests: some.flatMap(({ name }) => [...context.requests.entries(name)]) });
  });
  router.get('/sandbox/accounts', (request, response) => {
    const some = shown(request, response);
    if (!some) return;
    response.json({
      accounts: some.flatMap((platform) =>
        platform.accounts().map((account) => ({
          platform: platform.name,
          ...account,
          fault: context.faults.get(platform.name, account.id)?.fault ?? 'ok',
        })),
      ),
    });
  });

  router.use('/sandbox', sameOrigin, json({ limit: '64kb' }), urlencoded({ extended: false, limit: '64kb' }));
  router.post('/sandbox/faults', (request, response) => setFault(control, request, response));
  router.post('/sandbox/reset', async (request, response) => {
    const wanted = resetSchema.safeParse(request.body ?? {});
    if (!wanted.success) return void response.status(400).json({ error: sentence(wanted.error) });
    await control.reset(wanted.data);
    response.json({ status: 'ok' });
  });
  return router;
}

async function setFault({ context, platforms }: Control, request: Request, response: Response): Promise<void> {
  const wanted = faultSchema.safeParse(request.body ?? {});
  if (!wanted.success) return void response.status(400).json({ error: sentence(wanted.error) });
  const { platform: name, account, fault, times, delayMs } = wanted.data;
  const platform = platforms.find((candidate) => candidate.name === name);
  if (!platform) return void response.status(404).json({ error: `There is no platform ${name} here.` });
  if (!platform.accounts().some(({ id }) => id === account)) {
    const known = platform.accounts().map(({ id }) => id);
    return void response.status(404).json({ error: `There is no account ${account}. Known: ${known.join(', ')}` });
  }
  const faults: string[] = [...FAULTS, ...Object.keys(platform.ownFaults ?? {})];
  if (!faults.includes(fault)) {
    return void response.status(400).json({ error: `fault must be one of: ${faults.join(', ')}` });
  }
  const setting = {
    platform: name,
    account,
    fault,
    remaining: times ?? null,
    delayMs,
    setAt: context.clock.now().toISOString(),
  };
  context.write({ kind: 'fault.set', ...setting });
  await context.durable();
  if (request.is('urlencoded')) response.redirect(303, '/#switches');
  else response.json({ platform: name, account, fault, times: times ?? null, delayMs });
}

function sentence(error: z.ZodError): string {
  return error.issues.map(({ message }) => message).join('; ');
}
