/** Puts an answer on the wire, whole or broken in one of the ways a network breaks it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Response } from 'express';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when text, as JSON otherwise; absent means an empty body. */
  readonly body?: unknown;
}

export interface Delivery {
  readonly answer: Answer;
  /** `whole`; `cut`: headers complete, body broken off; `reset`: nothing at all but a TCP reset. */
  readonly manner: 'whole' | 'cut' | 'reset';
  readonly delayMs: number;
}

export function whole(answer: Answer): Delivery {
  return { answer, manner: 'whole', delayMs: 0 };
}

export async function transmit(response: Response, delivery: Delivery, closing: AbortSignal): Promise<void> {
  if (delivery.delayMs > 0 && !(await waited(delivery.delayMs, closing))) return void response.socket?.destroy();
  if (delivery.manner === 'reset') return void response.socket?.resetAndDestroy();

  const { status, headers, body } = delivery.answer;
  response.status(status);
  response.set({ ...headers });
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  if (text !== '' && !response.hasHeader('content-type')) response.type('application/json');
  if (delivery.manner === 'whole') {
    response.set('content-length', String(Buffer.byteLength(text)));
    response.end(text);
    return;
  }
  // Announces more than it sends. The reader has the status and every header, and then the connection ends.
  const sent = text === '' ? '{' : text.slice(0, Math.ceil(text.length / 2));
  response.set('content-length', String(Buffer.byteLength(text) + 64));
  response.write(sent, () => response.socket?.destroySoon());
}

async function waited(delayMs: number, closing: AbortSignal): Promise<boolean> {
  try {
    await delay(delayMs, undefined, { signal: closing });
    return true;
  } catch (error) {
    if (closing.aborted) return false;
    throw error;
  }
}
