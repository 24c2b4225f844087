/**
 * What somebody chose for the delivery of one post: what happens when it cannot leave in time, and how it is tried again.
 * Kept on each of its publications; an empty choice means the team's late policy, or the product's retry schedule.
 */
import type { LatePolicy, Publication } from '@prisma/client';
import { LONGEST_RETRY_DELAY_SECONDS } from '../domain/retry-policy.ts';
import { wholeNumber } from '../domain/whole-number.ts';

/** As typed. An absent key leaves it as it is; an empty value takes the choice away. */
export interface DeliveryInput {
  /** send | hold | drop; empty: the team's. */
  latePolicy?: string | null;
  /** Minutes after the due time until which it is simply sent; empty: the team's. */
  lateLimitMinutes?: string | null;
  /** Seconds before the second attempt, doubled for each later one; empty: the default. */
  retryBaseSeconds?: string | null;
  /** Attempts in all, the first included; empty: the default. */
  maxAttempts?: string | null;
}

export type DeliverySettings = Pick<
  Publication,
  'latePolicy' | 'lateLimitMinutes' | 'retryBaseSeconds' | 'maxAttempts'
>;

/** The same numbers as the columns' defaults: at once, +5, +10, +20, +40 minutes. */
export const DEFAULT_DELIVERY: DeliverySettings = {
  latePolicy: null,
  lateLimitMinutes: null,
  retryBaseSeconds: 300,
  maxAttempts: 5,
};

const POLICIES: readonly LatePolicy[] = ['send', 'hold', 'drop'];
/** As far as a team may set it. */
const LONGEST_LATE_LIMIT_MINUTES = 7 * 24 * 60;
const MOST_ATTEMPTS = 20;

/** @param fields gets a message for each value that cannot be used */
export function checkDelivery(
  input: DeliveryInput,
  before: DeliverySettings,
  fields: Record<string, string>,
): DeliverySettings {
  return {
    latePolicy: readPolicy(input.latePolicy, before.latePolicy, fields),
    lateLimitMinutes: readWhole(
      input.lateLimitMinutes,
      before.lateLimitMinutes,
      null,
      [0, LONGEST_LATE_LIMIT_MINUTES],
      {
        fields,
        name: 'lateLimitMinutes',
        message: `Give whole minutes, 0 to ${LONGEST_LATE_LIMIT_MINUTES} (a week), or leave it empty for the team's limit.`,
      },
    ),
    retryBaseSeconds: readWhole(
      input.retryBaseSeconds,
      before.retryBaseSeconds,
      DEFAULT_DELIVERY.retryBaseSeconds,
      [1, LONGEST_RETRY_DELAY_SECONDS],
      {
        fields,
        name: 'retryBaseSeconds',
        message: 'The wait before the second attempt is 1 second to 240 minutes. Leave it empty for 5 minutes.',
      },
    ),
    maxAttempts: readWhole(input.maxAttempts, before.maxAttempts, DEFAULT_DELIVERY.maxAttempts, [1, MOST_ATTEMPTS], {
      fields,
      name: 'maxAttempts',
      message: `Give a whole number of attempts, 1 to ${MOST_ATTEMPTS}, or leave it empty for ${DEFAULT_DELIVERY.maxAttempts}.`,
    }),
  };
}

/** The settings of a post: those of its publications, which are written together. Without publications: the defaults. */
export function deliveryOf(publications: readonly DeliverySettings[]): DeliverySettings {
  const { latePolicy, lateLimitMinutes, retryBaseSeconds, maxAttempts } = publications[0] ?? DEFAULT_DELIVERY;
  return { latePolicy, lateLimitMinutes, retryBaseSeconds, maxAttempts };
}

/** Whether both let a post leave equally late. */
export function sameLateRule(one: DeliverySettings, other: DeliverySettings): boolean {
  return one.latePolicy === other.latePolicy && one.lateLimitMinutes === other.lateLimitMinutes;
}

export function sameDelivery(one: DeliverySettings, other: DeliverySettings): boolean {
  return (
    sameLateRule(one, other) && one.retryBaseSeconds === other.retryBaseSeconds && one.maxAttempts === other.maxAttempts
  );
}

function readPolicy(
  typed: string | null | undefined,
  before: LatePolicy | null,
  fields: Record<string, string>,
): LatePolicy | null {
  if (typed === undefined) return before;
  const wanted = (typed ?? '').trim();
  const policy = POLICIES.find((known) => known === wanted) ?? null;
  if (policy === null && wanted !== '')
    fields.latePolicy = `Choose one of: ${POLICIES.join(', ')}, or leave it empty to do as the team does.`;
  return policy;
}

function readWhole<Empty extends number | null>(
  typed: string | null | undefined,
  before: number | Empty,
  empty: Empty,
  [least, most]: readonly [number, number],
  complaint: { fields: Record<string, string>; name: string; message: string },
): number | Empty {
  if (typed === undefined) return before;
  const text = (typed ?? '').trim();
  if (text === '') return empty;
  const value = wholeNumber(text, least, most);
  if (value !== null) return value;
  complaint.fields[complaint.name] = complaint.message;
  return before;
}
