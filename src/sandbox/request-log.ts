/** Every request to a create endpoint, refused ones included: what the product did, not only what came of it. */
const CAPACITY = 10_000;

export interface RequestEntry {
  readonly platform: string;
  /** ISO 8601 with milliseconds: when the request arrived. */
  readonly receivedAt: string;
  readonly endpoint: string;
  /** The author named in the body, else the token's owner, else null. */
  readonly account: string | null;
  /** The status sent; null when the connection was reset instead of an answer. */
  readonly status: number | null;
  /** The platform's error code, when it refused. */
  readonly code: string | null;
  /** The fault switch that hit this request. */
  readonly fault: string | null;
  /** The post, when one was committed (also when the answer did not say so). */
  readonly id: string | null;
}

export class RequestLog {
  #entries: RequestEntry[] = [];

  add(entry: RequestEntry): void {
    this.#entries.push(entry);
    // Trimmed in blocks: shifting one by one would cost the whole array each time.
    if (this.#entries.length >= CAPACITY * 2) this.#entries = this.#entries.slice(-CAPACITY);
  }

  /** Oldest first, the last 10,000. */
  entries(platform: string): readonly RequestEntry[] {
    return this.#entries.slice(-CAPACITY).filter((entry) => entry.platform === platform);
  }

  clear(): void {
    this.#entries = [];
  }
}
