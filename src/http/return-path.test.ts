import { expect, test } from 'vitest';
import { safeReturnPath } from './return-path.ts';

test.each([
  '/admin',
  '/admin/',
  '/admin/resources/Post?filters.status=failed&page=2',
  '/admin/resources/Post/records/0190-a%20b/show',
])('%s is a page of the panel', (path) => {
  expect(safeReturnPath(path)).toBe(path);
});

test.each([
  '//evil.example/admin',
  'https://evil.example/admin',
  '/\\evil.example',
  '/admin//evil.example',
  '/admin\\..\\..',
  '/administrator',
  '/login',
  '/connect/linkedin',
  '/admin\r\nSet-Cookie: a=b',
  'javascript:alert(1)',
  '',
  `/admin/${'a'.repeat(1000)}`,
])('%j is nowhere to go after signing in', (path) => {
  expect(safeReturnPath(path)).toBeNull();
});
