/**
 * Text is UTF-8, or it is refused. Every decoder on the way (of JSON, of forms, of multipart parts) would put U+FFFD where
 * bytes are no text, and that would be published; so bytes are looked at before one of them reads them.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Refusal } from '../domain/refusal.ts';

/** Said to whoever sent it, who is a program more often than a person. */
const NO_TEXT =
  'This text has bytes that are not UTF-8, so part of it cannot be read. Save it as UTF-8 and send it again. Nothing was saved.';

/** @throws Refusal when these bytes, all of a text, are not UTF-8 */
function requireUtf8(bytes: Uint8Array): void {
  if (!isUtf8(bytes)) throw notUtf8();
}

export function notUtf8(): Refusal {
  return new Refusal('invalid', NO_TEXT);
}

/** For a JSON parser's `verify`. @throws what requireUtf8 throws, and a 415 for another charset than UTF-8 */
export function verifyJson(_req: IncomingMessage, _res: unknown, body: Buffer, charset: string): void {
  requireCharset(charset);
  requireUtf8(body);
}

/** The same for a form, which may write any byte with a percent sign: `%E9`. */
export function verifyForm(_req: IncomingMessage, _res: unknown, body: Buffer, charset: string): void {
  requireCharset(charset);
  requireUtf8(percentDecoded(body));
}

/** JSON is UTF-8 by its standard (RFC 8259), forms are by that of the web. */
function requireCharset(charset: string): void {
  if (!/^utf-?8$/i.test(charset)) throw Object.assign(new Error(`a text in ${charset} is not read`), { status: 415 });
}

function percentDecoded(body: Buffer): Buffer {
  const text = body.toString('latin1');
  if (!text.includes('%')) return body;
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1');
}
