/**
 * From what stands in a list's address (filters, sort) to a Prisma query. Everything that is not known is refused with
 * a sentence: an unknown key must neither be ignored silently nor reach the database.
 */
import { validate as isUuid } from 'uuid';
import { cutOff } from '../domain/cut-off.ts';
import { Refusal } from '../domain/refusal.ts';
import type { FieldMetadata } from './model-metadata.ts';

export type Where = Record<string, unknown>;

/** What may be asked of a resource. */
export interface QueryRules {
  fields: readonly FieldMetadata[];
  /** Fields that may be filtered by. */
  filters: readonly string[];
  /** Text columns that are compared as a whole. */
  exact: readonly string[];
  /** Text columns that the search box and reference pickers look in. */
  searchColumns: readonly string[];
  /** Those of them that hold small letters only: comparing them costs half. */
  lowercase: readonly string[];
  enumValues(type: string): readonly string[];
}

/** The filter that looks in all search columns. */
export const SEARCH_FILTER = 'q';

/** @throws Refusal for an unknown field or a value that the field cannot have */
export function filterWhere(rules: QueryRules, path: string, value: unknown): Where {
  if (isEmpty(value)) return {};
  if (path === SEARCH_FILTER) return searchWhere(rules, String(value));
  const field = rules.fields.find((candidate) => candidate.name === path);
  if (field === undefined || !rules.filters.includes(path))
    throw new Refusal('invalid', `This list cannot be filtered by "${cutOff(path, 40)}".`);
  if (rules.exact.includes(path)) return exactWhere(path, value);
  return fieldWhere(rules, field, value);
}

/** Finds records by text in any search column; an id finds its record. */
export function searchWhere(rules: QueryRules, text: string): Where {
  const wanted = text.trim();
  if (wanted === '') return {};
  if (wanted.length > 200 || wanted.includes('\0'))
    throw new Refusal('invalid', 'This search text cannot be used. Search for a few words.');
  const columns = rules.searchColumns.map((column) => ({
    [column]: rules.lowercase.includes(column) ? { contains: wanted.toLowerCase() } : contains(wanted),
  }));
  return { OR: isUuid(wanted) ? [{ id: wanted }, ...columns] : columns };
}

/**
 * @param sort undefined sortBy: the newest first
 * @throws Refusal for a field that cannot be sorted by
 */
export function orderBy(rules: QueryRules, sort: { sortBy?: string; direction?: string }): Record<string, unknown>[] {
  const direction = sort.direction === 'asc' ? 'asc' : 'desc';
  const path = sort.sortBy ?? 'id';
  const field = rules.fields.find((candidate) => candidate.name === path);
  if (field === undefined || !isSortable(field))
    throw new Refusal('invalid', `This list cannot be sorted by "${cutOff(path, 40)}".`);
  if (field.isId) return [{ [path]: direction }];
  // Without the id as a tie-break, pages of equal values would overlap.
  return [{ [path]: field.isRequired ? direction : { sort: direction, nulls: 'last' } }, { id: direction }];
}

export function isSortable(field: FieldMetadata): boolean {
  return (field.kind === 'scalar' || field.kind === 'enum') && !field.isList && field.type !== 'Json';
}

function fieldWhere(rules: QueryRules, field: FieldMetadata, value: unknown): Where {
  const { name } = field;
  if (field.type === 'DateTime') return { [name]: range(name, value) };
  if (typeof value === 'object') throw badValue(name);
  const text = String(value).trim();
  if (text.includes('\0')) throw badValue(name);
  if (field.kind === 'object') return { [foreignKey(field)]: uuid(name, text) };
  if (field.kind === 'enum') return { [name]: { in: choices(name, text, rules.enumValues(field.type)) } };
  if (field.type === 'Boolean') return { [name]: yesOrNo(name, text) };
  if (field.type === 'Int') return { [name]: whole(name, text) };
  if (field.nativeType?.[0] === 'Uuid') return { [name]: uuid(name, text) };
  if (field.type === 'String' && field.isList) return { [name]: { has: text } };
  if (field.type === 'String') return { [name]: contains(text) };
  throw new Refusal('invalid', `This list cannot be filtered by "${name}".`);
}

function exactWhere(name: string, value: unknown): Where {
  const text = String(value);
  if (typeof value === 'object' || text.includes('\0')) throw badValue(name);
  return { [name]: { in: parts(name, text) } };
}

/** The column that holds the id of the record a relation points to. */
export function foreignKey(field: FieldMetadata): string {
  const column = field.relationFromFields?.[0];
  if (column === undefined) throw new Error(`${field.name} has no foreign key`);
  return column;
}

function contains(text: string): Where {
  return { contains: text, mode: 'insensitive' };
}

/** AdminJS sends `filters.dueAt~~from` and `~~to`; they arrive as an object. */
function range(name: string, value: unknown): Where {
  if (typeof value !== 'object' || value === null) throw badValue(name);
  const { from, to } = value as { from?: unknown; to?: unknown };
  const where: Where = {};
  if (!isEmpty(from)) where.gte = instant(name, from);
  if (!isEmpty(to)) where.lte = instant(name, to);
  return where;
}

function instant(name: string, value: unknown): Date {
  const date = new Date(String(value));
  const year = date.getUTCFullYear();
  // Years outside this span parse in JavaScript but not in Postgres.
  if (Number.isNaN(year) || year < 1 || year > 9999) throw badValue(name);
  return date;
}

/** One value or several with commas between them. */
function choices(name: string, text: string, known: readonly string[]): string[] {
  const wanted = parts(name, text);
  const unknown = wanted.find((part) => !known.includes(part));
  if (unknown !== undefined)
    throw new Refusal(
      'invalid',
      `"${cutOff(unknown, 40)}" is not a value of ${name}. Possible values: ${known.join(', ')}.`,
    );
  return wanted;
}

/** Postgres takes some ten thousand values; nobody who looks for something has more than a hundred. */
const MOST_VALUES = 100;

function parts(name: string, text: string): string[] {
  const values = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (values.length <= MOST_VALUES) return values;
  throw new Refusal(
    'invalid',
    `At most ${MOST_VALUES} values can be looked for at once in ${name}; these are ${values.length.toLocaleString('en')}.`,
  );
}

function yesOrNo(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw badValue(name);
  return text === 'true';
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || Math.abs(number) > 2_147_483_647) throw badValue(name);
  return number;
}

function uuid(name: string, text: string): string {
  if (!isUuid(text)) throw badValue(name);
  return text;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function badValue(name: string): Refusal {
  return new Refusal('invalid', `This value cannot be used to filter by "${name}".`);
}
