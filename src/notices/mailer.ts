/**
 * One e-mail, handed to a mail server once. What became of it is one of four: accepted, not now, never, or not known. The
 * last is why this is more than a call of a library: after the server was given the text, a broken connection says
 * nothing, and whoever sends again on a guess tells people twice.
 */
import { PassThrough } from 'node:stream';
import { createTransport } from 'nodemailer';
import type { Config } from '../config.ts';

export interface Email {
  to: string;
  subject: string;
  /** Plain text. */
  text: string;
  /** Tells a mail server that saw it before, in a case we do not know of, that it is the same. */
  messageId: string;
}

export type Delivery =
  | { outcome: 'accepted' }
  /** Nothing was sent: `later` may help, `refused` will not. */
  | { outcome: 'later' | 'refused'; reason: string }
  /** The server has the text, perhaps. */
  | { outcome: 'unknown'; reason: string };

export interface Mailer {
  /** Never throws for anything a network or a mail server can do. */
  send(email: Email): Promise<Delivery>;
  /** Connects and signs in, without sending anything. @throws what is wrong */
  verify(): Promise<void>;
}

/** Everything together stays below the time a queued job may take. */
const TIMEOUTS_MS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

export function createMailer({ smtpUrl, from }: NonNullable<Config['mail']>): Mailer {
  const connect = () =>
    createTransport({ url: smtpUrl, ...TIMEOUTS_MS, disableFileAccess: true, disableUrlAccess: true }, { from });
  return {
    async send(email) {
      // A transport of its own, to see how far this one came.
      const transport = connect();
      let hasText = false;
      transport.use('stream', (mail, done) => {
        // Called when the server has let us in; from here on it may be given the text.
        mail.message?.transform(() => {
          hasText = true;
          return new PassThrough();
        });
        done();
      });
      try {
        await transport.sendMail({ ...email, headers: { 'Auto-Submitted': 'auto-generated' } });
        return { outcome: 'accepted' };
      } catch (error) {
        return failure(error, hasText);
      } finally {
        transport.close();
      }
    },
    async verify() {
      await connect().verify();
    },
  };
}

/** Only codes are told: a server's words may repeat what we sent, the password included. */
function failure(error: unknown, hasText: boolean): Delivery {
  const { code, responseCode, command } = error as { code?: unknown; responseCode?: unknown; command?: unknown };
  if (!(error instanceof Error) || typeof code !== 'string') throw error;
  const reason = [code, command, responseCode].filter((part) => part !== undefined).join(' ');
  // A wrong password is repaired by an operator, and then it goes out.
  if (code === 'EAUTH' || code === 'ENOAUTH') return { outcome: 'later', reason };
  if (typeof responseCode === 'number') return { outcome: responseCode < 500 ? 'later' : 'refused', reason };
  return { outcome: hasText ? 'unknown' : 'later', reason };
}
