/**
 * The `fields` parameter: `id,picture{url},comments.summary(total_count).limit(0)`. Only what was asked for is answered,
 * and a field that does not exist is an error.
 */
import { GraphError, unknownField } from './graph-error.ts';

export interface FieldRequest {
  readonly name: string;
  /** `summary(total_count)` is `summary` → `total_count`. */
  readonly modifiers: ReadonlyMap<string, string>;
  readonly fields: readonly FieldRequest[] | null;
}

interface Field<Node> {
  /** Undefined when this node has no such value: then the field is left out, as Graph does. */
  read(node: Node, request: FieldRequest): unknown;
  /** What may be asked of it in braces, and the name of that node type in errors. */
  readonly of?: { readonly type: string; readonly fields: readonly string[] };
}

export interface NodeType<Node> {
  /** As Graph names it in errors: `Page`. */
  readonly name: string;
  /** What is answered when nothing was asked for. */
  readonly defaults: readonly string[];
  readonly fields: Readonly<Record<string, Field<Node>>>;
}

/**
 * @param requested the `fields` parameter; null for the defaults
 * @returns the fields asked for; always with the id
 * @throws GraphError 100 for a field this type does not have, 2500 for what cannot be read
 */
export function selectFields<Node>(
  type: NodeType<Node>,
  node: Node,
  requested: string | null,
): Record<string, unknown> {
  const wanted = requested === null || requested.trim() === '' ? type.defaults.join(',') : requested;
  const selected: Record<string, unknown> = {};
  for (const request of parseFields(wanted)) {
    const field = Object.hasOwn(type.fields, request.name) ? type.fields[request.name] : undefined;
    if (!field) throw unknownField(request.name, type.name);
    const value = field.read(node, request);
    selected[request.name] = request.fields ? pick(value, request.fields, field.of, request.name) : value;
  }
  return { ...selected, id: type.fields.id?.read(node, { name: 'id', modifiers: new Map(), fields: null }) };
}

function pick(value: unknown, requests: readonly FieldRequest[], of: Field<never>['of'], parent: string): unknown {
  const unknown = requests.find(({ name }) => !of?.fields.includes(name));
  if (unknown) throw unknownField(unknown.name, of?.type ?? parent);
  if (Array.isArray(value)) return value.map((item: unknown) => pick(item, requests, of, parent));
  if (typeof value !== 'object' || value === null) return value;
  // Lists and pictures wrap what they hold in `data`.
  if ('data' in value) return { ...value, data: pick(value.data, requests, of, parent) };
  return Object.fromEntries(requests.map(({ name }) => [name, Reflect.get(value, name)]));
}

export function parseFields(text: string): FieldRequest[] {
  const reader = { text, index: 0 };
  const fields = readList(reader);
  if (reader.index < text.length) throw syntaxError(reader);
  return fields;
}

interface Reader {
  readonly text: string;
  index: number;
}

function readList(reader: Reader): FieldRequest[] {
  const fields: FieldRequest[] = [];
  do fields.push(readField(reader));
  while (take(reader, /,/y));
  return fields;
}

function readField(reader: Reader): FieldRequest {
  const name = take(reader, /\s*(\w+)\s*/y);
  if (!name) throw syntaxError(reader);
  const modifiers = new Map<string, string>();
  for (let next = take(reader, MODIFIER); next; next = take(reader, MODIFIER))
    modifiers.set(next[1] ?? '', next[2] ?? '');
  let fields: FieldRequest[] | null = null;
  if (take(reader, /\{/y)) {
    fields = readList(reader);
    if (!take(reader, /\}\s*/y)) throw syntaxError(reader);
  }
  return { name: name[1] ?? '', modifiers, fields };
}

const MODIFIER = /\.(\w+)\(([^()]*)\)\s*/y;

function take(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = reader.index;
  const found = pattern.exec(reader.text);
  if (found) reader.index = pattern.lastIndex;
  return found;
}

function syntaxError({ text, index }: Reader): GraphError {
  return new GraphError(2500, `Syntax error "Expected name." at character ${index}: ${text.slice(0, 200)}`);
}
