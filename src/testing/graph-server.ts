/**
 * A server on this machine that answers as a test tells it: for the product's side of Facebook. It knows nothing about
 * Facebook but how calls look (form, multipart, bearer token), so each test says what is strict.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface GraphCall {
  method: string;
  /** Without the query. */
  path: string;
  query: Readonly<Record<string, string>>;
  /** The token of the Authorization header. */
  token: string | null;
  /** The form's text fields. */
  fields: Readonly<Record<string, string>>;
  /** The form's files. */
  files: Readonly<Record<string, File>>;
  url: string;
}

export interface GraphReply {
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** A text goes out as it is, anything else as JSON. */
  body: unknown;
}

/** `drop`: the call arrives and the connection breaks without an answer. */
export type GraphAnswer = GraphReply | 'drop';

export interface GraphServer {
  url: string;
  /** In the order in which they arrived. */
  calls: GraphCall[];
  close(): Promise<void>;
}

export async function startGraphServer(
  answer: (call: GraphCall) => GraphAnswer | Promise<GraphAnswer>,
): Promise<GraphServer> {
  const calls: GraphCall[] = [];
  const server = createServer(async (req, res) => {
    const call = await readCall(req);
    calls.push(call);
    const reply = await answer(call);
    if (reply === 'drop') {
      req.socket.destroy();
      return;
    }
    const { status = 200, headers = {}, body } = reply;
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The Graph API's error envelope. */
export function graphError(
  code: number,
  message: string,
  more: { subcode?: number; userMessage?: string; transient?: boolean } = {},
): object {
  return {
    error: {
      message,
      type: 'OAuthException',
      code,
      ...(more.subcode !== undefined && { error_subcode: more.subcode }),
      ...(more.userMessage !== undefined && { error_user_title: 'Title', error_user_msg: more.userMessage }),
      ...(more.transient !== undefined && { is_transient: more.transient }),
      fbtrace_id: 'AbCdEf',
    },
  };
}

async function readCall(req: IncomingMessage): Promise<GraphCall> {
  const url = new URL(req.url ?? '/', 'http://graph');
  const type = req.headers['content-type'];
  const bytes = await buffer(req);
  const form =
    type === undefined || bytes.length === 0
      ? new FormData()
      : await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  const entries = [...form.entries()];
  return {
    method: req.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    token: /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? null,
    fields: Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))),
    files: Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === 'string' ? [] : [[name, value]]))),
    url: req.url ?? '',
  };
}
