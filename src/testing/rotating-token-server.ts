/**
 * A token endpoint like X's, for tests: a refresh token is good once. Used a second time, it is refused and everything that
 * came of the same consent is revoked, as some have seen X do.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type TokenFault =
  /** Rotates, but nobody learns of it. */
  'rotate-then-503' | 'rotate-then-drop' | 'only-503';

export interface RotatingTokenServer {
  url: string;
  /** Starts a consent anew. @returns its first refresh token */
  consent(): string;
  /** Refreshes that were carried out, and second uses of a token, since the last consent. */
  readonly refreshes: number;
  readonly reuses: number;
  /** What happens to the next request. */
  fault(fault: TokenFault): void;
  /** Answers from now on wait, with the rotation done, until the returned function is called. */
  holdAnswers(): () => void;
  close(): Promise<void>;
}

export async function startRotatingTokenServer(): Promise<RotatingTokenServer> {
  let family = 0;
  let generation = 0;
  let revoked = false;
  let refreshes = 0;
  let reuses = 0;
  const faults: TokenFault[] = [];
  let held: Promise<void> = Promise.resolve();

  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const fault = faults.shift();
    const answer = (status: number, content: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (fault === 'only-503') return void answer(503, {});

    if (revoked || new URLSearchParams(body).get('refresh_token') !== `refresh-${family}-${generation}`) {
      reuses += 1;
      revoked = true;
      const refusal = { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' };
      return void answer(400, refusal);
    }
    generation += 1;
    refreshes += 1;
    const tokens = {
      token_type: 'bearer',
      expires_in: 7200,
      access_token: `access-${family}-${generation}`,
      refresh_token: `refresh-${family}-${generation}`,
      scope: 'tweet.read tweet.write users.read offline.access media.write',
    };
    await held;
    if (fault === 'rotate-then-drop') request.socket.destroy();
    else if (fault === 'rotate-then-503') answer(503, {});
    else answer(200, tokens);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    consent() {
      family += 1;
      generation = 0;
      revoked = false;
      refreshes = 0;
      reuses = 0;
      return `refresh-${family}-0`;
    },
    get refreshes() {
      return refreshes;
    },
    get reuses() {
      return reuses;
    },
    fault: (fault) => void faults.push(fault),
    holdAnswers() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
