/** What every route of the sandbox's LinkedIn is given, and how it runs: refusals are thrown and answered in one place. */
import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { SandboxContext } from '../sandbox-platform.ts';
import { type Answer, type Delivery, transmit, whole } from '../transmit.ts';
import { ApiError } from './api-error.ts';
import type { DEFAULT_OPTIONS, LinkedinOptions } from './linkedin-options.ts';
import type { LinkedinState } from './linkedin-state.ts';

export interface LinkedinContext extends SandboxContext {
  readonly state: LinkedinState;
  readonly options: typeof DEFAULT_OPTIONS & Pick<LinkedinOptions, 'redirectUris'>;
}

/** Runs `decide`, waits until what it wrote is on the disk, and only then answers. */
export function endpoint(
  context: LinkedinContext,
  decide: (request: Request) => Answer | Promise<Answer>,
): RequestHandler {
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

export async function respond(context: LinkedinContext, response: Response, delivery: Delivery): Promise<void> {
  await context.durable();
  // LinkedIn's tracing headers, on every answer.
  response.set({
    'x-li-fabric': 'sandbox',
    'x-li-uuid': randomBytes(12).toString('base64'),
    'x-li-request-id': randomBytes(8).toString('hex'),
  });
  await transmit(response, delivery, context.closing);
}
