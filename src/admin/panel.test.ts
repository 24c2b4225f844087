import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

let bench: PanelBench;
let author: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
}, 60_000);

afterAll(() => bench.close());

describe('a page of the panel', () => {
  it('runs no script without the nonce, loads nothing from elsewhere, and cannot be broken out of by a name', async () => {
    const evil = '</script><script>alert(1)</script>\u2028';
    await bench.ctx.db.user.update({ where: { id: author.id }, data: { name: evil } });
    const page = await bench.ask(author, '/resources/Post');
    await bench.ctx.db.user.update({ where: { id: author.id }, data: { name: author.name } });
    expect(page.status).toBe(200);
    const scripts = page.text.match(/<script\b[^>]*>/g) ?? [];
    expect(scripts.length).toBeGreaterThan(4);
    expect(scripts.filter((tag) => !tag.includes('nonce="bm9uY2U="'))).toEqual([]);
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    expect(page.text).not.toContain('alert(1)</script>');
    expect(page.text).not.toContain('\u2028');
    expect(page.text).toContain('<html lang="en">');
  });

  it('loads scripts and styles that are really there and may be kept', async () => {
    const page = await bench.ask(author, '');
    const addresses = [...page.text.matchAll(/(?:src|href)="\/admin(\/frontend\/assets\/[^"]+)"/g)].map(
      (match) => match[1] ?? '',
    );
    expect(addresses.map((address) => address.replace(/\?.*/, '').split('/').at(-1))).toEqual(
      expect.arrayContaining([
        'app.bundle.js',
        'global.bundle.js',
        'design-system.bundle.js',
        'components.bundle.js',
        'panel.css',
        'favicon.svg',
      ]),
    );
    for (const address of addresses) {
      const asset = await bench.ask(author, address);
      expect(asset.status, address).toBe(200);
      expect(asset.headers.get('cache-control'), address).toContain('immutable');
    }
    const bundle = await bench.ask(author, '/frontend/assets/components.bundle.js');
    expect(bundle.text).toContain('UserComponents.Dashboard');
    expect(bundle.text).toContain('UserComponents.PostComposer');
  });

  it('that does not exist says so in its status', async () => {
    for (const path of [
      '/resources/Nope',
      '/resources/Post/actions/nope',
      '/resources/Post/records/not-an-id/show',
      '/resources/AccountCredential',
      '/pages/nope',
    ]) {
      expect((await bench.ask(author, path)).status, path).toBe(404);
    }
    const action = await bench.ask(author, '/resources/Post/records/01900000-0000-7000-8000-000000000000/publishNow');
    expect(action.status).toBe(302);
  });
});

describe('whatever is typed into an address', () => {
  it.each([
    ['/api/resources/Post/actions/list?filters.nope=1', 400],
    ['/api/resources/Post/actions/list?filters.team.name=1', 400],
    ['/api/resources/Post/actions/list?filters.status=nope', 400],
    ['/api/resources/Post/actions/list?filters.author=nope', 400],
    ['/api/resources/Post/actions/list?filters.id=0190', 400],
    ['/api/resources/Post/actions/list?filters.scheduledAt~~from=yesterday', 400],
    ['/api/resources/Post/actions/list?filters.scheduledAt=2026-01-01', 400],
    ['/api/resources/Post/actions/list?filters.text=%00', 400],
    ['/api/resources/Publication/actions/list?filters.attemptCount=99999999999', 400],
    ['/api/resources/User/actions/list?filters.isActive=perhaps', 400],
    ['/api/resources/Post/actions/list?sortBy=nope', 400],
    ['/api/resources/Post/actions/list?sortBy=author', 400],
    ['/api/resources/Post/actions/list?sortBy=text&sortBy=status', 400],
    ['/api/resources/Post/actions/list?direction=sideways', 400],
    ['/api/resources/Post/actions/list?page=0', 400],
    ['/api/resources/Post/actions/list?page=-1', 400],
    ['/api/resources/Post/actions/list?perPage=many', 400],
    ['/api/resources/Post/records/not-an-id/show', 400],
    ['/api/resources/Post/records/01900000-0000-7000-8000-000000000000/show', 404],
    ['/api/resources/Post/records/01900000-0000-7000-8000-000000000000/nope', 404],
    ['/api/resources/Post/actions/nope', 404],
    ['/api/resources/Post/actions/constructor', 404],
    ['/api/resources/Nope/actions/list', 404],
    ['/api/resources/__proto__/actions/list', 404],
    ['/api/resources/%E0%A4%A/actions/list', 400],
    ['/api/nope', 404],
    ['/api/pages/nope', 404],
  ])('%s is answered with %i and a sentence', async (path, status) => {
    const answer = await bench.ask(author, path);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.text).not.toMatch(/prisma|invocation|node_modules/i);
    if (answer.body.error !== undefined) expect(answer.body.error).toMatch(/^[A-Za-z"].+\.$/);
  });
});

describe('a list', () => {
  beforeAll(async () => {
    for (const text of ['Alpha Fish', 'beta fish', 'Gamma']) {
      await bench.ask(author, '/api/resources/Post/actions/new', { text });
    }
  });

  const texts = async (query: string) => {
    const { body } = await bench.ask(author, `/api/resources/Post/actions/list?${query}`);
    return body.records.map((record: { params: { text: string } }) => record.params.text);
  };

  it('is searched without regard to capitals', async () => {
    expect((await texts('filters.q=FISH')).sort()).toEqual(['Alpha Fish', 'beta fish']);
    const { body } = await bench.ask(author, '/api/resources/Post/actions/search/gamma');
    expect(body.records).toHaveLength(1);
  });

  it('is sorted and cut into pages that do not overlap', async () => {
    const first = await texts('sortBy=scheduledAt&direction=desc&perPage=2');
    const second = await texts('sortBy=scheduledAt&direction=desc&perPage=2&page=2');
    expect([...first, ...second].sort()).toEqual(['Alpha Fish', 'Gamma', 'beta fish']);
    expect(await texts('sortBy=text&direction=asc&perPage=1')).toEqual(['Alpha Fish']);
  });

  it('is filtered by several states at once, and an id of version 7 finds its record', async () => {
    expect(await texts('filters.status=draft,failed')).toHaveLength(3);
    expect(await texts('filters.status=published')).toHaveLength(0);
    const { body } = await bench.ask(author, '/api/resources/Post/actions/list?filters.q=Gamma');
    expect(await texts(`filters.id=${body.records[0].id}`)).toEqual(['Gamma']);
  });
});

describe('a fault of our own', () => {
  it('is a 500 with the request id and nothing of the inside', async () => {
    const broken = await openPanelBench();
    await broken.ctx.db.$executeRaw`ALTER TABLE holds RENAME COLUMN reason TO why`;
    for (const path of ['/api/resources/Hold/actions/list', '/api/standing-orders']) {
      const answer = await broken.ask(broken.author, path);
      expect(answer.status).toBe(500);
      expect(answer.body.error).toContain('request-of-a-test');
      expect(answer.text).not.toMatch(/reason|column|prisma|select|node_modules|\.ts:/i);
    }
    await broken.close();
  });
});
