import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** The address cannot be listened on; the message says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export interface Listener {
  port: number;
  /** From now on requests go to this handler; before, everybody is told to come back in a moment. */
  serve(handler: RequestListener): void;
  /** Takes no new connections, lets requests in flight finish, then closes what is left after `patienceMs`. */
  close(patienceMs: number): Promise<void>;
}

/** Header and body must arrive within these, so that slow senders cannot pile up. Milliseconds. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** A request that was sent before the port closed has been read by then. */
const ON_ITS_WAY_MS = 100;

/**
 * Takes the port before anything else is started: a taken port then costs nothing and leaves nothing behind.
 * @throws ListenError
 */
export async function listen(port: number, host: string): Promise<Listener> {
  let handler: RequestListener = (_request, response) => {
    response
      .writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '2' })
      .end('Starting. Try again in a moment.\n');
  };
  const traffic: Traffic = { sockets: new Set(), answering: new Map(), closing: false };
  const server = createServer((request, response) => {
    follow(traffic, request.socket, response);
    handler(request, response);
  });
  server.on('connection', (socket) => {
    traffic.sockets.add(socket);
    socket.once('close', () => traffic.sockets.delete(socket));
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await opened(server, port, host);
  return {
    port: (server.address() as AddressInfo).port,
    serve: (next) => {
      handler = next;
    },
    close: (patienceMs) => closed(server, traffic, patienceMs),
  };
}

function opened(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ListenError(advice(error, port, host), { cause: error })),
    );
    server.listen({ port, host }, () => resolve());
  });
}

function advice(error: NodeJS.ErrnoException, port: number, host: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another program. Stop that program, or choose another port with PORT.`;
    case 'EACCES':
      return `This user may not listen on port ${port}. Choose a port above 1023 with PORT, and let a proxy serve the public one.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine. Set HOST to 127.0.0.1, or 0.0.0.0 for all addresses.`;
    default:
      return `Cannot listen on ${host}:${port} (${error.code ?? error.message}). Check HOST and PORT.`;
  }
}

/** Open connections, and the answers that are being given on them. */
interface Traffic {
  readonly sockets: Set<Socket>;
  readonly answering: Map<ServerResponse, Socket>;
  closing: boolean;
}

function follow(traffic: Traffic, socket: Socket, response: ServerResponse): void {
  traffic.answering.set(response, socket);
  if (traffic.closing) response.shouldKeepAlive = false;
  response.once('close', () => {
    traffic.answering.delete(response);
    // Its headers may have promised to keep the connection before we knew.
    if (traffic.closing) socket.destroySoon();
  });
}

/**
 * Node's own closeIdleConnections spares connections on which nothing was ever asked, and browsers open such ones in
 * advance: a stop would wait for them until its patience ends. So we look which are being answered, and end the others.
 */
function closed(server: Server, traffic: Traffic, patienceMs: number): Promise<void> {
  traffic.closing = true;
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), patienceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const response of traffic.answering.keys()) response.shouldKeepAlive = false;
    setTimeout(() => {
      const busy = new Set(traffic.answering.values());
      for (const socket of traffic.sockets) if (!busy.has(socket)) socket.destroySoon();
    }, ON_ITS_WAY_MS);
  });
}
