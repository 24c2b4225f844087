import express, { type Request, type RequestHandler } from 'express';
import { sendProblem } from './problem.ts';
import { verifyForm } from './utf8-text.ts';

/** Reads our own pages' forms: small, few fields. Mounted on those routes only, because AdminJS reads its bodies itself. */
export const readForm: RequestHandler = express.urlencoded({
  extended: false,
  limit: '16kb',
  parameterLimit: 30,
  verify: verifyForm,
});

/** The same where every account that a person has may be ticked: 2,000 Pages are as many as are ever listed. */
export const readLongForm: RequestHandler = express.urlencoded({
  extended: false,
  limit: '128kb',
  parameterLimit: 2_010,
  verify: verifyForm,
});

/**
 * Our own pages send plain forms. What comes as multipart could carry files: it is refused before it is read, also where
 * no body is wanted. The panel and images have readers of their own, with their own rules.
 */
export const refuseMultipart: RequestHandler = (req, res, next) => {
  const isTheirs = /^\/(?:admin|media)(?:\/|$)/i.test(req.path);
  if (isTheirs || !req.is('multipart/*')) return next();
  sendProblem(req, res, {
    status: 415,
    title: 'Not in this way',
    sentence: 'This cannot be sent as a form with files. Nothing was changed. Open the page again and send its form.',
  });
};

/** @returns the text of one field; empty when it is missing or was sent twice */
export function formText(req: Request, name: string): string {
  const value = fieldOf(req, name);
  return typeof value === 'string' ? value : '';
}

/** @returns the texts of a field that may be sent several times, such as ticked boxes */
export function formTexts(req: Request, name: string): string[] {
  return [fieldOf(req, name)].flat().filter((value) => typeof value === 'string');
}

function fieldOf(req: Request, name: string): unknown {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  return Object.getOwnPropertyDescriptor(body, name)?.value;
}

/** @returns one query parameter's text; null when it is missing or was given twice */
export function queryText(req: Request, name: string): string | null {
  const value = req.query[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** @returns one named part of the path */
export function pathText(req: Request, name: string): string {
  const value = req.params[name];
  return typeof value === 'string' ? value : '';
}
