import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from 'express';
import { STYLESHEET_PATH, TIME_ZONE_SCRIPT_PATH } from './pages/layout.ts';

/** The style and the one script of our own pages, served by us and before any session is opened. */
export function pageAssets(): Router {
  const router = Router();
  const serve = (path: string, file: string, type: string) => {
    const content = readFileSync(join(import.meta.dirname, 'pages', file), 'utf8');
    router.get(path, (_req, res) => {
      res.type(type).setHeader('Cache-Control', 'public, max-age=3600');
      res.send(content);
    });
  };
  serve(STYLESHEET_PATH, 'stylesheet.css', 'css');
  serve(TIME_ZONE_SCRIPT_PATH, 'time-zone.js', 'text/javascript');
  return router;
}
