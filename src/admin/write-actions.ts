/**
 * The changing actions: thin adapters from AdminJS's request to a verb and back to AdminJS's usual JSON. A refusal with
 * field messages becomes the form's errors (200, as its front end expects); any other refusal is thrown and gets its
 * HTTP status from refusal-answers.ts.
 */
import { type ActionContext, type ActionRequest, flat } from 'adminjs';
import type { Actor } from '../domain/access.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { actorOf } from './acting.ts';
import type { ActionOptions } from './guarded-actions.ts';
import { listField, type Payload } from './payload.ts';
import { recordAfter, scopedResourceOf } from './read-actions.ts';
import { ScopedRecord } from './scoped-resource.ts';

/** What a verb's adapter reports. */
export interface Done {
  /** A sentence for the person. */
  notice: string;
  /** The record to answer with, when it is not the one acted on. */
  id?: string;
  redirectUrl?: string;
}

/** @param create makes the record and returns its id */
export function newAction(
  create: (actor: Actor, payload: Payload) => Promise<{ id: string; notice: string }>,
  options: ActionOptions = {},
): ActionOptions {
  return {
    component: 'RecordForm',
    handler: async (request: ActionRequest, _response: unknown, context: ActionContext) => {
      requirePost(request);
      const payload = request.payload ?? {};
      try {
        const { id, notice } = await create(actorOf(context), payload);
        return { record: await recordAfter(context, id), notice: success(notice), redirectUrl: pageOf(context, id) };
      } catch (error) {
        return formErrors(error, context, payload);
      }
    },
    ...options,
  };
}

/** Which session asks, and where from. */
export interface Asking {
  sessionId: string | null;
  address: string;
}

/** @param onRead called before the record is shown in its form: when that is opened, and when it is sent back */
export function editAction(
  update: (actor: Actor, id: string, payload: Payload, asking: Asking) => Promise<Done>,
  options: ActionOptions = {},
  onRead?: (actor: Actor, record: ScopedRecord) => Promise<void>,
): ActionOptions {
  return {
    component: 'RecordForm',
    handler: async (request: ActionRequest, response: unknown, context: ActionContext) => {
      const id = recordIdOf(context);
      const reading = async () => {
        if (context.record instanceof ScopedRecord) await onRead?.(actorOf(context), context.record);
      };
      if (request.method !== 'post') {
        await reading();
        return { record: context.record?.toJSON(context.currentAdmin) };
      }
      const payload = request.payload ?? {};
      try {
        const { notice, redirectUrl } = await update(actorOf(context), id, payload, {
          sessionId: sessionIdOf(request),
          address: addressOf(response),
        });
        return {
          record: await recordAfter(context, id),
          notice: success(notice),
          redirectUrl: redirectUrl ?? pageOf(context, id),
        };
      } catch (error) {
        const form = formErrors(error, context, payload);
        await reading();
        return form;
      }
    },
    ...options,
  };
}

export function deleteAction(
  remove: (actor: Actor, id: string) => Promise<{ notice: string }>,
  options: ActionOptions = {},
): ActionOptions {
  return {
    component: false,
    variant: 'danger',
    icon: 'Trash2',
    handler: async (request: ActionRequest, _response: unknown, context: ActionContext) => {
      requirePost(request);
      const id = recordIdOf(context);
      const before = context.record?.toJSON(context.currentAdmin);
      const { notice } = await remove(actorOf(context), id);
      return {
        record: before,
        notice: success(notice),
        redirectUrl: context.h.resourceUrl({ resourceId: context.resource.id() }),
      };
    },
    ...options,
  };
}

