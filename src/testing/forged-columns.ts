/** What a forged request would send: a value for every stored column that is no field of the form. */
import { readDatamodel } from '../admin/model-metadata.ts';
import type { ResourceName } from '../domain/access.ts';

const ENUM_VALUES: Readonly<Record<string, string>> = {
  PostStatus: 'published',
  TeamRole: 'manager',
  LatePolicy: 'send',
  HoldScope: 'everything',
  Platform: 'x',
};

const OTHER_VALUES: Readonly<Record<string, unknown>> = {
  Boolean: true,
  DateTime: '2001-01-01T00:00:00.000Z',
  Int: 7,
  String: 'forged@example.com',
};

/**
 * @param fields of the form: these are left out, since they may be changed
 * @param ids of rows that really exist, so that no foreign key stands in the way
 */
export function forgedColumns(
  resource: ResourceName,
  fields: readonly string[],
  ids: { id: string; Team: string; User: string },
): Record<string, unknown> {
  const model = readDatamodel().models.find(({ name }) => name === resource);
  if (model === undefined) throw new Error(`no model ${resource}`);
  const target = new Map(
    model.fields.flatMap(({ relationFromFields, type }) => (relationFromFields ?? []).map((name) => [name, type])),
  );
  return Object.fromEntries(
    model.fields
      .filter(({ kind, isList, name }) => kind !== 'object' && !isList && !fields.includes(name.replace(/Id$/, '')))
      .filter(({ name }) => !fields.includes(name))
      .map(({ name, kind, type }) => {
        const points = target.get(name);
        if (name === 'id') return [name, ids.id];
        if (points === 'Team' || points === 'User') return [name, ids[points]];
        return [name, kind === 'enum' ? ENUM_VALUES[type] : OTHER_VALUES[type]];
      }),
  );
}
