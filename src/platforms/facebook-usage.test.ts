import { describe, expect, test } from 'vitest';
import { createUsageMeter, readUsage } from './facebook-usage.ts';
import type { HttpAnswer } from './http-client.ts';

const now = new Date('2026-11-21T12:00:00Z');
const PAGE = '112233';

describe('how much is used', () => {
  test.each([
    ['nothing said', {}, null, null],
    ['of the app', { 'x-app-usage': '{"call_count":28,"total_time":25,"total_cputime":26}' }, 28, null],
    ['of the Page', { 'x-page-usage': '{"call_count":1,"total_time":96,"total_cputime":2}' }, 96, null],
    ['of both, the higher', { 'x-app-usage': '{"call_count":3}', 'x-page-usage': '{"call_count":7}' }, 7, null],
    ['of the use case', { 'x-business-use-case-usage': useCases({ [PAGE]: [50, 0] }) }, 50, null],
    ['with a wait', { 'x-business-use-case-usage': useCases({ [PAGE]: [100, 12] }) }, 100, 12],
    ['of this Page among several', { 'x-business-use-case-usage': useCases({ 7: [99, 60], [PAGE]: [4, 0] }) }, 4, null],
    ['by somebody else only', { 'x-business-use-case-usage': useCases({ 7: [99, 60] }) }, 99, 60],
    ['unreadable', { 'x-app-usage': '{', 'x-business-use-case-usage': '[1]' }, null, null],
  ])('%s', (_case, headers, percent, regainMinutes) => {
    expect(readUsage(answer(200, headers), PAGE)).toEqual({ percent, regainMinutes });
  });
});

describe('a Page near its limit', () => {
  const used = (percent: number, status = 200) =>
    answer(status, { 'x-app-usage': JSON.stringify({ call_count: percent, total_time: 1, total_cputime: 1 }) });
  const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

  test('pauses for five minutes, and then goes on', () => {
    const meter = createUsageMeter();
    meter.note(PAGE, used(90), now);
    expect(meter.pauseOf(PAGE, later(4))).toEqual({ until: later(5), percent: 90, httpStatus: 200 });
    expect(meter.pauseOf(PAGE, later(5))).toBeNull();
    expect(meter.pauseOf('another', now)).toBeNull();
  });

  test('pauses as long as Facebook estimates', () => {
    const meter = createUsageMeter();
    meter.note(PAGE, answer(200, { 'x-business-use-case-usage': useCases({ [PAGE]: [100, 30] }) }), now);
    expect(meter.pauseOf(PAGE, later(29))).toMatchObject({ until: later(30) });
  });

  test('goes on as soon as the figures are low again', () => {
    const meter = createUsageMeter();
    meter.note(PAGE, used(95), now);
    meter.note(PAGE, used(89), later(1));
    expect(meter.pauseOf(PAGE, later(1))).toBeNull();
  });

  test('is not told from refusals, lost answers or answers without figures', () => {
    const meter = createUsageMeter();
    meter.note(PAGE, used(100, 400), now);
    meter.note(PAGE, { kind: 'no-answer', reason: 'answer-timeout', cause: null }, now);
    expect(meter.pauseOf(PAGE, now)).toBeNull();
    meter.note(PAGE, used(95), now);
    meter.note(PAGE, answer(200, {}), now);
    expect(meter.pauseOf(PAGE, now)).not.toBeNull();
  });
});

function useCases(pages: Record<string, [percent: number, minutes: number]>): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(pages).map(([id, [percent, minutes]]) => [
        id,
        [
          {
            type: 'pages',
            call_count: percent,
            total_cputime: 1,
            total_time: 1,
            estimated_time_to_regain_access: minutes,
          },
        ],
      ]),
    ),
  );
}

function answer(status: number, headers: Record<string, string | undefined>): HttpAnswer {
  const given = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return { kind: 'answer', status, headers: Object.fromEntries(given), body: '{}', bodyComplete: true };
}
