/**
 * Encrypts the tokens of connected accounts, so that a copy of the database is not a copy of the accounts.
 *
 * AES-256-GCM with a random 96-bit nonce. The key is not an operator's key itself but derived from it by HKDF for this one
 * purpose. The place a ciphertext belongs to (table, column, row, account) and the envelope's own head are authenticated
 * with it, so a ciphertext that was moved to another row, column or account cannot be read there.
 *
 * Envelope: `v1.A256GCM.<key id>.<nonce>.<ciphertext>.<tag>`, the last three base64url. Whatever is not exactly that, was
 * changed, or names a key that is not in TOKEN_KEYS is a TokenUnreadableError; nothing is ever returned instead.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** The place a ciphertext belongs to. `account` is who the token is for at the platform, such as `linkedin:abc`. */
export interface TokenBinding {
  table: string;
  column: string;
  rowId: string;
  account: string;
}

export interface TokenCipher {
  /** Encrypts with the current key. */
  encrypt(plain: string, bound: TokenBinding): string;
  /** @throws TokenUnreadableError */
  decrypt(envelope: string, bound: TokenBinding): string;
  /** The key an envelope needs, whether we have it or not. @throws TokenUnreadableError when it is not an envelope */
  keyIdOf(envelope: string): string;
  readonly currentKeyId: string;
}

export type UnreadableReason = 'malformed' | 'unknown-key' | 'tampered';

/** A stored token cannot be read. The message is for the operator and contains nothing of the token. */
export class TokenUnreadableError extends Error {
  override readonly name = 'TokenUnreadableError';
  readonly code = 'TOKEN_UNREADABLE';
  readonly reason: UnreadableReason;

  constructor(reason: UnreadableReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

const VERSION = 'v1';
const ALGORITHM = 'A256GCM';
const PURPOSE = 'social-share-scheduler/account-tokens/v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * @param keys 32 bytes each; the first encrypts, all decrypt
 * @throws RangeError without keys or with one of another length: the configuration has checked them already
 */
export function createTokenCipher(keys: readonly { id: string; key: Buffer }[]): TokenCipher {
  const [current] = keys;
  if (current === undefined) throw new RangeError('a token cipher needs at least one key');
  const derived = new Map(keys.map(({ id, key }) => [id, deriveKey(key)]));
  const keyOf = (id: string) => {
    const key = derived.get(id);
    if (key === undefined) {
      throw new TokenUnreadableError(
        'unknown-key',
        `A stored token needs the key "${id}", which is not in TOKEN_KEYS. Put that key back, or connect the account again.`,
      );
    }
    return key;
  };
  return {
    currentKeyId: current.id,
    encrypt: (plain, bound) => seal(plain, current.id, keyOf(current.id), bound),
    decrypt: (envelope, bound) => {
      const parts = parse(envelope);
      return open(parts, keyOf(parts.keyId), bound);
    },
    keyIdOf: (envelope) => parse(envelope).keyId,
  };
}

function deriveKey(key: Buffer): Buffer {
  if (key.length !== 32) throw new RangeError(`a token key has 32 bytes, not ${key.length}`);
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), PURPOSE, 32));
}

interface Envelope {
  keyId: string;
  nonce: Buffer;
  ciphertext: Buffer;
  tag: Buffer;
}

function seal(plain: string, keyId: string, key: Buffer, bound: TokenBinding): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(bound, keyId));
  const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return [
    VERSION,
    ALGORITHM,
    keyId,
    ...[nonce, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url')),
  ].join('.');
}

function open({ keyId, nonce, ciphertext, tag }: Envelope, key: Buffer, bound: TokenBinding): string {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(bound, keyId));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new TokenUnreadableError(
      'tampered',
      `A stored token of ${bound.account} does not fit the key "${keyId}" or was changed in the database. Restore the right key in TOKEN_KEYS, or connect the account again.`,
      { cause },
    );
  }
}

/** JSON keeps the fields apart whatever characters are in them. */
function associatedData({ table, column, rowId, account }: TokenBinding, keyId: string): Buffer {
  return Buffer.from(JSON.stringify([table, column, rowId, account, keyId, VERSION, ALGORITHM]));
}

function parse(envelope: string): Envelope {
  const [version, algorithm, keyId, nonce, ciphertext, tag, ...rest] = envelope.split('.');
  const bytes = [nonce, ciphertext, tag].map(base64url);
  const [nonceBytes, ciphertextBytes, tagBytes] = bytes;
  if (
    version !== VERSION ||
    algorithm !== ALGORITHM ||
    rest.length > 0 ||
    !keyId ||
    nonceBytes?.length !== NONCE_BYTES ||
    !ciphertextBytes ||
    tagBytes?.length !== TAG_BYTES
  ) {
    throw new TokenUnreadableError(
      'malformed',
      'A stored token is damaged or was not written by this version. Connect the account again.',
    );
  }
  return { keyId, nonce: nonceBytes, ciphertext: ciphertextBytes, tag: tagBytes };
}

/** Strict: Node skips what is not base64url, which would let different texts stand for the same bytes. */
function base64url(text: string | undefined): Buffer | null {
  const bytes = Buffer.from(text ?? '', 'base64url');
  return text !== undefined && bytes.toString('base64url') === text ? bytes : null;
}
