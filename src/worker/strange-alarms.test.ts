import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import { reportStrangeAlarms } from './strange-alarms.ts';

const ID = '01900000-0000-7000-8000-00000000000a';
const OTHER = '01900000-0000-7000-8000-00000000000b';

async function told(data: unknown): Promise<Record<string, unknown>> {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const db = { publication: { findMany: async () => [] } } as unknown as AppContext['db'];
  await reportStrangeAlarms({ db, log }, [{ id: 'job', data }]);
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? '');
}

it.each([
  { publicationId: ID },
  { publicationId: ID, generation: 'one' },
  { account: OTHER, publicationId: ID },
  { id: ID },
  { post: { publication: [ID] } },
  [ID],
  `publication ${ID.toUpperCase()}`,
])('the publication is named, wherever it stands in %j', async (data) => {
  expect(await told(data)).toMatchObject({ jobId: 'job', publicationId: ID });
});

it.each([
  [null, 'null'],
  [[], '[]'],
  ['text', '"text"'],
  [5, '5'],
  [undefined, 'undefined'],
  [{ publicationId: 'not-a-uuid', generation: 'x' }, '{"publicationId":"not-a-uuid","generation":"x"}'],
  [{ publicationId: { $ne: 1 } }, '{"publicationId":{"$ne":1}}'],
])('where none is named, %j is told as it is', async (data, payload) => {
  expect(await told(data)).toMatchObject({ jobId: 'job', publicationId: null, payload });
});

it('what is long is told in short', async () => {
  const { payload } = await told({ text: 'x'.repeat(100_000) });
  expect(payload).toMatch(/^\{"text":"x{100,300}…$/);
});
