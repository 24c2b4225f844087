/**
 * Which monthly versions of LinkedIn's API answer. A version lives about a year (LinkedIn's migrations page); here from the
 * first of its month until the first of the same month a year later, in UTC.
 */
import { ApiError, refusal } from './api-error.ts';

/** Months in which LinkedIn published no version. */
const NEVER_RELEASED = new Set(['202512']);

/** @throws ApiError 400 without or with a malformed version, 426 for one that is not active */
export function requireActiveVersion(header: string | undefined, now: Date): string {
  if (header === undefined || header === '') {
    throw refusal(
      400,
      'VERSION_MISSING',
      'A version must be present. Please specify a version by adding the Linkedin-Version header.',
    );
  }
  const version = /^(20\d\d)(0[1-9]|1[0-2])$/.exec(header);
  if (!version) {
    const message = `The version ${header} is not of the form YYYYMM`;
    throw new ApiError({ status: 400, body: { status: 400, message } }, 'VERSION_MALFORMED');
  }
  const age = (now.getUTCFullYear() - Number(version[1])) * 12 + now.getUTCMonth() + 1 - Number(version[2]);
  if (age < 0 || age >= 12 || NEVER_RELEASED.has(header)) {
    // LinkedIn names versions with a day, 01, in this message (captured).
    throw refusal(426, 'NONEXISTENT_VERSION', `Requested version ${header}01 is not active`);
  }
  return header;
}
