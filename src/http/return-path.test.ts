import { expect, test } from 'vitest';
import { safeReturnPath } from './return-path.ts';

test.each([
  '/admin',
  '/admin/',
  '/admin/resources/Post?filters.status=failed&page=2',
  '/admin/resources/Post/records/0190-a%20b/show',
  "/admin/resources/Post?filters.q=it's",
  '/account',
  '/account/second-factor',
])('%s is a page to go to after signing in', (path) => {
  expect(safeReturnPath(path)).toBe(path);
});

test.each([
  '//evil.example/admin',
  'https://evil.example/admin',
  '/\\evil.example',
  '/admin//evil.example',
  '/admin\\..\\..',
  '/administrator',
  '/accounts',
  '/admin/../connect/linkedin',
  '/admin/%2e%2E/connect/linkedin',
  '/admin/./x',
  '/login',
  '/connect/linkedin',
  '/admin\r\nSet-Cookie: a=b',
  'javascript:alert(1)',
  '',
  `/admin/${'a'.repeat(1000)}`,
])('%j is nowhere to go after signing in', (path) => {
  expect(safeReturnPath(path)).toBeNull();
});
