/** Why a verb said no to a person. Each maps to one HTTP status at the front doors. */
export const REFUSAL_STATUS = {
  invalid: 400,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-many': 429,
} as const;
export type RefusalCode = keyof typeof REFUSAL_STATUS;

/**
 * Thrown by a verb when a person asked for something that cannot be done. Its message is a sentence for that person
 * and says what to do; `fields` holds such a sentence per form field. Nothing was saved. Never used for surprises.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly fields: Readonly<Record<string, string>>;

  constructor(
    code: RefusalCode,
    message: string,
    fields: Readonly<Record<string, string>> = {},
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
    this.code = code;
    this.fields = fields;
  }
}

/** The same answer for "is not there" and "is not yours", so that ids cannot be probed. */
export function notFound(what: string): Refusal {
  return new Refusal('not-found', `There is no such ${what}, or you may not see it.`);
}

/** A refusal made of field messages; null when there are none. */
export function refuseFields(fields: Record<string, string>): Refusal | null {
  const first = Object.values(fields)[0];
  return first === undefined ? null : new Refusal('invalid', first, fields);
}
