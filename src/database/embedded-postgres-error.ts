export type EmbeddedPostgresProblem =
  | 'no-binaries'
  | 'no-user'
  | 'data-dir'
  | 'wrong-version'
  | 'damaged'
  | 'init-failed'
  | 'start-failed';

/** The embedded database cannot be had here. The message is a sentence for the operator that says what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code: EmbeddedPostgresProblem;

  constructor(code: EmbeddedPostgresProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
