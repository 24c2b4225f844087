/**
 * node bench/audit.ts [events]
 * How the audit behaves with many events (a million unless said otherwise): fills an embedded database of its own, starts
 * the product on it, and asks for lists, exports and verification as a browser would. Needs about 3 GB of disk for a million.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type RunningProduct, SUPERUSER, startProduct } from '../e2e/running-product.ts';
import { sealAuditChain } from '../src/audit/seal-chain.ts';
import { connectDatabase, type Database } from '../src/database/client.ts';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts';
import { migrate } from '../src/database/migrate.ts';
import { Visitor } from '../src/testing/visitor.ts';

const count = Number(process.argv[2] ?? 1_000_000);
/** What the product's memory has to do with. */
const HEAP_MB = 256;
const log = pino({ level: 'silent' });

const dataDir = await mkdtemp(join(tmpdir(), 'audit-bench-'));
const server = await startEmbeddedPostgres({ dataDir, log, durable: false });
try {
  await migrate(server.url, log);
  const db = await connectDatabase(server.url);
  await timed(`${count.toLocaleString('en')} events written`, () => fill(db));
  await timed('sealed', async () => {
    while ((await sealAuditChain(db)) > 0);
  });
  await db.$executeRawUnsafe('VACUUM ANALYZE audit_events');
  const about = await oneOfEach(db);
  await db.$disconnect();
  const product = await startProduct({
    DATABASE_URL: server.url,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
  });
  try {
    await measure(product, about);
  } finally {
    await product.stop();
  }
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** Fifty people in ten teams, an event every half minute, each with a sentence and a few ids. */
async function fill(db: Database): Promise<void> {
  await db.$executeRaw`INSERT INTO users (id, email, name, updated_at) SELECT gen_random_uuid(), 'u' || g || '@example.com', 'User ' || g, now() FROM generate_series(1, 50) g`;
  await db.$executeRaw`INSERT INTO teams (id, name, updated_at) SELECT gen_random_uuid(), 'Team ' || g, now() FROM generate_series(1, 10) g`;
  await db.$executeRaw`
    WITH people AS (SELECT array_agg(id) AS ids FROM users), groups AS (SELECT array_agg(id) AS ids FROM teams)
    INSERT INTO audit_events (id, actor_id, action, entity, entity_id, team_id, metadata, occurred_at)
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(g::text), 1, 20))::uuid,
      CASE WHEN g % 3 = 0 THEN NULL ELSE people.ids[1 + g % 50] END,
      (ARRAY['post.created', 'post.edited', 'post.scheduled', 'publication.sent', 'publication.published', 'user.signed_in', 'account.refreshed', 'publication.retrying'])[1 + g % 8],
      (ARRAY['Post', 'Post', 'Post', 'Publication', 'Publication', 'User', 'ConnectedAccount', 'Publication'])[1 + g % 8],
      md5((g / 10)::text)::uuid::text, groups.ids[1 + g % 10],
      jsonb_build_object('text', 'A post about our product launch number ' || g || ' and what it means for customers', 'scheduledAt', at::text,
        'accounts', jsonb_build_array(md5(g::text)::uuid, md5((g + 1)::text)::uuid)),
      at
    FROM people, groups, generate_series(1, ${count}::int) g, LATERAL (SELECT '2025-01-01'::timestamptz + g * interval '31 seconds' AS at) moment`;
}

interface About {
  actorId: string;
  teamId: string;
  entityId: string;
}

async function oneOfEach(db: Database): Promise<About> {
  const { actorId, teamId, entityId } = await db.auditEvent.findFirstOrThrow({ where: { actorId: { not: null } } });
  return { actorId: actorId ?? '', teamId: teamId ?? '', entityId: entityId ?? '' };
}

async function measure(product: RunningProduct, { actorId, teamId, entityId }: About): Promise<void> {
  const visitor = new Visitor(product.url, product.url);
  await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
  const month = 'filters.occurredAt~~from=2025-03-01T00:00:00Z&filters.occurredAt~~to=2025-04-01T00:00:00Z';
  const rare = `filters.q=number%20${Math.round(count * 0.777)}%20`;
  const lists: [string, string][] = [
    ['newest page', ''],
    ['page 400', 'page=400'],
    ['by person', `filters.actor=${actorId}`],
    ['by action', 'filters.action=account.refreshed'],
    ['by kind of record', 'filters.entity=Publication'],
    ['by record', `filters.entityId=${entityId}`],
    ['a team in a month', `filters.team=${teamId}&${month}`],
    ['a frequent word', 'filters.q=customers'],
    ['a rare word', rare],
    ['a rare word in a month', `${rare}&${month}`],
    ['a rare word of a person', `${rare}&filters.actor=${actorId}`],
    ['sorted by action', 'sortBy=action'],
  ];
  for (const [name, query] of lists) {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const began = performance.now();
      const { status } = await visitor.get(`/admin/api/resources/AuditEvent/actions/list?${query}`, {
        accept: 'application/json',
      });
      if (status !== 200) throw new Error(`${name}: ${status}`);
      times.push(performance.now() - began);
    }
    console.log(`${name}: ${times.map((ms) => Math.round(ms)).join(' ')} ms`);
  }
  for (const format of ['csv', 'json']) await timed(`export as ${format}`, () => download(product, visitor, format));
  await timed('verified', async () => {
    const { text } = await visitor.post('/admin/api/resources/AuditEvent/actions/verify');
    if (!text.includes('"intact":true')) throw new Error(text);
  });
}

/** Read as it comes and thrown away. */
async function download(product: RunningProduct, visitor: Visitor, format: string): Promise<void> {
  const answer = await fetch(`${product.url}/admin/api/resources/AuditEvent/actions/export`, {
    method: 'POST',
    headers: {
      cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: `format=${format}`,
  });
  let bytes = 0;
  for await (const chunk of answer.body ?? []) bytes += chunk.length;
  console.log(`${format}: ${answer.status}, ${Math.round(bytes / 1_000_000)} MB, within a heap of ${HEAP_MB} MB`);
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  await work();
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
