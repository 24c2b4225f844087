/**
 * The migrations are written by hand, because Prisma's engine that would derive them is a download. So this compares, fact by
 * fact, what prisma/schema.prisma says with what a freshly migrated database has. Partial indexes, check constraints
 * and triggers have no words in Prisma's schema language and are free.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';

interface Field {
  name: string;
  dbName?: string;
  kind: 'scalar' | 'enum' | 'object';
  isList: boolean;
  isRequired: boolean;
  type: string;
  nativeType: [string, string[]] | null;
  default?: unknown;
  relationFromFields?: string[];
  relationToFields?: string[];
  relationOnDelete?: string;
  relationOnUpdate?: string;
}
interface Model {
  name: string;
  dbName: string | null;
  fields: Field[];
}
interface Index {
  model: string;
  type: 'id' | 'unique' | 'normal';
  fields: { name: string; sortOrder?: 'asc' | 'desc' }[];
}
interface Metadata {
  models: Model[];
  enums: { name: string; dbName: string | null; values: { name: string; dbName: string | null }[] }[];
  indexes: Index[];
}

const metadata = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'build', 'prisma-metadata.json'), 'utf8'),
) as Metadata;

let database: FreshDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.close();
});

test('the migrations make exactly the columns of the schema', async () => {
  const { rows } = await client.query<{ fact: string }>(`
    SELECT format('%s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull OR a.attndims > 0 THEN '' ELSE ' nullable' END,
                  -- What the database makes of other columns has no words in Prisma's schema language either.
                  COALESCE(CASE WHEN a.attgenerated = '' THEN ' default ' || pg_get_expr(d.adbin, d.adrelid) END, '')) AS fact
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname <> '_prisma_migrations'`);
  const expected = metadata.models.flatMap((model) =>
    model.fields
      .filter(({ kind }) => kind !== 'object')
      .map(
        (field) =>
          `${tableOf(model)}.${columnOf(field)} ${typeOf(field)}${field.isRequired ? '' : ' nullable'}${defaultOf(field)}`,
      ),
  );
  expect(sorted(rows)).toEqual(expected.sort());
});

test('the migrations make exactly the enums of the schema, in its order', async () => {
  const { rows } = await client.query<{ fact: string }>(`
    SELECT format('%s: %s', t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)) AS fact
      FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname`);
  const expected = metadata.enums.map(
    (item) => `${item.dbName ?? item.name}: ${item.values.map((value) => value.dbName ?? value.name).join(', ')}`,
  );
  expect(sorted(rows)).toEqual(expected.sort());
});

test('the migrations make exactly the keys and indexes of the schema, besides partial ones', async () => {
  const { rows } = await client.query<{ fact: string }>(`
    SELECT format('%s %s (%s)', c.relname,
                  CASE WHEN i.indisprimary THEN 'id' WHEN i.indisunique THEN 'unique' ELSE 'normal' END,
                  string_agg(a.attname || CASE WHEN i.indoption[k.place - 1] & 1 = 1 THEN ' desc' ELSE '' END, ', ' ORDER BY k.place)) AS fact
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indrelid
      CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
     WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> '_prisma_migrations' AND i.indpred IS NULL
     GROUP BY i.indexrelid, c.relname, i.indisprimary, i.indisunique`);
  const expected = metadata.indexes.map(({ model: name, type, fields }) => {
    const model = modelNamed(name);
    const columns = fields.map((field) => columnNamed(model, field.name) + (field.sortOrder === 'desc' ? ' desc' : ''));
    return `${tableOf(model)} ${type} (${columns.join(', ')})`;
  });
  expect(sorted(rows)).toEqual(expected.sort());
});

test('the migrations make exactly the foreign keys of the schema, with their rules', async () => {
  const { rows } = await client.query<{ fact: string }>(
    `
    SELECT format('%s (%s) -> %s (%s) delete %s update %s', f.conrelid::regclass, columns(f.conrelid, f.conkey),
                  f.confrelid::regclass, columns(f.confrelid, f.confkey), f.confdeltype, f.confupdtype) AS fact
      FROM pg_constraint f WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace`.replaceAll(
      /columns\(f\.(\w+), f\.(\w+)\)/g,
      `(SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM unnest(f.$2) WITH ORDINALITY AS k(number, place)
       JOIN pg_attribute a ON a.attrelid = f.$1 AND a.attnum = k.number)`,
    ),
  );
  const expected = metadata.models.flatMap((model) =>
    model.fields
      .filter(({ relationFromFields }) => relationFromFields?.length)
      .map((field) => foreignKeyOf(model, field)),
  );
  expect(sorted(rows)).toEqual(expected.sort());
});

function foreignKeyOf(model: Model, field: Field): string {
  const target = modelNamed(field.type);
  const from = (field.relationFromFields ?? []).map((name) => columnNamed(model, name)).join(', ');
  const to = (field.relationToFields ?? []).map((name) => columnNamed(target, name)).join(', ');
  // Prisma's defaults: an optional relation is emptied, a required one forbids the deletion; keys follow an update.
  const onDelete = field.relationOnDelete ?? (field.isRequired ? 'Restrict' : 'SetNull');
  const onUpdate = field.relationOnUpdate ?? 'Cascade';
  return `${tableOf(model)} (${from}) -> ${tableOf(target)} (${to}) delete ${RULES[onDelete]} update ${RULES[onUpdate]}`;
}

/** pg_constraint.confdeltype, by Prisma's words. */
const RULES: Record<string, string> = { Cascade: 'c', Restrict: 'r', SetNull: 'n', NoAction: 'a', SetDefault: 'd' };

