/**
 * A TCP proxy on this machine that can misbehave as networks do: refuse, reset, stall and cut off in the middle. It knows
 * nothing of what it carries.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  client: Socket;
  upstream: Socket;
  /** The next data from upstream is cut in half, and the connection with it. */
  cut: boolean;
}

export class ChaosProxy {
  readonly #target: { host: string; port: number };
  readonly #pairs = new Set<Pair>();
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #stalled = false;
  #refusing = false;
  port = 0;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    // `allowHalfOpen`: an end is passed on in its own time, after the data before it.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async start(target: { host: string; port: number }): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    const address = proxy.#server.address();
    if (address !== null && typeof address === 'object') proxy.port = address.port;
    return proxy;
  }

  /** Every connection ends with a TCP reset, whatever was on its way. */
  reset(): void {
    for (const { client, upstream } of this.#pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  /** On every connection the next answer arrives half. */
  truncate(): void {
    for (const pair of this.#pairs) pair.cut = true;
  }

  /** Nothing moves in either direction, and no connection ends. */
  stall(on: boolean): void {
    this.#stalled = on;
    for (const { client, upstream } of this.#pairs) {
      for (const socket of [client, upstream]) {
        if (on) socket.pause();
        else socket.resume();
      }
    }
  }

  /** New connections are reset at once; those that exist are reset now. */
  refuse(on: boolean): void {
    this.#refusing = on;
    if (on) this.reset();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...this.#target, allowHalfOpen: true });
    const pair: Pair = { client, upstream, cut: false };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (from === upstream && pair.cut) {
          client.end(chunk.subarray(0, Math.floor(chunk.length / 2)));
          upstream.destroy();
        } else to.write(chunk);
      });
      from.on('end', () => to.end());
      // A broken connection is what this is for: the other side learns of it by its own end.
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => {
        this.#pairs.delete(pair);
        this.#sockets.delete(from);
        to.destroySoon();
      });
    }
    if (this.#stalled) {
      client.pause();
      upstream.pause();
    }
  }
}
