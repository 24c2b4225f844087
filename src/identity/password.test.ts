import { expect, test } from 'vitest';
import { emailAddress } from './email-address.ts';
import { hashPassword, passwordProblem, verifyPassword } from './password.ts';

test('a password is kept as Argon2id with 19 MiB, two passes and its own salt', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse battery'), hashPassword('correct horse battery')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
  expect(await verifyPassword(one, 'correct horse battery')).toBe(true);
  expect(await verifyPassword(one, 'correct horse batterY')).toBe(false);
});

test('the same letters typed on another keyboard are the same password', async () => {
  expect(await verifyPassword(await hashPassword('gr\u00fcn und sch\u00f6n'), 'gru\u0308n und scho\u0308n')).toBe(true);
});

test('nobody signs in to an account without a password', async () => {
  expect(await verifyPassword(null, 'nobody has this password')).toBe(false);
});

test('a password has 12 to 256 characters, counted as people see them', () => {
  expect(passwordProblem('seven ch'.slice(0, 7))).toContain('at least 8');
  expect(passwordProblem('eight ch')).toBeNull();
  expect(passwordProblem('🐎'.repeat(7))).toContain('at least 8');
  expect(passwordProblem('x'.repeat(257))).toContain('at most 256');
});

test.each([' Ann@Example.COM ', 'ann+tag@mail.example.co'])('%j is an e-mail address', (text) => {
  expect(emailAddress(text)).toBe(text.trim().toLowerCase());
});

test.each([
  '',
  'ann',
  'ann@localhost',
  'a b@example.com',
  'ann@example.com\u0000',
  '<ann@example.com>',
  'ann@@example.com',
  `${'a'.repeat(250)}@example.com`,
])('%j is none', (text) => {
  expect(emailAddress(text)).toBeNull();
});
