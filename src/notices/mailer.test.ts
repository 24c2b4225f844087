import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailServer, startMailServer } from '../testing/mail-server.ts';
import { createMailer, type Email, type Mailer } from './mailer.ts';

let server: MailServer;
let mailer: Mailer;
const email: Email = {
  to: 'ann@example.com',
  subject: 'Zażółć gęślą jaźń: a subject that is so long that it has to be folded, and then some more of it',
  text: 'Grüße\n\n.a line that begins with a dot\n“Zażółć gęślą jaźń”\n',
  messageId: '<0001@posts.example.com>',
};

beforeEach(async () => {
  server = await startMailServer();
  mailer = createMailer({ smtpUrl: server.url, from: 'Posts <posts@example.com>' });
});
afterEach(() => server.close());

describe('an e-mail', () => {
  it('arrives as it was written, from the sender that was set, marked as written by a machine', async () => {
    expect(await mailer.send(email)).toEqual({ outcome: 'accepted' });
    expect(server.received).toMatchObject([
      {
        from: 'posts@example.com',
        to: ['ann@example.com'],
        headers: {
          from: 'Posts <posts@example.com>',
          subject: email.subject,
          'message-id': email.messageId,
          'auto-submitted': 'auto-generated',
        },
      },
    ]);
    expect(server.received[0]?.text.replaceAll('\r\n', '\n')).toBe(email.text);
  });

  it('to a server that says “not now”, cuts the line or is away was not sent, and may be tried later', async () => {
    server.fault('not-now');
    expect(await mailer.send(email)).toMatchObject({ outcome: 'later', reason: expect.stringContaining('451') });
    server.fault('closed');
    expect(await mailer.send(email)).toMatchObject({ outcome: 'later' });
    const nobody = createMailer({ smtpUrl: await freeAddress(), from: 'a@example.com' });
    expect(await nobody.send(email)).toMatchObject({ outcome: 'later', reason: expect.stringContaining('CONN') });
    expect(server.received).toEqual([]);
  });

  it('that is refused for good is not worth another try', async () => {
    server.fault('never');
    expect(await mailer.send(email)).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('550') });
  });

  it('may have been sent when the line breaks after the text', async () => {
    server.fault('drop');
    expect(await mailer.send(email)).toMatchObject({ outcome: 'unknown' });
    expect(server.received).toHaveLength(1);
  });
});

it('a failure is told by its codes: never with the password, nor with what the server says', async () => {
  const { port } = new URL(server.url);
  const asking = createMailer({ smtpUrl: `smtp://ann:s3cret-word@127.0.0.1:${port}`, from: 'a@example.com' });
  server.fault('locked');
  // A wrong password is repaired by somebody, so it is worth another try.
  const failed = JSON.stringify(await asking.send(email));
  expect(failed).toContain('"later"');
  expect(failed).toContain('EAUTH');
  expect(failed).not.toMatch(/s3cret|ann|you are not/);
});

async function freeAddress(): Promise<string> {
  const listening = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  const address = listening.address();
  await new Promise((resolve) => listening.close(resolve));
  return `smtp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}
