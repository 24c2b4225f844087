/** The reading actions, the same for every resource: list (AdminJS's own), search for pickers, and show. */
import { type ActionContext, type ActionRequest, populator } from 'adminjs';
import { notFound } from '../domain/refusal.ts';
import type { ActionOptions } from './guarded-actions.ts';
import { ScopedRecord, ScopedResource } from './scoped-resource.ts';

export function listAction(options: ActionOptions = {}): ActionOptions {
  return { component: 'RecordList', showFilter: false, ...options };
}

export const searchAction: ActionOptions = {
  handler: async (request: ActionRequest, _response: unknown, context: ActionContext) => {
    const { query } = request;
    const limit = Math.min(Number(query?.perPage ?? 50), 100);
    const offset = (Number(query?.page ?? 1) - 1) * limit;
    const records = await scopedResourceOf(context).search(request.params.query ?? '', { limit, offset }, context);
    return { records: records.map((record) => record.toJSON(context.currentAdmin)) };
  },
};

/**
 * @param details what the record's page shows beyond its columns
 */
export function showAction(
  details?: (record: ScopedRecord, context: ActionContext) => Promise<Record<string, unknown>>,
  options: ActionOptions = {},
): ActionOptions {
  return {
    component: 'RecordPage',
    handler: async (_request: ActionRequest, _response: unknown, context: ActionContext) => {
      const { record } = context;
      if (!(record instanceof ScopedRecord)) throw notFound('record');
      const json = record.toJSON(context.currentAdmin);
      return { record: details === undefined ? json : { ...json, details: await details(record, context) } };
    },
    ...options,
  };
}

/** The record as AdminJS answers it, with the records it refers to; read again, so that it shows what was just written. */
export async function recordAfter(context: ActionContext, id: string) {
  const found = await scopedResourceOf(context).findOne(id, context);
  if (found === null) throw notFound('record');
  const [record] = await populator([found], context);
  return (record ?? found).toJSON(context.currentAdmin);
}

export function scopedResourceOf(context: ActionContext): ScopedResource {
  if (!(context.resource instanceof ScopedResource))
    throw new Error('an action was attached to a resource without a scope');
  return context.resource;
}
