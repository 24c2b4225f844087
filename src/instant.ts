/** By both clocks: a suspended machine's monotonic one stands still, and the other may be set. */
export interface Instant {
  monotonic: number;
  wall: number;
}

export function instant(): Instant {
  return { monotonic: performance.now(), wall: Date.now() };
}

/** Milliseconds that passed by the clock that says more. */
export function elapsedMs(since: Instant): number {
  return Math.max(performance.now() - since.monotonic, Date.now() - since.wall);
}
