import { hash, verify } from '@node-rs/argon2';

/**
 * Argon2id (the library's default algorithm) with the parameters of the OWASP Password Storage Cheat Sheet:
 * 19 MiB, 2 passes, 1 lane.
 */
const OWASP = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const SHORTEST_PASSWORD = 8;
/** Longer ones only cost time to hash. */
const LONGEST_PASSWORD = 256;

/** @returns a PHC string, salt and parameters included */
export async function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), OWASP);
}

/**
 * Takes as long for a person without a password (`stored` null) as for one with it, so that the time it takes does not
 * tell who exists.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  nobodysHash ??= hashPassword('nobody has this password');
  const matches = await verify(
    stored ?? (await nobodysHash),
    password.slice(0, LONGEST_PASSWORD * 4).normalize('NFKC'),
  );
  return matches && stored !== null;
}

let nobodysHash: Promise<string> | undefined;

/** @returns a sentence for the person, or null when the password may be used */
export function passwordProblem(password: string): string | null {
  const length = [...password].length;
  if (length < SHORTEST_PASSWORD)
    return `Use at least ${SHORTEST_PASSWORD} characters. A few words in a row are easy to remember.`;
  if (length > LONGEST_PASSWORD) return `Use at most ${LONGEST_PASSWORD} characters.`;
  return null;
}
