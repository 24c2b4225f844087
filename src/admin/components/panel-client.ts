/**
 * How our components talk to the panel's API. Everything that changes something is a POST with a JSON body. A refusal is
 * an ordinary answer (`ok: false`) with a sentence, not an exception: it belongs on the screen.
 */
import { type ActionJSON, ApiClient, type PropertyJSON, type RecordJSON } from 'adminjs';

/** A record as the panel's API answers it. `details` is what its page shows beyond its columns. */
export type PanelRecord = Pick<RecordJSON, 'id' | 'title' | 'params' | 'errors' | 'recordActions'> & {
  populated: Record<string, PanelRecord | null | undefined>;
  details?: Record<string, unknown>;
};

/** A property as a resource lists it. */
export type PanelProperty = Omit<PropertyJSON, 'path'>;

export interface Answer {
  ok: boolean;
  /** Why not, where that decides what a person can do next. `no-answer`: whether it was done is not known. */
  problem: 'signed-out' | 'conflict' | 'no-answer' | null;
  /** A sentence for the person; empty when there is nothing to say. */
  message: string;
  fields: Record<string, string>;
  record: PanelRecord | null;
  records: PanelRecord[];
  meta: { total: number; page: number; perPage: number } | null;
  redirectUrl: string | null;
  /** The whole JSON, for answers of another shape. */
  data: unknown;
}

/** Whether somebody did something or the page refreshes itself: the latter does not keep a session alive. */
type Why = 'person' | 'timer';

export const api = {
  dashboard: (why: Why = 'person') => call('GET', '/dashboard', undefined, why),
  standingOrders: () => call('GET', '/standing-orders', undefined, 'timer'),
  list: (resource: string, query: Record<string, string> = {}, why: Why = 'person') =>
    call('GET', `/resources/${resource}/actions/list?${new URLSearchParams(query)}`, undefined, why),
  search: (resource: string, text: string) =>
    call('GET', `/resources/${resource}/actions/search/${encodeURIComponent(text)}`),
  show: (resource: string, id: string) => call('GET', `/resources/${resource}/records/${id}/show`),
  /** Events of a record's history that are older than this one. */
  history: (resource: string, id: string, before: string) =>
    call('GET', `/history/${resource}/${id}?before=${encodeURIComponent(before)}`),
  read: (resource: string, id: string, action: string) => call('GET', `/resources/${resource}/records/${id}/${action}`),
  create: (resource: string, values: Record<string, unknown>) =>
    call('POST', `/resources/${resource}/actions/new`, values),
  /** An action of a whole resource. */
  actOnAll: (resource: string, action: string) => call('POST', `/resources/${resource}/actions/${action}`, {}),
  /** One decision about several records. */
  actOnMany: (resource: string, action: string, ids: readonly string[], values: Record<string, unknown> = {}) =>
    call('POST', `/resources/${resource}/actions/${action}`, { ...values, ids }),
  act: (resource: string, id: string, action: string, values: Record<string, unknown> = {}) =>
    call('POST', `/resources/${resource}/records/${id}/${action}`, values),
};

/** Sent to the window when this page ordered or released a hold, for the banners above it. */
export const HOLDS_CHANGED = 'ss:holds-changed';

/** Sent to the window with every answer: whether it was that of a signed-in person. */
export const SESSION_SEEN = 'ss:session-seen';

const ROOT = '/admin/api';
const NO_ANSWER = 'No answer came. It may have been saved: look at the list before you try again.';
const UNREACHABLE = 'The server cannot be reached. Check your connection, then reload the page.';
// Going to /login from here would lose what is typed into the page.
const SIGNED_OUT = 'You were signed out. Sign in in another tab, then press Save again.';
const SIGNED_OUT_READING = 'You were signed out. Sign in in another tab, then reload this page.';

