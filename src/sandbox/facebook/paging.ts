/** Lists in Graph's envelope: `data`, and `paging` with cursors and the address of the next page. */
import type { FacebookContext } from './facebook-context.ts';
import { invalidParameter } from './graph-error.ts';
import { type GraphCall, textOf, wholeNumberOf } from './graph-request.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;

/**
 * One page of a list.
 * @param items all of it, in order
 * @param idOf what a cursor points at; must be unique
 * @param describe called for the items of this page only
 */
export function listPage<Item>(
  context: FacebookContext,
  call: GraphCall,
  items: readonly Item[],
  idOf: (item: Item) => string,
  describe: (item: Item) => object,
): object {
  const limit = wholeNumberOf(call, 'limit') ?? DEFAULT_LIMIT;
  if (limit > MAX_LIMIT) throw invalidParameter(`Param limit must be at most ${MAX_LIMIT}`);
  const { start, end } = range(call, items.map(idOf), limit);
  const shown = items.slice(start, end);
  const [firstItem, lastItem] = [shown[0], shown.at(-1)];
  if (firstItem === undefined || lastItem === undefined) return { data: [] };
  return {
    data: shown.map(describe),
    paging: {
      cursors: { before: cursor(idOf(firstItem)), after: cursor(idOf(lastItem)) },
      ...(end < items.length ? { next: address(context, call, { after: cursor(idOf(lastItem)) }) } : {}),
      ...(start > 0 ? { previous: address(context, call, { before: cursor(idOf(firstItem)) }) } : {}),
    },
  };
}

function range(call: GraphCall, ids: readonly string[], limit: number): { start: number; end: number } {
  const after = position(call, 'after', ids);
  if (after !== null) return { start: after + 1, end: Math.min(after + 1 + limit, ids.length) };
  const before = position(call, 'before', ids);
  if (before !== null) return { start: Math.max(0, before - limit), end: before };
  return { start: 0, end: Math.min(limit, ids.length) };
}

function position(call: GraphCall, name: 'after' | 'before', ids: readonly string[]): number | null {
  const text = textOf(call, name) ?? '';
  if (text === '') return null;
  const index = ids.indexOf(Buffer.from(text, 'base64url').toString('latin1'));
  if (index === -1) throw invalidParameter(`Param ${name} is not a valid cursor`);
  return index;
}

function cursor(id: string): string {
  return Buffer.from(id, 'latin1').toString('base64url');
}

/** As on the real platform the address has everything in it, the token too: it must not be logged. */
function address(context: FacebookContext, { request, accessToken }: GraphCall, step: Record<string, string>): string {
  const url = new URL(request.originalUrl, context.baseUrl());
  for (const name of ['after', 'before']) url.searchParams.delete(name);
  for (const [name, value] of Object.entries({ access_token: accessToken ?? '', ...step })) {
    url.searchParams.set(name, value);
  }
  return url.href;
}
