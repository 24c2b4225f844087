/**
 * A Prisma generator that writes the full model metadata (DMMF) to build/prisma-metadata.json.
 *
 * Why: Prisma 7 prunes `Prisma.dmmf` at run time (no ids, no relations, no enum values), and @adminjs/prisma cannot
 * work without them. Generators still receive everything, so we keep a copy. Run by `prisma generate`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import helper from '@prisma/generator-helper';

const target = join(import.meta.dirname, '..', 'build', 'prisma-metadata.json');

helper.generatorHandler({
  onManifest: () => ({ prettyName: 'model metadata for the panel', defaultOutput: target }),
  onGenerate: async ({ dmmf }) => {
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, JSON.stringify(dmmf.datamodel));
  },
});