async function call(
  method: 'GET' | 'POST',
  path: string,
  values?: Record<string, unknown>,
  why: Why = 'person',
): Promise<Answer> {
  const init: RequestInit = {
    method,
    headers: {
      Accept: 'application/json',
      'X-Admin-Request': '1',
      ...(why === 'timer' ? { 'X-Background': '1' } : {}),
      ...(values === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
  };
  if (values !== undefined) init.body = JSON.stringify(values);
  let response: Response;
  try {
    response = await fetch(ROOT + path, init);
  } catch (error) {
    // The browser does not say whether the request had arrived when the connection broke.
    if (error instanceof TypeError) return method === 'POST' ? failure(NO_ANSWER, 'no-answer') : failure(UNREACHABLE);
    throw error;
  }
  tellSession(response.status !== 401);
  if (response.status === 401) return failure(method === 'POST' ? SIGNED_OUT : SIGNED_OUT_READING, 'signed-out');
  // A refusal as well when somebody else was faster: the orders are others than this page shows.
  if (method === 'POST' && (response.ok || response.status === 409) && path.startsWith('/resources/Hold/'))
    window.dispatchEvent(new Event(HOLDS_CHANGED));
  return read(response, method);
}

/** @param signedIn what an answer of the server showed */
export function tellSession(signedIn: boolean): void {
  window.dispatchEvent(new CustomEvent(SESSION_SEEN, { detail: { signedIn } }));
}

async function read(response: Response, method: 'GET' | 'POST'): Promise<Answer> {
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  // A proxy in between, most likely: what the server did is not known.
  if (!isJson)
    return method === 'POST'
      ? failure(NO_ANSWER, 'no-answer')
      : failure('The server gave an answer that cannot be read. Reload the page.');
  const data = (await response.json()) as Record<string, unknown> & {
    /** The panel's own refusals are a sentence; the front door's an object with one. */
    error?: string | { message?: string };
    notice?: { message?: string; type?: string };
    record?: PanelRecord;
    records?: PanelRecord[];
    meta?: Answer['meta'];
    redirectUrl?: string;
  };
  const errors = Object.entries(data.record?.errors ?? {}).map(
    ([field, problem]) => [field, problem?.message ?? ''] as const,
  );
  const ok = response.ok && data.notice?.type !== 'error';
  return {
    ok,
    problem: response.status === 409 ? 'conflict' : null,
    message: (typeof data.error === 'object' ? data.error.message : data.error) ?? data.notice?.message ?? '',
    fields: Object.fromEntries(errors),
    record: data.record ?? null,
    records: data.records ?? [],
    meta: data.meta ?? null,
    redirectUrl: data.redirectUrl ?? null,
    data,
  };
}

function failure(message: string, problem: Answer['problem'] = null): Answer {
  return {
    ok: false,
    problem,
    message,
    fields: {},
    record: null,
    records: [],
    meta: null,
    redirectUrl: null,
    data: {},
  };
}

export function hasAction(actions: readonly Pick<ActionJSON, 'name'>[], name: string): boolean {
  return actions.some((action) => action.name === name);
}

/**
 * AdminJS's own screens load a record before ours is shown. Its client takes a 4xx for a network fault; here the answer's
 * sentence is passed on instead, and what changes something is never sent with GET.
 */
function patchAdminJs(): void {
  for (const name of ['recordAction', 'resourceAction'] as const) {
    const original: (options: never) => Promise<unknown> = ApiClient.prototype[name];
    const patched = async function (this: ApiClient, options: Record<string, unknown>): Promise<unknown> {
      const reading = ['list', 'search', 'show', 'edit', undefined].includes(options.actionName as string | undefined);
      try {
        return await original.call(this, (reading ? options : { ...options, method: 'post' }) as never);
      } catch (error) {
        const response = (error as { response?: { status?: number; data?: { notice?: unknown } } }).response;
        if (response?.status === 401) tellSession(false);
        if (response?.data?.notice !== undefined) return { ...response, request: {} };
        throw error;
      }
    };
    Object.assign(ApiClient.prototype, { [name]: patched });
  }
}

patchAdminJs();
