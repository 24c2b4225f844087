/**
 * What an address may ask of the panel's API, checked before AdminJS sees it: known resource, known action at the right
 * kind of address, right method, readable id and paging. AdminJS itself would run a record's action without a record,
 * accept GET for changes, and pass typing mistakes on to the database.
 */
import type { Request, RequestHandler, Response } from 'express';
import { validate as isUuid } from 'uuid';
import { canSometimes, RESOURCES, type ResourceName } from '../domain/access.ts';
import { cutOff } from '../domain/cut-off.ts';
import { actingContext, actorOf } from './acting.ts';
import { actionShape, READING } from './guarded-actions.ts';
import { refuse } from './refusal-answers.ts';

/** The actions each resource offers. */
export type OfferedActions = Readonly<Partial<Record<ResourceName, readonly string[]>>>;

interface Address {
  resource: string;
  shape: 'resource' | 'record' | 'bulk';
  action: string;
  recordId: string | null;
  /** The text of a search. */
  query: string | null;
}

/** For requests below `/api`. */
export function apiGate(offered: OfferedActions): RequestHandler {
  return (req, res, next) => {
    const address = addressOf(req.path);
    if (address === 'unreadable')
      return refuse(res, 400, 'This address cannot be read. Check it, or start again from the dashboard.');
    // Only what was read here goes on: AdminJS answers 200 to any name of a page, and Express, which finds a route in
    // whatever letters, would hand it addresses that were not looked at.
    if (address === null)
      return /^\/dashboard\/?$/.test(req.path) ? next() : refuse(res, 404, 'There is nothing at this address.');
    if (refused(req, res, address, offered)) return;
    // The old form of the search address; AdminJS would write a warning to the console for each.
    const path =
      address.action === 'search'
        ? `/resources/${address.resource}/actions/search${address.query === null ? '' : `/${encodeURIComponent(address.query)}`}`
        : null;
    if (path !== null) req.url = path + req.url.slice(req.path.length);
    next();
  };
}

/** The actions of a whole resource that have a page. */
const PAGES_OF_THE_RESOURCE: readonly string[] = ['list', 'new'];

/** For pages: an unknown one is shown with status 404, and one that only has a button leads to its record. */
export function pageGate(offered: OfferedActions): RequestHandler {
  return (req, res, next) => {
    const [, section, resource, kind, second, third] = req.path.split('/');
    if (section === 'pages') res.status(404);
    if (section !== 'resources' || resource === undefined) return next();
    if (!isResource(resource)) res.status(404);
    else if (kind === 'records' && second !== undefined) {
      const action = third ?? 'show';
      if (!isUuid(second) || actionShape(resource, action, offered[resource] ?? []) !== 'record') res.status(404);
      else if (action !== 'show' && action !== 'edit')
        return res.redirect(`${req.baseUrl}/resources/${resource}/records/${second}/show`);
    } else if (
      kind !== undefined &&
      kind !== '' &&
      actionShape(resource, second ?? '', offered[resource] ?? []) !== 'resource'
    )
      res.status(404);
    else if (kind === 'actions' && second !== undefined && !PAGES_OF_THE_RESOURCE.includes(second))
      return res.redirect(`${req.baseUrl}/resources/${resource}`);
    next();
  };
}

