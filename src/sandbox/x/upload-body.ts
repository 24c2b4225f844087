/** The two ways an upload may come: fields of a multipart form, or JSON with the bytes in base64. */
import type { Request } from 'express';
import { z } from 'zod';
import { invalidRequest } from './problem.ts';
import { readJson, readValue } from './request-rules.ts';
import type { XContext } from './x-context.ts';

/** Bytes: a file of the form, or base64. */
export const mediaBytes = z.union(
  [z.instanceof(Buffer), z.base64().transform((text) => Buffer.from(text, 'base64'))],
  'is neither a file nor base64',
);

/** A whole number, as JSON's number or a form's text. */
export function wholeNumber(least: number, most: number) {
  const words = `must be a whole number from ${least} to ${most}`;
  return z
    .union(
      [
        z.int(),
        z
          .string()
          .regex(/^\d{1,9}$/)
          .transform(Number),
      ],
      words,
    )
    .refine((value) => value >= least && value <= most, words);
}

/**
 * Reads an upload's body, which the raw parser kept as bytes.
 * @throws ApiError 400 for a body of another type, that cannot be read, or that does not fit the schema
 */
export async function readUpload<Output>(
  context: XContext,
  request: Request,
  schema: z.ZodType<Output>,
): Promise<Output> {
  const bytes: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const type = request.get('content-type') ?? '';
  if (!/^multipart\/form-data *;/i.test(type)) return readJson(context, request, bytes.toString('utf8'), schema);
  return readValue(context, await readForm(context, bytes, type), schema);
}

async function readForm(context: XContext, bytes: Buffer, type: string): Promise<Record<string, unknown>> {
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  } catch (cause) {
    const message = `The multipart form cannot be read: ${cause instanceof Error ? cause.message : 'it is damaged'}`;
    throw invalidRequest(context.options.fieldNames, message);
  }
  const fields: Record<string, unknown> = {};
  for (const [name, value] of form) {
    if (name in fields) throw invalidRequest(context.options.fieldNames, `The field ${name} is given twice.`);
    fields[name] = typeof value === 'string' ? value : Buffer.from(await value.arrayBuffer());
  }
  return fields;
}
