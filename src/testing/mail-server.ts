/**
 * A mail server on this machine that speaks enough SMTP to be handed a mail, and keeps it. For the sending side: it can say
 * "not now", "never", or break the connection after it has the whole text.
 */
import { createServer, type Server, type Socket } from 'node:net';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** As it came: headers, an empty line, the body in its transfer encoding. */
  raw: string;
  /** Headers unfolded, by lower-case name. */
  headers: Readonly<Record<string, string>>;
  /** The body, decoded. */
  text: string;
}

/** `not-now`: 451 at the end of the text. `never`: 550 there. `drop`: it has the text and says nothing. `closed`: the line is cut before the greeting. `locked`: nobody may sign in, and it repeats what it was told. */
export type MailFault = 'ok' | 'not-now' | 'never' | 'drop' | 'closed' | 'locked';

export interface MailServer {
  /** For SMTP_URL. */
  url: string;
  /** What was accepted, and what was given and not answered. */
  received: ReceivedMail[];
  /** How many connections were made. */
  connections(): number;
  fault(fault: MailFault): void;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let fault: MailFault = 'ok';
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that has gone is what some tests are about.
    socket.on('error', () => socket.destroy());
    if (fault === 'closed') socket.destroy();
    else talk(socket, () => fault, received);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    received,
    connections: () => connections,
    fault(next) {
      fault = next;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function talk(socket: Socket, faultNow: () => MailFault, received: ReceivedMail[]): void {
  let buffered = '';
  let inText = false;
  let envelope: { from: string; to: string[] } = { from: '', to: [] };
  const say = (line: string) => socket.write(`${line}\r\n`);
  say('220 mail.example.com ready');
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    buffered += chunk;
    for (;;) {
      const end = inText ? buffered.indexOf('\r\n.\r\n') : buffered.indexOf('\r\n');
      if (end === -1) return;
      const part = buffered.slice(0, end);
      buffered = buffered.slice(end + (inText ? 5 : 2));
      if (inText) {
        inText = false;
        const fault = faultNow();
        if (fault === 'not-now') say('451 try again later');
        else if (fault === 'never') say('550 no such mailbox');
        else received.push(readMail(envelope, `${part}\r\n`.replaceAll('\r\n..', '\r\n.')));
        if (fault === 'drop') socket.destroy();
        if (fault === 'ok') say('250 accepted');
        envelope = { from: '', to: [] };
        continue;
      }
      const [, command = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(part) ?? [];
      const mailbox = /<([^>]*)>/.exec(rest)?.[1] ?? '';
      switch (command.toUpperCase()) {
        case 'EHLO':
          socket.write('250-mail.example.com\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n');
          break;
        case 'AUTH':
          say(
            faultNow() === 'locked'
              ? `535 you are not ${Buffer.from(rest.replace('PLAIN ', ''), 'base64').toString()}`
              : '235 welcome',
          );
          break;
        case 'MAIL':
          envelope.from = mailbox;
          say('250 ok');
          break;
        case 'RCPT':
          envelope.to.push(mailbox);
          say('250 ok');
          break;
        case 'DATA':
          inText = true;
          say('354 go on');
          break;
        case 'QUIT':
          say('221 bye');
          socket.end();
          break;
        default:
          say('502 not here');
      }
    }
  });
}

function readMail(envelope: { from: string; to: string[] }, raw: string): ReceivedMail {
  const [head = '', ...body] = raw.split('\r\n\r\n');
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      decodeWords(line.slice(line.indexOf(':') + 2)),
    ]),
  );
  return {
    ...envelope,
    raw,
    headers,
    text: decodeBody(body.join('\r\n\r\n'), headers['content-transfer-encoding'] ?? ''),
  };
}

/** RFC 2047, as far as a subject needs it. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_word, kind: string, content: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(content, 'base64').toString()
        : quotedPrintable(content.replaceAll('_', ' ')),
    );
}

function decodeBody(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  return encoding === 'quoted-printable' ? quotedPrintable(body.replaceAll(/=\r\n/g, '')) : body;
}

function quotedPrintable(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_whole, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
