/**
 * Another side for tests of platform files: it gives recorded answers over real HTTP, each path its own, in order, and
 * remembers what it was asked. Asked more often than there are answers, it says 599.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RecordedAnswer {
  status: number;
  /** Text as it is; anything else as JSON. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Reads the request and then drops the connection. */
  drop?: true;
}

export interface RecordedRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface RecordedServer {
  url: string;
  requests: RecordedRequest[];
  /** Adds answers for a method and path, such as `POST /2/tweets`. */
  answer(endpoint: string, ...answers: RecordedAnswer[]): void;
  close(): Promise<void>;
}

export async function startRecordedServer(): Promise<RecordedServer> {
  const answers = new Map<string, RecordedAnswer[]>();
  const requests: RecordedRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    requests.push({ method, path: url, headers, body: Buffer.concat(chunks) });
    const given = answers.get(`${method} ${url.split('?')[0]}`)?.shift();
    if (given?.drop === true) request.socket.destroy();
    else {
      const body = given?.body ?? '';
      response.writeHead(given?.status ?? 599, { 'content-type': 'application/json', ...given?.headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer: (endpoint, ...more) => void answers.set(endpoint, [...(answers.get(endpoint) ?? []), ...more]),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