/** An action of our own on one record. */
export function recordAction(
  perform: (actor: Actor, id: string, payload: Payload) => Promise<Done>,
  options: ActionOptions,
): ActionOptions {
  return {
    component: false,
    handler: async (request: ActionRequest, _response: unknown, context: ActionContext) => {
      requirePost(request);
      const id = recordIdOf(context);
      const done = await perform(actorOf(context), id, request.payload ?? {});
      const answer = { record: await recordAfter(context, done.id ?? id), notice: success(done.notice) };
      return done.redirectUrl === undefined ? answer : { ...answer, redirectUrl: done.redirectUrl };
    },
    ...options,
  };
}

/** An action of our own on several records, named by `ids`; the verb decides about each whether this person may. */
export function manyAction(
  perform: (
    actor: Actor,
    ids: readonly string[],
    payload: Payload,
  ) => Promise<{ notice: string; done: number; leftOut: unknown[] }>,
): ActionOptions {
  return {
    component: false,
    handler: async (request: ActionRequest, _response: unknown, context: ActionContext) => {
      requirePost(request);
      const payload = request.payload ?? {};
      const { notice, ...counts } = await perform(actorOf(context), listField(payload, 'ids') ?? [], payload);
      return { ...counts, notice: { message: notice, type: counts.done > 0 ? 'success' : 'error' } };
    },
  };
}

/** What AdminJS's front end shows after an action. */
export interface Notice {
  message: string;
  type: 'success' | 'error';
}

/** An action of our own on the whole resource. */
export function resourceAction(
  perform: (actor: Actor, payload: Payload) => Promise<{ notice: Notice } & Record<string, unknown>>,
): ActionOptions {
  return {
    component: false,
    handler: async (request: ActionRequest, _response: unknown, context: ActionContext) => {
      requirePost(request);
      return perform(actorOf(context), request.payload ?? {});
    },
  };
}

function requirePost(request: ActionRequest): void {
  if (request.method !== 'post')
    throw new Refusal('forbidden', 'This changes something, so it must be sent with POST.');
}

/** The id AdminJS has read the record by, inside the person's scope; never one from the payload. */
function recordIdOf(context: ActionContext): string {
  const id = context.record?.id();
  if (id === undefined) throw notFound('record');
  return id;
}

/** The name of the session that is asking; AdminJS hands on what the session middleware put on the request. */
function sessionIdOf(request: ActionRequest): string | null {
  const { sessionID } = request as { sessionID?: unknown };
  return typeof sessionID === 'string' ? sessionID : null;
}

/** Express's response knows its request, of which AdminJS hands on only a copy. */
function addressOf(response: unknown): string {
  const { req } = response as { req?: { ip?: unknown } };
  return typeof req?.ip === 'string' ? req.ip : 'unknown';
}

function success(message: string) {
  return { message, type: 'success' as const };
}

export function pageOf(context: Pick<ActionContext, 'h' | 'resource'>, recordId: string): string {
  return context.h.recordActionUrl({ resourceId: context.resource.id(), recordId, actionName: 'show' });
}

/** A refused wish for these must not look granted to whoever reads the record that comes with the refusal. */
const POWERS: readonly string[] = ['isSuperuser', 'isActive'];

/** What was typed goes back with the messages, so that nothing is lost from the form. */
function formErrors(error: unknown, context: ActionContext, payload: Payload) {
  if (!(error instanceof Refusal) || error.code !== 'invalid' || Object.keys(error.fields).length === 0) throw error;
  const resource = scopedResourceOf(context);
  const known = resource.decorate().getFlattenProperties();
  const typed = Object.fromEntries(
    Object.entries(payload).filter(
      ([key]) => !/password/i.test(key) && !POWERS.includes(key) && known[key.replace(/[.[].*$/, '')] !== undefined,
    ),
  );
  const record = context.record ?? resource.build({});
  const json = record.toJSON(context.currentAdmin);
  const errors = Object.fromEntries(
    Object.entries(error.fields).map(([field, message]) => [field, { type: 'invalid', message }]),
  );
  return {
    record: { ...json, params: { ...json.params, ...flat.flatten(typed) }, errors },
    notice: { message: error.message, type: 'error' as const },
  };
}
