import { describe, expect, it } from 'vitest';
import { connect, createPost, ledger, postBody, requests, sandboxForTest, setFault } from './linkedin/test-client.ts';

describe('the feed', () => {
  it.each(['/', '/linkedin'])('shows at %s what was published, newest first, each with an anchor', async (path) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const ids = [];
    for (const text of ['first \\<b\\>', 'second \\(really\\)', 'third (cut)'])
      ids.push((await createPost(sandbox, token, postBody(text))).headers.get('x-restli-id'));
    const response = await fetch(`${sandbox.url}${path}`);
    const page = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
    const positions = ids.map((id) => page.indexOf(`id="${id}"`));
    expect(positions.every((position) => position > 0)).toBe(true);
    expect([...positions].sort((a, b) => b - a)).toEqual(positions);
    expect(page).toContain('first &#60;b&#62;');
    expect(page).toContain('second (really)');
    expect(page).toContain('was not escaped');
    expect(page).not.toMatch(/<script(?![^>]* src="\/sandbox\/)| style="| on[a-z]+="/i);
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it('serves its own style, script and icon, and loads nothing else', async () => {
    const sandbox = await sandboxForTest();
    for (const [name, type] of [
      ['sandbox.css', 'text/css'],
      ['feed.js', 'text/javascript'],
      ['icon.svg', 'image/svg+xml'],
    ]) {
      const response = await fetch(`${sandbox.url}/sandbox/assets/${name}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining(type ?? ''),
      ]);
    }
  });

  it('refreshes its parts: posts and switches', async () => {
    const sandbox = await sandboxForTest();
    const part = async (name: string) => (await fetch(`${sandbox.url}/sandbox/parts/${name}?platform=linkedin`)).text();
    expect(await part('posts')).toContain('Nothing yet');
    await createPost(sandbox, await connect(sandbox), postBody('hello'));
    expect(await part('posts')).toContain('hello');
    await setFault(sandbox, 'slow', { times: 3 });
    expect(await part('switches')).toContain('(3 more)');
  });

  it('refuses an unknown platform, an unknown path and an unreadable URL in words', async () => {
    const sandbox = await sandboxForTest();
    expect((await fetch(`${sandbox.url}/sandbox/ledger?platform=myspace`)).status).toBe(400);
    expect((await fetch(`${sandbox.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${sandbox.url}/linkedin/rest/posts/%E0%A4%A`)).status).toBe(400);
  });

  it('forgets on reset, and keeps connections when told to', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const reset = (body: object) =>
      fetch(`${sandbox.url}/sandbox/reset`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await createPost(sandbox, token, postBody('x'));
    await setFault(sandbox, '429');
    expect((await reset({ keepConnections: true })).status).toBe(200);
    expect([await ledger(sandbox), await requests(sandbox)]).toEqual([[], []]);
    expect((await createPost(sandbox, token, postBody('x'))).status).toBe(201);
    expect((await reset({})).status).toBe(200);
    expect((await createPost(sandbox, token, postBody('x'))).status).toBe(401);
    expect((await reset({ keepConnections: 'yes' })).status).toBe(400);
  });
});
