/**
 * Forbids this process every connection and name lookup that leaves the machine. Importing it is enough: as a set-up
 * file of the tests, or for a process that a test starts, `node --import ./src/testing/network-guard.ts src/main.ts`.
 *
 * It sits in node:net, below fetch, undici, pg and tls, so that nothing gets around it by its choice of client. The refused
 * call fails as a connection would; because a product that meets errors well may swallow that, it is also remembered.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** Hosts that were asked for since the list was last emptied. */
export const refusedHosts: string[] = [];

class OutsideNetworkError extends Error {
  override readonly name = 'OutsideNetworkError';
  readonly code = 'OUTSIDE_NETWORK';

  constructor(host: string) {
    super(
      `Tests may not leave this machine, but something tried to reach "${host}". Point its address at the sandbox.`,
    );
    refusedHosts.push(host);
  }
}

guardConnections();
guardLookups(dns);
guardLookups(dns.promises);
guardLookups(dns.Resolver.prototype);
guardLookups(dns.promises.Resolver.prototype);
syncBuiltinESMExports();

/** Whether a host name or address is this machine. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1' || name === '::' || name === '0.0.0.0')
    return true;
  return /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(name);
}

function guardConnections(): void {
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]) {
    const host = hostOf(args);
    if (host !== null && !isLoopback(host)) {
      const error = new OutsideNetworkError(host);
      process.nextTick(() => this.destroy(error));
      return this;
    }
    return Reflect.apply(connect, this, args);
  };
}

/** Null for a Unix socket. `connect` is called with (options), (port, host), (path), or node's own normalised list. */
function hostOf(args: unknown[]): string | null {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first === 'object' && first !== null) {
    if ('path' in first && typeof first.path === 'string') return null;
    return 'host' in first && typeof first.host === 'string' ? first.host : 'localhost';
  }
  if (typeof first === 'string' && Number.isNaN(Number(first))) return null;
  return typeof second === 'string' ? second : 'localhost';
}

/** Wraps lookup, resolve, resolve4, … of an object, in callback or promise style. */
function guardLookups(owner: object): void {
  for (const name of Object.getOwnPropertyNames(owner)) {
    if (!/^(lookup|resolve.*|reverse)$/.test(name)) continue;
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== 'function') continue;
    Reflect.set(owner, name, function guarded(this: unknown, ...args: unknown[]) {
      const [host] = args;
      if (typeof host !== 'string' || host === '' || isLoopback(host)) return Reflect.apply(original, this, args);
      const error = new OutsideNetworkError(host);
      const callback = args.at(-1);
      if (typeof callback !== 'function') return Promise.reject(error);
      process.nextTick(callback, error);
      return undefined;
    });
  }
}
