import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTokenCipher, type TokenBinding, TokenUnreadableError } from './token-cipher.ts';

const k1 = { id: 'k1', key: Buffer.alloc(32, 1) };
const k2 = { id: 'k2', key: Buffer.alloc(32, 2) };
const bound: TokenBinding = {
  table: 'account_credentials',
  column: 'access_token',
  rowId: 'row-1',
  account: 'linkedin:abc',
};
const cipher = createTokenCipher([k1]);

describe('a token', () => {
  test('comes back as it was, whatever it contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (token) => {
        expect(cipher.decrypt(cipher.encrypt(token, bound), bound)).toBe(token);
      }),
    );
  });

  test('is not in its envelope, and two envelopes of one token differ', () => {
    const [one, other] = [cipher.encrypt('AQX-secret', bound), cipher.encrypt('AQX-secret', bound)];
    expect(one).not.toContain('AQX-secret');
    expect(one).not.toBe(other);
  });

  test('written with an old key is still read after the ring got a new one in front', () => {
    const old = cipher.encrypt('token', bound);
    const ring = createTokenCipher([k2, k1]);
    expect(ring.decrypt(old, bound)).toBe('token');
    expect(ring.keyIdOf(old)).toBe('k1');
    expect(ring.keyIdOf(ring.encrypt('token', bound))).toBe(ring.currentKeyId);
    expect(ring.currentKeyId).toBe('k2');
  });
});

describe('a token is refused', () => {
  test('when its key is not in the ring, and the message names the key', () => {
    const old = cipher.encrypt('token', bound);
    expect(reasonOf(() => createTokenCipher([k2]).decrypt(old, bound))).toBe('unknown-key');
    expect(() => createTokenCipher([k2]).decrypt(old, bound)).toThrow(/"k1".*TOKEN_KEYS/);
  });

  test('when another key bears the same id', () => {
    const other = createTokenCipher([{ id: 'k1', key: randomBytes(32) }]);
    expect(reasonOf(() => other.decrypt(cipher.encrypt('token', bound), bound))).toBe('tampered');
  });

  test.each([
    ['table', 'local_credentials'],
    ['column', 'refresh_token'],
    ['rowId', 'row-2'],
    ['account', 'linkedin:abd'],
  ])('when it was moved to another %s', (field, value) => {
    expect(reasonOf(() => cipher.decrypt(cipher.encrypt('token', bound), { ...bound, [field]: value }))).toBe(
      'tampered',
    );
  });

  test('when the words of its place are only divided differently', () => {
    const envelope = cipher.encrypt('token', { ...bound, rowId: 'a', account: 'b"c' });
    expect(reasonOf(() => cipher.decrypt(envelope, { ...bound, rowId: 'a"b', account: 'c' }))).toBe('tampered');
  });

  test('when it claims to be under another key that we have', () => {
    const ring = createTokenCipher([k1, k2]);
    expect(reasonOf(() => ring.decrypt(ring.encrypt('token', bound).replace('.k1.', '.k2.'), bound))).toBe('tampered');
  });

  test('when any single character of it was changed', () => {
    const envelope = cipher.encrypt('a token of some length', bound);
    for (let index = 0; index < envelope.length; index++) {
      const changed = envelope.slice(0, index) + (envelope[index] === 'A' ? 'B' : 'A') + envelope.slice(index + 1);
      expect(
        reasonOf(() => cipher.decrypt(changed, bound)),
        changed,
      ).toMatch(/^(malformed|tampered|unknown-key)$/);
    }
  });

  test('when it was cut off anywhere, or something was added', () => {
    const envelope = cipher.encrypt('token', bound);
    for (let length = 0; length < envelope.length; length++) {
      expect(reasonOf(() => cipher.decrypt(envelope.slice(0, length), bound))).toMatch(/^(malformed|tampered)$/);
    }
    for (const added of ['A', '.', '.AA', '=', ' '])
      expect(reasonOf(() => cipher.decrypt(envelope + added, bound))).toMatch(/^(malformed|tampered)$/);
  });

  test('when it is a plain token that was never encrypted, without repeating it in the message', () => {
    const plain = 'AQXdSP_W41_UPs5ioT_t8HESyODB4FqbkJ8LrV_5mff4gPODzOYR';
    expect(reasonOf(() => cipher.decrypt(plain, bound))).toBe('malformed');
    expect(() => cipher.keyIdOf(plain)).not.toThrow(plain);
  });
});

test('a key that is not 32 bytes long, or no key at all, is refused', () => {
  expect(() => createTokenCipher([{ id: 'short', key: Buffer.alloc(16) }])).toThrow(RangeError);
  expect(() => createTokenCipher([])).toThrow(RangeError);
});

function reasonOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof TokenUnreadableError) return error.reason;
    throw error;
  }
  return 'readable';
}
