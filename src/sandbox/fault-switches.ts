/**
 * The fault switch of each account: what goes wrong the next time the product publishes there.
 *
 * "Before" and "after" say on which side of the commit to the ledger the fault lies: after a fault "after" the post is
 * there although the product was told otherwise or nothing at all.
 */
/** What every platform can be told to do, in the order of the switch on the page. A platform may add its own. */
export const FAULTS = [
  'ok',
  'slow',
  '429',
  '500 before',
  '500 after',
  'reset before',
  'reset after',
  'truncated',
  'malformed',
  'expired token',
  'revoked',
] as const;

export type Fault = (typeof FAULTS)[number];

export const DEFAULT_DELAY_MS = 5_000;

export interface FaultSetting {
  /** One of `FAULTS`, or one of the platform's own; never `ok`. */
  readonly fault: string;
  /** How many more requests it hits; null until somebody clears it. */
  readonly remaining: number | null;
  /** For `slow`: how late the answer is, in milliseconds. For X's `429`: how far away the reset it names is. */
  readonly delayMs: number;
  /** Token faults only hit tokens issued until then, so that connecting the account again repairs it, as it does for real. */
  readonly setAt: Date;
}

export class FaultSwitches {
  readonly #settings = new Map<string, FaultSetting>();

  get(platform: string, account: string): FaultSetting | null {
    return this.#settings.get(key(platform, account)) ?? null;
  }

  set(platform: string, account: string, fault: string, details: Omit<FaultSetting, 'fault'>): void {
    if (fault === 'ok') this.#settings.delete(key(platform, account));
    else this.#settings.set(key(platform, account), { fault, ...details });
  }

  /** One request was hit: the last of a counted fault turns the switch back. */
  use(platform: string, account: string): void {
    const setting = this.get(platform, account);
    if (!setting || setting.remaining === null) return;
    if (setting.remaining <= 1) this.#settings.delete(key(platform, account));
    else this.#settings.set(key(platform, account), { ...setting, remaining: setting.remaining - 1 });
  }

  clear(): void {
    this.#settings.clear();
  }
}

function key(platform: string, account: string): string {
  return `${platform} ${account}`;
}
