import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { claimDue } from '../publishing/claim.ts';
import { writeEvidence } from '../publishing/evidence.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPublication } from '../publishing/publish-publication.ts';
import { publishPostNow } from '../publishing/schedule-post.ts';
import { settle } from '../publishing/settle.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

let bench: PanelBench;
let colleague: Actor;
let superuser: Actor;
let published: string;
const TEXT = 'Zażółć "gęślą"\njaźń 🎉';

beforeAll(async () => {
  bench = await openPanelBench();
  colleague = await bench.person('author');
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...colleague, id: root.id, isSuperuser: true, memberships: [] };
  const post = await createPost(bench.ctx, bench.author, { text: TEXT, accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, post.id);
  const [claim] = await claimDue(bench.ctx, 1);
  if (claim === undefined) throw new Error('one is due');
  await publishPublication(bench.ctx, claim, new AbortController().signal);
  published = claim.publicationId;
}, 60_000);
afterAll(() => bench.close());

const download = (person: Actor | null, id = published) => bench.ask(person, `/api/evidence/${id}`);
const page = async (person: Actor) =>
  (await bench.ask(person, `/api/resources/Publication/records/${published}/show`)).body.record.details;

describe('the evidence of a published publication', () => {
  it('is on its page: what, where, by whom, when, and that nothing was changed', async () => {
    const { evidence } = await page(bench.author);
    const [entry] = await bench.ledger();
    expect(evidence).toMatchObject({
      intact: true,
      attemptNumber: 1,
      author: bench.author.name,
      approver: null,
      document: { text: TEXT, externalId: entry?.id, account: { displayName: bench.account.displayName } },
    });
    expect(evidence.document.sentAt).toMatch(/T\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(evidence.document.api.version).toMatch(/^20\d{4}$/);
  });

  it('can be downloaded and checked by anybody with nothing but sha256', async () => {
    const answer = await download(bench.author);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="evidence-${published}.json"`);
    expect(answer.body).toMatchObject({ document: { text: TEXT }, intact: true });
    const verbatim = /"document":(.*),"sha256":/s.exec(answer.text)?.[1] ?? '';
    expect(createHash('sha256').update(verbatim).digest('hex')).toBe(answer.body.sha256);
  });

  it('is taken out on record', async () => {
    const where = { action: 'audit.exported', actorId: superuser.id };
    await download(superuser);
    const events = await bench.ctx.db.auditEvent.findMany({ where });
    expect(events).toMatchObject([
      { entity: 'Publication', entityId: published, teamId: bench.teamId, metadata: { intact: true } },
    ]);
  });

  it('is not taken out, nor on record as taken, when another site sends the browser here', async () => {
    const before = await bench.ctx.db.auditEvent.count();
    const from = (site: string) =>
      bench.send(bench.author, `/api/evidence/${published}`, { headers: { 'sec-fetch-site': site } });
    for (const site of ['cross-site', 'same-site']) {
      const refused = await from(site);
      expect(refused.status).toBe(403);
      expect(refused.body.error).toContain('Open the publication in the panel');
    }
    expect(await bench.ctx.db.auditEvent.count()).toBe(before);
    // A link of the panel, and an address that was typed.
    for (const site of ['same-origin', 'none']) expect((await from(site)).status).toBe(200);
  });

  it('is not there for those who may not see the publication, nor on record as taken', async () => {
    const before = await bench.ctx.db.auditEvent.count({ where: { action: 'audit.exported' } });
    expect((await download(null)).status).toBe(401);
    const foreign = await download(colleague);
    const unknown = await download(colleague, '01900000-0000-7000-8000-000000000000');
    expect(foreign.status).toBe(404);
    expect(foreign.body).toEqual(unknown.body);
    expect((await download(bench.author, 'nonsense')).status).toBe(404);
    expect((await bench.ask(bench.author, `/api/evidence/${published}`, {})).status).toBe(404);
    expect(await bench.ctx.db.auditEvent.count({ where: { action: 'audit.exported' } })).toBe(before);
  });

  it('does not exist before the publication is out, and the answer says so', async () => {
    const post = await createPost(bench.ctx, bench.author, { text: 'later', accounts: [bench.account.id] });
    const { id } = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    const answer = await download(bench.author, id);
    expect(answer.status).toBe(404);
    expect(answer.body.error).toContain('no platform has accepted it');
  });

  for (const [which, idOf] of [
    ['another post', () => 'urn:li:share:4711'],
    ['the very same post', (own: string) => own],
  ] as const) {
    it(`stays that of the id on record when an earlier attempt answers late, and names ${which}`, async () => {
      const { db } = bench.ctx;
      const { evidence: before } = await page(bench.author);
      const publication = await db.publication.findUniqueOrThrow({ where: { id: published } });
      const first = await db.publishAttempt.findFirstOrThrow({ where: { publicationId: published } });
      const { id: attemptId } = await db.publishAttempt.create({
        data: {
          publicationId: published,
          number: (await db.publishAttempt.count({ where: { publicationId: published } })) + 1,
          state: 'absent',
          fence: 0,
          sentAt: first.sentAt,
          frozen: { ...(first.frozen as object), text: 'An earlier text' },
        },
      });
      const externalId = idOf(publication.externalId ?? '');
      const permalink = `https://www.linkedin.com/feed/update/${externalId}/`;
      const claim = { publicationId: published, postId: publication.postId, attemptId, fence: 0 };
      const answer = { kind: 'accepted', httpStatus: 201, externalId, permalink } as const;
      await settle(bench.ctx, claim, answer, new Date(), new AbortController().signal);
      expect(await db.publicationEvidence.count({ where: { attemptId } })).toBe(1);

      expect((await page(bench.author)).evidence).toEqual(before);
      expect((await download(bench.author)).body).toMatchObject({
        document: { text: TEXT, externalId: publication.externalId },
        intact: true,
      });
    });
  }

  it('of the first version, whose images had no descriptions, can still be downloaded and checked', async () => {
    const { db } = bench.ctx;
    const post = await createPost(bench.ctx, bench.author, { text: 'of old', accounts: [bench.account.id] });
    const { id: publicationId } = await db.publication.findFirstOrThrow({ where: { postId: post.id } });
    const media = ['a'.repeat(64), 'b'.repeat(64)];
    const frozen = { publicationId, text: 'of old', media, authorId: bench.author.id, approverId: null };
    const attempt = await db.publishAttempt.create({
      data: { publicationId, number: 1, state: 'acked', fence: 1, sentAt: new Date(), frozen },
    });
    const acceptance = { httpStatus: 201, externalId: 'x', permalink: 'https://a.example/x', acceptedAt: new Date() };
    await db.$transaction((tx) => writeEvidence(tx, attempt, acceptance));
    await db.publication.update({ where: { id: publicationId }, data: { externalId: acceptance.externalId } });
    const answer = await download(bench.author, publicationId);
    expect(answer.body).toMatchObject({ document: { media }, intact: true });
    expect(answer.body.document.version).toBeUndefined();
    const verbatim = /"document":(.*),"sha256":/s.exec(answer.text)?.[1] ?? '';
    expect(createHash('sha256').update(verbatim).digest('hex')).toBe(answer.body.sha256);
  });

  it('that somebody with the database in hand changed is shown as changed', async () => {
    const { db } = bench.ctx;
    await db.$executeRaw`ALTER TABLE publication_evidence DISABLE TRIGGER publication_evidence_keep`;
    await db.$executeRaw`UPDATE publication_evidence SET document = jsonb_set(document, '{text}', '"I never said that"')`;
    await db.$executeRaw`ALTER TABLE publication_evidence ENABLE TRIGGER publication_evidence_keep`;
    const { evidence } = await page(bench.author);
    expect(evidence).toMatchObject({ intact: false, document: { text: 'I never said that' } });
    expect(evidence.computed).not.toBe(evidence.sha256);
    expect((await download(bench.author)).body).toMatchObject({ intact: false, sha256: evidence.sha256 });
  });
});
