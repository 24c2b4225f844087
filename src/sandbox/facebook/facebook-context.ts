/** What every route of the sandbox's Facebook is given, and how it runs: refusals are thrown and answered in one place. */
import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { digest } from '../digest.ts';
import type { SandboxContext } from '../sandbox-platform.ts';
import { type Answer, type Delivery, transmit, whole } from '../transmit.ts';
import type { DEFAULT_OPTIONS, FacebookOptions } from './facebook-options.ts';
import type { FacebookState, Token } from './facebook-state.ts';
import { GraphError } from './graph-error.ts';
import { type GraphCall, readCall } from './graph-request.ts';
import { usageHeaders } from './usage.ts';

export interface FacebookContext extends SandboxContext {
  readonly state: FacebookState;
  readonly options: typeof DEFAULT_OPTIONS & Pick<FacebookOptions, 'redirectUris'>;
}

/** Runs `decide`, waits until what it wrote is on the disk, and only then answers. */
export function endpoint(
  context: FacebookContext,
  decide: (call: GraphCall) => Answer | Promise<Answer>,
): RequestHandler {
  return async (request, response) => {
    let call: GraphCall | null = null;
    let answer: Answer;
    try {
      call = await readCall(request);
      answer = await decide(call);
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      answer = error.answer;
    }
    await respond(context, response, call, whole(answer));
  };
}

/** The token a call was made with, dead or alive; null for none and for one that was never given out. */
export function tokenOf({ state }: FacebookContext, { accessToken }: GraphCall): Token | null {
  return accessToken === null ? null : (state.tokens.get(digest(accessToken)) ?? null);
}

/** @param call null when it could not be read */
export async function respond(
  context: FacebookContext,
  response: Response,
  call: GraphCall | null,
  delivery: Delivery,
): Promise<void> {
  await context.durable();
  response.set({
    ...usageHeaders(context, (call && tokenOf(context, call)?.pageId) ?? null),
    'facebook-api-version': String(response.locals.version),
    'x-fb-trace-id': randomBytes(8).toString('base64url'),
    'x-fb-request-id': randomBytes(16).toString('base64url'),
    'cache-control': 'private, no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
  });
  await transmit(response, delivery, context.closing);
}
