/**
 * The heart of the sandbox: a create call either commits exactly one post to the ledger or none, and the fault switch
 * decides on which side of that commit something breaks.
 *
 * Everything between looking at the switch and committing happens in one turn of the event loop, so two requests at once
 * cannot both slip past the duplicate guard, use one photo twice, or share one counted fault.
 */
import type { RequestHandler } from 'express';
import type { FaultSetting } from '../fault-switches.ts';
import type { RequestEntry } from '../request-log.ts';
import { type Answer, type Delivery, whole } from '../transmit.ts';
import { type FacebookContext, respond, tokenOf } from './facebook-context.ts';
import type { Post } from './facebook-state.ts';
import { contentRefused, GraphError, serverError } from './graph-error.ts';
import { failureOf, refusalOf } from './graph-faults.ts';
import { type GraphCall, readCall } from './graph-request.ts';
import { requirePage, requirePublisher, requireSession } from './graph-session.ts';
import { recordPhoto, type Upload } from './photo-upload.ts';
import type { Page } from './sample-people.ts';
import { exhaustedUsage } from './usage.ts';

/** A create that passed every rule of its endpoint. */
export interface Draft extends Pick<Post, 'text' | 'link' | 'visibility' | 'publishAt' | 'body'> {
  /** Photos that were uploaded before. */
  readonly photoIds: readonly string[];
  /** A photo that came with this call. */
  readonly upload: Upload | null;
  /** The success as this endpoint says it, and the same without the post's id. */
  accepted(postId: string, photoIds: readonly string[]): Answer;
  acceptedWithoutId(photoIds: readonly string[]): Answer;
}

/** @param read checks a call against the endpoint's own rules; throws GraphError */
export function createHandler(
  context: FacebookContext,
  endpoint: string,
  read: (call: GraphCall, page: Page, receivedAt: Date) => Draft | Promise<Draft>,
): RequestHandler {
  return async (request, response) => {
    const receivedAt = context.clock.now();
    let entry: RequestEntry = {
      platform: 'facebook',
      receivedAt: receivedAt.toISOString(),
      endpoint,
      account: null,
      status: null,
      code: null,
      fault: null,
      id: null,
    };
    let call: GraphCall | null = null;
    let delivery: Delivery;
    try {
      entry = { ...entry, account: context.state.pages.get(String(request.params.id))?.id ?? null };
      call = await readCall(request);
      entry = { ...entry, account: entry.account ?? tokenOf(context, call)?.pageId ?? null };
      const session = requireSession(context, call);
      const page = requirePage(context, session, String(request.params.id), 'post');
      entry = { ...entry, account: page.id };
      requirePublisher(context, session, page);
      const draft = await read(call, page, receivedAt);
      const result = publish(context, page, draft, endpoint, receivedAt);
      delivery = result.delivery;
      entry = { ...entry, id: result.id, fault: result.fault, code: result.code };
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      delivery = whole(error.answer);
      entry = { ...entry, code: error.label };
    }
    const status = delivery.manner === 'reset' ? null : delivery.answer.status;
    context.write({ kind: 'request', ...entry, status });
    await respond(context, response, call, delivery);
  };
}

interface Result {
  readonly delivery: Delivery;
  readonly id: string | null;
  readonly fault: string | null;
  readonly code: string | null;
}

function publish(context: FacebookContext, page: Page, draft: Draft, endpoint: string, receivedAt: Date): Result {
  const setting = context.faults.get('facebook', page.id);
  const broken = setting && beforeCommit(page, setting);
  if (broken) {
    useFault(context, page);
    return { ...broken, id: null, fault: setting.fault };
  }
  requireNoRepetition(context, page, draft);
  requireUnusedPhotos(context, draft);
  const photoIds = draft.upload ? [recordPhoto(context, page, draft.upload, receivedAt)] : draft.photoIds;
  const id = `${page.id}_${context.state.nextId(receivedAt)}`;
  const { text, link, visibility, publishAt, body } = draft;
  context.write({
    platform: 'facebook',
    kind: 'post.created',
    ...{ id, pageId: page.id, receivedAt, endpoint, text, link, photoIds, visibility, publishAt, body },
  });
  if (!setting) return { delivery: whole(draft.accepted(id, photoIds)), id, fault: null, code: null };
  useFault(context, page);
  return { ...afterCommit(setting, draft, id, photoIds), id, fault: setting.fault };
}

function useFault(context: FacebookContext, page: Page): void {
  context.write({ platform: 'facebook', kind: 'fault.used', account: page.id });
}

/**
 * The same text and link as the newest post, both without photos. Posts with photos are not covered, and the refusal does
 * not say which post it means; a repetition of a post that was deleted is fine.
 */
function requireNoRepetition(context: FacebookContext, page: Page, draft: Draft): void {
  const previous = context.state.lastPublic.get(page.id);
  if (!previous || previous.deletedAt || previous.photoIds.length > 0 || draft.visibility !== 'public') return;
  if (draft.upload || draft.photoIds.length > 0) return;
  if (previous.text !== draft.text || previous.link !== draft.link) return;
  if (context.options.duplicateCode === 368) {
    throw new GraphError(
      368,
      "You've already posted this. Posting the same content repeatedly on Facebook isn't allowed.",
    );
  }
  throw new GraphError(506, '(#506) Duplicate status message', {
    title: 'Duplicate post',
    userMessage: 'Duplicate posts cannot be published consecutively',
    transient: false,
  });
}

function requireUnusedPhotos(context: FacebookContext, draft: Draft): void {
  if (draft.photoIds.some((id) => context.state.photos.get(id)?.postId)) {
    throw contentRefused(1366051, 'Photos already posted', 'These photos were already posted.');
  }
}

type Broken = Pick<Result, 'delivery' | 'code'>;

/** null when nothing goes wrong on this side of the commit. */
function beforeCommit(page: Page, setting: FaultSetting): Broken | null {
  const refusal = refusalOf(setting.fault);
  if (refusal) {
    const { answer, label } = refusal;
    return {
      delivery: whole({ ...answer, headers: { ...answer.headers, ...exhaustedUsage(refusal, page.id) } }),
      code: label,
    };
  }
  if (setting.fault === '500 before') return answered(serverError(2));
  if (setting.fault === 'reset before')
    return { delivery: { answer: serverError(2).answer, manner: 'reset', delayMs: 0 }, code: null };
  return null;
}

function afterCommit(setting: FaultSetting, draft: Draft, id: string, photoIds: readonly string[]): Broken {
  const failure = failureOf(setting.fault);
  if (failure) return answered(failure);
  const accepted = whole(draft.accepted(id, photoIds));
  switch (setting.fault) {
    case 'slow':
      return { delivery: { ...accepted, delayMs: setting.delayMs }, code: null };
    case 'reset after':
      return { delivery: { ...accepted, manner: 'reset' }, code: null };
    case 'truncated':
      return { delivery: { ...accepted, manner: 'cut' }, code: null };
    case 'malformed':
      return { delivery: whole(draft.acceptedWithoutId(photoIds)), code: null };
    // The others were answered before the commit, or hit tokens; a token newer than the switch gets here and is not hit.
    default:
      return { delivery: accepted, code: null };
  }
}

function answered(error: GraphError): Broken {
  return { delivery: whole(error.answer), code: error.label };
}
