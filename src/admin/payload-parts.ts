/**
 * The parts of a payload that have parts themselves, in every form that reaches us: JSON, JSON as text, or the flat keys of
 * AdminJS and of forms (`media.0.id`, `media[0][id]`, `texts.ID`). Only plain text is taken from them.
 */
import { Refusal } from '../domain/refusal.ts';
import type { Payload } from './payload.ts';

/** @returns in order, or undefined when nothing of it was sent. An empty value stands for an empty list. */
export function recordsField(payload: Payload, name: string): Payload[] | undefined {
  const whole = wholeOf(payload, name);
  const flat = flatParts(payload, name);
  if (whole === undefined && flat.size === 0) return undefined;
  if (whole !== undefined && !isEmpty(whole)) {
    const list = Array.isArray(whole) ? whole : isRecord(whole) ? inOrder(Object.entries(whole)) : [null];
    if (!list.every(isRecord)) throw unreadable(name, 'a list of objects');
    return list;
  }
  return inOrder([...flat]).filter(isRecord);
}

/** Texts by name. @returns undefined when nothing of it was sent. An empty value stands for none. */
export function textsField(payload: Payload, name: string): Record<string, string | null> | undefined {
  const whole = wholeOf(payload, name);
  const flat = flatParts(payload, name);
  if (whole === undefined && flat.size === 0) return undefined;
  const given = whole === undefined || isEmpty(whole) ? Object.fromEntries(flat) : whole;
  if (!isRecord(given)) throw unreadable(name, 'an object of texts');
  const entries = Object.entries(given);
  if (!entries.every((entry): entry is [string, string | null] => isText(entry[1])))
    throw unreadable(name, 'an object of texts');
  return Object.fromEntries(entries);
}

/** @throws Refusal for anything but text at this name */
export function textOf(part: Payload, name: string, of: string): string | null {
  const value = Object.hasOwn(part, name) ? part[name] : null;
  if (value === undefined || value === null || typeof value === 'string') return value ?? null;
  throw unreadable(of, `objects with texts, but its ${name} is none`);
}

function wholeOf(payload: Payload, name: string): unknown {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch (error) {
    if (error instanceof SyntaxError) throw unreadable(name, 'JSON');
    throw error;
  }
}

/** `name.a` and `name[a]` by `a`; `name.a.b` as an object with `b`. */
function flatParts(payload: Payload, name: string): Map<string, unknown> {
  const parts = new Map<string, unknown>();
  for (const [key, value] of Object.entries(payload)) {
    if (!key.startsWith(name)) continue;
    const rest = key.slice(name.length).replaceAll('[', '.').replaceAll(']', '');
    const [, first, second] = /^\.([\w-]{1,60})(?:\.([\w-]{1,60}))?$/.exec(rest) ?? [];
    if (first === undefined) continue;
    if (second === undefined) parts.set(first, value);
    else {
      const before = parts.get(first);
      parts.set(first, { ...(isRecord(before) ? before : {}), [second]: value });
    }
  }
  return parts;
}

function inOrder(entries: [string, unknown][]): unknown[] {
  return entries.sort(([one], [other]) => Number(one) - Number(other)).map(([, value]) => value);
}

function isRecord(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function unreadable(name: string, expected: string): Refusal {
  const message = `${name} must be ${expected}.`;
  return new Refusal('invalid', message, { [name]: message });
}
