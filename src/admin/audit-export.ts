/**
 * The audit as a file, for somebody outside. What is exported is what the list shows with the same filters; it is sent
 * page by page as it is read, so its size does not matter. That it left, and with which filters, is on record before the
 * first byte goes.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Filter } from 'adminjs';
import { stringify } from 'csv-stringify';
import type { Request, RequestHandler, Response } from 'express';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { type Actor, canSometimes } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { actingContext, actorOf } from './acting.ts';
import { type Payload, textField } from './payload.ts';
import type { Row, ScopedResource } from './scoped-resource.ts';

const NAMES = { actor: { select: { name: true, email: true } }, team: { select: { name: true } } } as const;

const COLUMNS = [
  'id',
  'occurredAt',
  'action',
  'actorId',
  'actorName',
  'actorEmail',
  'entity',
  'entityId',
  'teamId',
  'teamName',
  'metadata',
  'position',
  'previousHash',
  'hash',
] as const;

/**
 * `POST` with `format` (csv or json) and the list's filters (`filters.action`, `filters.occurredAt~~from`, …).
 * POST, because it writes down that it happened.
 */
export function auditExport(ctx: AppContext, events: ScopedResource): RequestHandler {
  return async (req: Request, res: Response) => {
    const context = actingContext(req);
    const actor = actorOf(context);
    if (!canSometimes(actor, 'AuditEvent', 'export'))
      throw new Refusal('forbidden', 'Only a superuser may export the audit.');
    const payload = req.fields ?? {};
    const format = textField(payload, 'format');
    if (format !== 'csv' && format !== 'json') throw new Refusal('invalid', 'format must be csv or json.');
    const filters = filtersOf(payload);
    const filter = new Filter(filters, events);
    await recordExport(ctx, actor, format, filters, await events.countAll(filter, context));

    const name = `audit-${ctx.clock.now().toISOString().slice(0, 10)}.${format}`;
    res.setHeader('Cache-Control', 'no-store').setHeader('Content-Disposition', `attachment; filename="${name}"`);
    res.type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json');
    const pages = events.walk(filter, context, NAMES);
    try {
      if (format === 'json') await pipeline(Readable.from(asJson(pages)), res);
      else await pipeline(Readable.from(asRows(pages)), csv(), res);
    } catch (error) {
      // The connection is cut, so whoever waits for the file sees that it is not whole.
      const gone = error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
      if (gone) ctx.log.info({ actorId: actor.id }, 'an export of the audit was broken off by who asked for it');
      else ctx.log.error({ err: error }, 'an export of the audit broke off');
    }
  };
}

/** Only what is a filter; whether it is one of this list is decided where filters are read. @throws Refusal */
function filtersOf(payload: Payload): Record<string, string> {
  const filters: Record<string, string> = {};
  for (const key of Object.keys(payload)) {
    const [, path] = /^filters\.(\w+(?:~~(?:from|to))?)$/.exec(key) ?? [];
    const value = path === undefined ? null : textField(payload, key);
    if (path !== undefined && typeof value === 'string' && value !== '') filters[path] = value;
  }
  return filters;
}

async function recordExport(
  ctx: AppContext,
  actor: Actor,
  format: string,
  filters: Record<string, string>,
  count: number,
): Promise<void> {
  await ctx.db.$transaction((tx) =>
    recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'audit.exported',
        entity: 'AuditEvent',
        entityId: null,
        teamId: null,
        metadata: {
          what: 'audit events',
          format,
          events: count,
          filters: Object.entries(filters).map(([path, value]) => `${path}=${value}`),
        },
      },
      ctx.clock.now(),
    ),
  );
}

/** One array, one event a line. Holds everything the hash of an event is over. */
async function* asJson(pages: AsyncIterable<Row[]>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const rows of pages) {
    let text = '';
    for (const row of rows) {
      const { id, occurredAt, action, entity, entityId, metadata, position, previousHash, hash } = row;
      const event = {
        id,
        occurredAt,
        actor: reference(row.actorId, row.actor),
        action,
        entity,
        entityId,
        team: reference(row.teamId, row.team),
        metadata,
        position,
        previousHash,
        hash,
      };
      text += before + JSON.stringify(event);
      before = ',\n';
    }
    yield text;
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

function reference(id: unknown, record: unknown): Record<string, unknown> | null {
  return id === null ? null : { id, ...(record as Record<string, unknown>) };
}

async function* asRows(pages: AsyncIterable<Row[]>): AsyncGenerator<Record<string, unknown>> {
  for await (const rows of pages)
    for (const row of rows) {
      const [actor, team] = [row.actor, row.team] as ({ name?: string; email?: string } | null)[];
      yield { ...row, actorName: actor?.name, actorEmail: actor?.email, teamName: team?.name };
    }
}

/** For spreadsheets: a cell that would be read as a formula, or as a command (`|`), gets an apostrophe in front. */
function csv() {
  return stringify({
    header: true,
    columns: [...COLUMNS],
    bom: true,
    escape_formulas: true,
    record_delimiter: 'windows',
    cast: {
      date: (date) => date.toISOString(),
      object: (value) => JSON.stringify(value),
      string: (text) => (text.startsWith('|') ? `'${text}` : text),
    },
  });
}
