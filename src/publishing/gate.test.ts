import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGate } from './gate.ts';

describe('a gate', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Starts somebody who stays inside until told to end. */
  function visit(gate: ReturnType<typeof createGate>, name: string, inside: string[], urgent = false) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const passed = gate.pass(
      () => {
        inside.push(name);
        return promise;
      },
      { urgent },
    );
    return { end: resolve, passed };
  }

  it('lets as many in as it has places, and the next one when somebody leaves, in order', async () => {
    const gate = createGate(2);
    const inside: string[] = [];
    const [a] = ['a', 'b', 'c', 'd'].map((name) => visit(gate, name, inside));
    await vi.advanceTimersByTimeAsync(0);
    expect(inside).toEqual(['a', 'b']);
    a?.end();
    await a?.passed;
    await vi.advanceTimersByTimeAsync(0);
    expect(inside).toEqual(['a', 'b', 'c']);
  });

  it('lets in at once who is urgent, and makes the others wait for it', async () => {
    const gate = createGate(1);
    const inside: string[] = [];
    const a = visit(gate, 'a', inside);
    const urgent = visit(gate, 'urgent', inside, true);
    visit(gate, 'b', inside);
    await vi.advanceTimersByTimeAsync(0);
    expect(inside).toEqual(['a', 'urgent']);
    a.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(inside).toEqual(['a', 'urgent']);
    urgent.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(inside).toEqual(['a', 'urgent', 'b']);
  });

  it('is not blocked for longer than a second by those who are stuck', async () => {
    const gate = createGate(1);
    const inside: string[] = [];
    visit(gate, 'stuck', inside);
    visit(gate, 'b', inside);
    await vi.advanceTimersByTimeAsync(999);
    expect(inside).toEqual(['stuck']);
    await vi.advanceTimersByTimeAsync(1);
    expect(inside).toEqual(['stuck', 'b']);
  });

  it('gives the place back when the work fails', async () => {
    const gate = createGate(1);
    await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.pass(async () => 'in')).toBe('in');
  });
});
