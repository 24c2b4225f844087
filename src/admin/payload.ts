/** What a form or a script sent, read field by field: only what an action asks for by name is ever looked at. */
import { Refusal } from '../domain/refusal.ts';

export type Payload = Readonly<Record<string, unknown>>;

/**
 * Text as typed. Absent: undefined, which verbs read as "unchanged". Null stays null.
 * @throws Refusal for what cannot be stored: Postgres takes neither NUL nor half a surrogate pair in JSON
 */
export function textField(payload: Payload, name: string): string | null | undefined {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  if (value === undefined || value === null) return value;
  if (typeof value === 'string') return storable(value, name);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Refusal('invalid', `${name} must be text.`, { [name]: 'This must be text.' });
}

/** A tick: true or false, also as text. */
export function booleanField(payload: Payload, name: string): boolean | undefined {
  const value = textField(payload, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (value !== 'true' && value !== 'false')
    throw new Refusal('invalid', `${name} must be true or false.`, { [name]: 'This must be yes or no.' });
  return value === 'true';
}

/**
 * A list, in every form that reaches us: a JSON array, `name.0` and `name.1` (AdminJS), `name[0]` or `name[]`,
 * repeated keys, or one text with commas.
 * @returns undefined when nothing of it was sent
 */
export function listField(payload: Payload, name: string): string[] | undefined {
  const indexed = Object.keys(payload)
    .map((key) => ({ key, index: indexOf(key, name) }))
    .filter((part): part is { key: string; index: number } => part.index !== null)
    .sort((one, other) => one.index - other.index)
    .map(({ key }) => payload[key]);
  const whole = Object.hasOwn(payload, name) ? payload[name] : undefined;
  if (whole === undefined && indexed.length === 0) return undefined;
  return [...parts(whole, name), ...indexed.flatMap((value) => parts(value, name))];
}

/** The version somebody was looking at, sent along as `updatedAt`. */
export function versionField(payload: Payload): Date | undefined {
  const value = textField(payload, 'updatedAt');
  if (value === undefined || value === null || value === '') return undefined;
  const version = new Date(value);
  if (Number.isNaN(version.getTime()))
    throw new Refusal('invalid', 'updatedAt must be the time that the record showed.', {
      updatedAt: 'This is not a time.',
    });
  return version;
}

function storable(text: string, name: string): string {
  const problem = CONTROL_CHARACTER.test(text)
    ? 'an invisible control character'
    : text.isWellFormed()
      ? null
      : 'a broken character (half of an emoji, perhaps)';
  if (problem === null) return text;
  const message = `${nameInWords(name)} has ${problem}. Type it again.`;
  throw new Refusal('invalid', message, { [name]: message });
}

/** C0 and C1 controls other than tab, line feed and carriage return. */
const CONTROL_CHARACTER = /[^\P{Cc}\t\n\r]/u;

/** `timeZone` → `Time zone`. */
function nameInWords(name: string): string {
  const words = name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function indexOf(key: string, name: string): number | null {
  if (!key.startsWith(name)) return null;
  const match = /^(?:\.(\d{1,4})|\[(\d{0,4})\])$/.exec(key.slice(name.length));
  return match === null ? null : Number(match[1] ?? match[2]);
}

function parts(value: unknown, name: string): string[] {
  if (value === undefined || value === null || value === '') return [];
  if (Array.isArray(value)) return value.flatMap((item) => parts(item, name));
  if (typeof value !== 'string')
    throw new Refusal('invalid', `${name} must be a list of ids.`, { [name]: 'This must be a list of ids.' });
  const text = value.trim();
  return (text.startsWith('[') ? fromJson(text) : text.split(','))
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** An array written as text; anything else is taken as one value, which no record will have. */
function fromJson(text: string): string[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter((item) => typeof item === 'string') : [text];
  } catch (error) {
    if (error instanceof SyntaxError) return [text];
    throw error;
  }
}
