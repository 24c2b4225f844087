import { expect, test } from 'vitest';
import { linkedinVersion } from './linkedin-version.ts';

test.each([
  ['2026-11-21T00:00:00Z', '202610'],
  ['2026-10-31T23:59:59Z', '202609'],
  ['2026-11-01T00:00:00Z', '202610'],
  ['2027-01-15T12:00:00Z', '202612'],
  ['2027-02-01T00:00:00Z', '202701'],
  // Still November in New York, already December by UTC.
  ['2026-11-30T20:00:00-05:00', '202611'],
])('at %s the version is the month before by UTC: %s', (now, version) => {
  expect(linkedinVersion(new Date(now))).toBe(version);
});

test('a month that LinkedIn skipped is skipped', () => {
  expect(linkedinVersion(new Date('2026-01-10T00:00:00Z'))).toBe('202511');
});
