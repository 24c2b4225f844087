/** What every route of the sandbox's X is given, and how it runs: refusals are thrown and answered in one place. */
import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { SandboxContext } from '../sandbox-platform.ts';
import { type Answer, type Delivery, transmit, whole } from '../transmit.ts';
import { ApiError } from './problem.ts';
import type { DEFAULT_OPTIONS, XOptions } from './x-options.ts';
import type { XState } from './x-state.ts';

export interface XContext extends SandboxContext {
  readonly state: XState;
  readonly options: typeof DEFAULT_OPTIONS & Pick<XOptions, 'redirectUris'>;
}

/** Runs `decide`, waits until what it wrote is on the disk, and only then answers. For what has no rate limit: OAuth. */
export function endpoint(context: XContext, decide: (request: Request) => Answer | Promise<Answer>): RequestHandler {
  return async (request, response) => {
    let answer: Answer;
    try {
      answer = await decide(request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      answer = error.answer;
    }
    await respond(context, response, whole(answer));
  };
}

/** @param headers for the answer's window; what the answer itself sets comes first */
export async function respond(
  context: XContext,
  response: Response,
  delivery: Delivery,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await context.durable();
  response.set({ 'x-transaction-id': randomBytes(8).toString('hex'), 'x-access-level': 'read-write', ...headers });
  await transmit(response, delivery, context.closing);
}
