/**
 * Serves the panel's scripts and styles. AdminJS's own way refuses every file under a folder whose name starts with a
 * dot, so a clone in such a folder would have no panel; and it lets browsers ask again for each of 3 MB at every page.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import AdminJS, { Router as AdminRouter } from 'adminjs';
import { type RequestHandler, type Response, Router } from 'express';

const FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#2f4bd8"/><path d="M9 17.5 23.5 8.5 19 23.5l-3.6-5.2z" fill="#fff"/><path d="m15.4 18.3 8.1-9.8" stroke="#2f4bd8" stroke-width="1.4"/></svg>`;
const PREFIX = '/frontend/assets';

/**
 * @param bundle our components
 * @returns a handler for the folder, and a version that changes whenever one of the files does
 */
export function panelAssets(
  bundle: { script: string; hash: string },
  stylesheet: string,
): { handler: RequestHandler; version: string } {
  const router = Router();
  router.get('/components.bundle.js', (req, res) =>
    cached(req.query.v, res).type('text/javascript').send(bundle.script),
  );
  router.get('/panel.css', (req, res) => cached(req.query.v, res).type('text/css').send(stylesheet));
  router.get('/favicon.svg', (req, res) => cached(req.query.v, res).type('image/svg+xml').send(FAVICON));
  for (const { path, src } of AdminRouter.assets) {
    const file = resolve(src);
    if (path.endsWith('/design-system.bundle.js')) {
      const script = withoutEval(file);
      router.get(path.slice(PREFIX.length), async (req, res) =>
        cached(req.query.v, res)
          .type('text/javascript')
          .send(await script()),
      );
      continue;
    }
    // `components.bundle.js` is in the list in production; ours above wins.
    router.get(path.slice(PREFIX.length), (req, res, next) => {
      cached(req.query.v, res).sendFile(
        file,
        { dotfiles: 'allow', cacheControl: false },
        (error) => error && next(error),
      );
    });
  }
  const version = createHash('sha256')
    .update(AdminJS.VERSION)
    .update(bundle.hash)
    .update(EVALUATED.join())
    .update(stylesheet)
    .update(FAVICON)
    .digest('hex')
    .slice(0, 12);
  return { handler: router, version };
}

/** How a library inside the design system looks for the global object: by evaluating text, which our content policy forbids. */
const EVALUATED = ['new Function("return this")()', 'globalThis'] as const;

/** Read at the first request: it is large, and most processes that start never show a page. */
function withoutEval(file: string): () => Promise<Buffer> {
  let script: Promise<Buffer> | undefined;
  return () => {
    script ??= readFile(file, 'utf8').then((text) => Buffer.from(text.replaceAll(...EVALUATED)));
    return script;
  };
}

/** A versioned address never changes its content. */
function cached(version: unknown, res: Response): Response {
  return res.setHeader('Cache-Control', version === undefined ? 'no-cache' : 'private, max-age=31536000, immutable');
}
