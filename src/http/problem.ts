import type { Request, Response } from 'express';
import { messagePage } from './pages/message-page.ts';

export interface Problem {
  status: number;
  title: string;
  /** For a person: what happened and what to do. */
  sentence: string;
  /** A sentence per form field. */
  fields?: Readonly<Record<string, string>>;
  link?: { href: string; label: string };
}

/** Answers with a page, or with JSON to a program. Never says more than the sentence. */
export function sendProblem(req: Request, res: Response, problem: Problem): void {
  const { status, title, sentence, fields, link } = problem;
  const { requestId } = res.locals;
  res.status(status).setHeader('Cache-Control', 'no-store');
  if (wantsJson(req)) {
    res.json({ error: { status, message: sentence, requestId, ...(fields === undefined ? {} : { fields }) } });
    return;
  }
  const back = link ?? { href: '/admin', label: 'Go to the panel' };
  res.type('html').send(messagePage({ title, sentences: [sentence], link: back, requestId }));
}

/** The panel's API, images (which the panel asks for), a JSON body, or somebody who asks for JSON before a page. */
export function wantsJson(req: Request): boolean {
  if (/^\/(admin\/api|media)(\/|\?|$)/i.test(req.originalUrl)) return true;
  if (req.is('json') === 'json') return true;
  return req.get('accept') !== undefined && req.accepts(['html', 'json']) === 'json';
}
