/**
 * The full model metadata that Prisma 7 no longer carries at run time (see scripts/prisma-metadata-generator.ts), cut
 * down to the columns a resource declares: what is not declared does not exist for AdminJS, in no direction.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FieldMetadata {
  name: string;
  kind: 'scalar' | 'object' | 'enum' | 'unsupported';
  type: string;
  isList: boolean;
  isRequired: boolean;
  isId: boolean;
  isReadOnly: boolean;
  nativeType?: readonly [string, readonly string[]] | null;
  relationName?: string;
  relationFromFields?: readonly string[];
}

export interface ModelMetadata {
  name: string;
  fields: readonly FieldMetadata[];
}

export interface EnumMetadata {
  name: string;
  values: readonly { name: string }[];
}

export interface Datamodel {
  models: readonly ModelMetadata[];
  enums: readonly EnumMetadata[];
}

const FILE = join(import.meta.dirname, '..', '..', 'build', 'prisma-metadata.json');

/** @throws Error that says how to repair it when the file is missing */
export function readDatamodel(): Datamodel {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Datamodel;
  } catch (cause) {
    throw new Error('The model metadata is missing. Run `node scripts/generate-client.ts` (npm ci does it).', {
      cause,
    });
  }
}

/**
 * @param columns the fields that may be known outside, relations by their own name
 * @throws Error for a column the model does not have
 */
export function visibleModel(datamodel: Datamodel, name: string, columns: readonly string[]): ModelMetadata {
  const model = datamodel.models.find((candidate) => candidate.name === name);
  if (model === undefined) throw new Error(`the datamodel has no model ${name}`);
  const unknown = columns.find((column) => !model.fields.some((field) => field.name === column));
  if (unknown !== undefined) throw new Error(`the model ${name} has no field ${unknown}`);
  return { ...model, fields: model.fields.filter((field) => columns.includes(field.name)) };
}

export function enumValues(datamodel: Datamodel, name: string): readonly string[] {
  return datamodel.enums.find((candidate) => candidate.name === name)?.values.map((value) => value.name) ?? [];
}