const SCALAR_TYPES: Record<string, string> = {
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Boolean: 'boolean',
  Float: 'double precision',
  DateTime: 'timestamp(3) without time zone',
  Json: 'jsonb',
  Bytes: 'bytea',
};

const NATIVE_TYPES: Record<string, (length: string) => string> = {
  Uuid: () => 'uuid',
  Timestamptz: (digits) => `timestamp${digits} with time zone`,
  Timestamp: (digits) => `timestamp${digits} without time zone`,
  VarChar: (length) => `character varying${length}`,
  Json: () => 'json',
  Text: () => 'text',
  SmallInt: () => 'smallint',
};

function typeOf({ name, kind, type, nativeType, isList }: Field): string {
  const scalar = nativeType
    ? NATIVE_TYPES[nativeType[0]]?.(nativeType[1].length > 0 ? `(${nativeType[1].join(',')})` : '')
    : SCALAR_TYPES[type];
  const base = kind === 'enum' ? `"${type}"` : scalar;
  if (!base) throw new Error(`This test does not know the type of ${name}: ${nativeType?.[0] ?? type}. Add it.`);
  return isList ? `${base}[]` : base;
}

/** Only what Prisma leaves to the database: it makes UUIDs and `updatedAt` itself. */
function defaultOf(field: Field): string {
  const { kind, type, default: value } = field;
  if (value === undefined) return '';
  if (Array.isArray(value)) return ` default ARRAY[]::${typeOf(field)}`;
  if (typeof value === 'object' && value !== null && 'name' in value) {
    return value.name === 'now' ? ' default CURRENT_TIMESTAMP' : '';
  }
  if (kind === 'enum') return ` default '${value}'::"${type}"`;
  return typeof value === 'string' ? ` default '${value}'::${typeOf(field)}` : ` default ${value}`;
}

function tableOf(model: Model): string {
  return model.dbName ?? model.name;
}

function columnOf(field: Field): string {
  return field.dbName ?? field.name;
}

function modelNamed(name: string): Model {
  const model = metadata.models.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`no model ${name}`);
  return model;
}

function columnNamed(model: Model, name: string): string {
  const field = model.fields.find((candidate) => candidate.name === name);
  if (!field) throw new Error(`no field ${model.name}.${name}`);
  return columnOf(field);
}

function sorted(rows: { fact: string }[]): string[] {
  return rows.map(({ fact }) => fact).sort();
}
