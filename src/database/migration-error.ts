export type MigrationProblem = 'changed' | 'unknown' | 'unfinished' | 'failed' | 'not-allowed' | 'missing-files';

/** The database's structure cannot be brought to this version's. The message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code: MigrationProblem;

  constructor(code: MigrationProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