function refused(req: Request, res: Response, address: Address, offered: OfferedActions): boolean {
  const { resource, action, shape } = address;
  const no = (status: number, message: string) => {
    refuse(res, status, message);
    return true;
  };
  if (!isResource(resource)) return no(404, 'There is nothing of this name here.');
  const actor = actorOf(actingContext(req));
  const known = actionShape(resource, action, offered[resource] ?? []);
  if (known === null)
    return no(
      BUILT_IN_BUT_NOT_OFFERED.includes(action) ? 403 : 404,
      BUILT_IN_BUT_NOT_OFFERED.includes(action) ? 'This cannot be done here.' : 'There is no such action.',
    );
  if (known !== shape)
    return no(
      shape === 'bulk' ? 403 : 404,
      shape === 'bulk' ? 'This is done for one record at a time.' : 'There is no such action at this address.',
    );
  if (!canSometimes(actor, resource, action)) return no(403, 'You may not do this.');
  const changes = !READING.includes(action);
  const method = req.method === 'HEAD' ? 'GET' : req.method;
  const allowed = !changes ? ['GET'] : action === 'edit' ? ['GET', 'POST'] : ['POST'];
  if (!allowed.includes(method)) {
    res.setHeader('Allow', allowed.join(', '));
    return no(405, changes ? 'This changes something, so it must be sent with POST.' : 'This is read with GET.');
  }
  if (address.recordId !== null && !isUuid(address.recordId)) return no(400, 'This is not the id of a record.');
  const problem = queryProblem(new URL(req.url, 'http://panel').searchParams);
  return problem === null ? false : no(400, problem);
}

/** Actions AdminJS knows for every resource: where one is not offered, it is forbidden rather than unheard of. */
const BUILT_IN_BUT_NOT_OFFERED: readonly string[] = ['new', 'edit', 'delete', 'bulkDelete', 'list', 'show', 'search'];

function addressOf(path: string): Address | 'unreadable' | null {
  const parts = decoded(path);
  if (parts === null) return 'unreadable';
  const [, section, resource, kind, second, third] = parts;
  if (section !== 'resources' || resource === undefined) return null;
  if (kind === 'actions' && second !== undefined)
    return { resource, shape: 'resource', action: second, recordId: null, query: third ?? null };
  if (kind === 'search')
    return { resource, shape: 'resource', action: 'search', recordId: null, query: second ?? null };
  if (kind === 'bulk' && second !== undefined)
    return { resource, shape: 'bulk', action: second, recordId: null, query: null };
  if (kind === 'records' && second !== undefined && third !== undefined)
    return { resource, shape: 'record', action: third, recordId: second, query: null };
  return null;
}

function decoded(path: string): string[] | null {
  try {
    return path.split('/').map((part) => decodeURIComponent(part));
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** What a list's address says about filters, order and pages must be readable: what is not would be ignored silently. */
function queryProblem(query: URLSearchParams): string | null {
  const keys = [...query.keys()];
  // AdminJS unfolds the dots of a name, whichever it is, level by level, on the stack.
  if (keys.some((key) => key.split('.').length > 20)) return 'A name in this address is nested too deeply. Check it.';
  const twice = keys.find((key, index) => OURS.test(key) && keys.indexOf(key) !== index);
  if (twice !== undefined) return `"${cutOff(twice, 40)}" is given more than once. Give it once.`;
  const unknown = keys.find((key) => OURS.test(key) && !isReadable(key));
  if (unknown !== undefined)
    return `"${cutOff(unknown, 40)}" cannot be read. A filter is written as filters.status=draft, an order as sortBy=status.`;
  for (const name of ['page', 'perPage']) {
    const value = query.get(name) ?? '';
    if (value !== '' && (!/^\d{1,6}$/.test(value) || Number(value) < 1))
      return `${name} must be a whole number from 1.`;
  }
  const direction = query.get('direction');
  return direction !== null && direction !== 'asc' && direction !== 'desc' ? 'direction must be asc or desc.' : null;
}

/** Keys that mean something here, in whatever spelling. */
const OURS = /^(?:filters|sortBy|direction|page|perPage)(?![A-Za-z])/;

function isReadable(key: string): boolean {
  if (!key.startsWith('filters')) return /^[A-Za-z]+$/.test(key);
  const [, field] = /^filters\.([\w.]+)(?:~~(?:from|to))?$/.exec(key) ?? [];
  // AdminJS looks these names up in plain objects, where each of them is something.
  return field?.split('.').every((part) => part !== '' && !(part in Object.prototype)) ?? false;
}

function isResource(text: string): text is ResourceName {
  return (RESOURCES as readonly string[]).includes(text);
}
