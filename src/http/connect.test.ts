import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TeamRole } from '../domain/access.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { hashPassword } from '../identity/password.ts';
import { type AccountCandidate, ConnectError, type PlatformAdapter } from '../platforms/platform.ts';
import { consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const AMARA = 'aMr4OkF0r1';
const PASSWORD = 'correct horse battery';
const ACCOUNTS = '/admin/resources/ConnectedAccount';

/** A platform where one consent gives several accounts; none that exists yet does. */
let pages: AccountCandidate[] = [];
const page = (externalId: string, displayName: string): AccountCandidate => ({
  externalId,
  kind: 'page',
  displayName,
  profileUrl: null,
  email: null,
  grant: null,
});
const facebook: PlatformAdapter = {
  platform: 'facebook',
  sandboxed: false,
  requiredScopes: ['pages_manage_posts'],
  connector: {
    authorizeUrl: ({ redirectUri, state }) =>
      `https://facebook.example/dialog?${new URLSearchParams({ redirect_uri: redirectUri, state })}`,
    exchangeCode: async ({ code }) => {
      if (code !== 'good')
        throw new ConnectError('code-refused', 'Facebook did not accept the confirmation.', { dead: true });
      return {
        accessToken: 'page-token-canary',
        accessTokenExpiresAt: null,
        refreshToken: null,
        refreshTokenExpiresAt: null,
        scopes: ['pages_manage_posts'],
      };
    },
    candidates: async () => pages,
  },
  publisher: {
    prepare: () => expect.unreachable(),
    send: async () => {
      throw new Error('nothing is published here');
    },
  },
};

let server: TestServer;
let teamId: string;
let otherTeamId: string;
let passwordHash: string;

beforeAll(async () => {
  server = await startTestServer({
    withSandbox: true,
    environment: { SUPERUSER_EMAIL: 'sue@example.com', SUPERUSER_PASSWORD: PASSWORD },
    platforms: { facebook },
  });
  await ensureFirstSuperuser(server.ctx);
  passwordHash = await hashPassword(PASSWORD);
});
afterAll(() => server.close());

beforeEach(async () => {
  const { db } = server.ctx;
  await db.accountCredential.deleteMany();
  await db.connectedAccount.deleteMany();
  const name = () => `Team ${Math.random()}`;
  teamId = (await db.team.create({ data: { name: name() } })).id;
  otherTeamId = (await db.team.create({ data: { name: name() } })).id;
});

let people = 0;
async function member(role: TeamRole, teams: string[] = [teamId]): Promise<{ id: string; visitor: Visitor }> {
  const email = `person${people++}@example.com`;
  const { id } = await server.ctx.db.user.create({
    data: {
      email,
      name: email,
      credential: { create: { passwordHash } },
      memberships: { create: teams.map((team) => ({ teamId: team, role })) },
    },
  });
  const visitor = server.visitor();
  await visitor.signIn(email, PASSWORD);
  return { id, visitor };
}

/** Starts at /connect and agrees at LinkedIn. @returns where LinkedIn sends the browser back to */
async function consent(
  visitor: Visitor,
  path = `/connect/linkedin?team=${teamId}`,
  change: Record<string, string> = {},
): Promise<string> {
  const start = await visitor.get(path);
  expect(start.status).toBe(302);
  return consentAs(start.location ?? '', AMARA, change);
}

async function stateFor(visitor: Visitor, path = `/connect/facebook?team=${teamId}`): Promise<string> {
  return new URL((await visitor.get(path)).location ?? '').searchParams.get('state') ?? '';
}

const accounts = () => server.ctx.db.connectedAccount.findMany({ where: { teamId } });

describe('starting', () => {
  test('needs somebody signed in', async () => {
    const answer = await server.visitor().get(`/connect/linkedin?team=${teamId}`);
    expect([answer.status, answer.location]).toEqual([302, '/login']);
  });

  test('goes to the platform with our one address and a state, and changes nothing', async () => {
    const { visitor } = await member('manager');
    const answer = await visitor.get(`/connect/linkedin?team=${teamId}`);
    const query = new URL(answer.location ?? '').searchParams;
    expect(query.get('redirect_uri')).toBe(`${server.url}/connect/linkedin/callback`);
    expect(query.get('state')).toMatch(/^[\w-]{43}$/);
    expect(await accounts()).toEqual([]);
  });

  test.each(['unknown', 'foreign', 'malformed'])('for an %s team is a 404', async (kind) => {
    const { visitor } = await member('manager');
    const team =
      { unknown: '00000000-0000-7000-8000-000000000000', foreign: otherTeamId, malformed: "x' OR 1=1" }[kind] ?? '';
    const answer = await visitor.get(`/connect/linkedin?team=${encodeURIComponent(team)}`);
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('There is no such team');
  });

  test('for an unknown or unavailable platform is a 404 that says why', async () => {
    const { visitor } = await member('manager');
    expect((await visitor.get(`/connect/myspace?team=${teamId}`)).status).toBe(404);
    const answer = await visitor.get(`/connect/x?team=${teamId}`);
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('X_CLIENT_ID');
  });

  test('without a team takes the only one, and asks somebody who has several', async () => {
    const { visitor } = await member('author');
    expect((await visitor.get(await consent(visitor, '/connect/linkedin'))).location).toBe(ACCOUNTS);
    expect(await accounts()).toHaveLength(1);
    const { visitor: both } = await member('author', [teamId, otherTeamId]);
    expect((await both.get('/connect/linkedin')).status).toBe(400);
  });
});

describe('coming back with one account', () => {
  test('connects it for the team when a manager or superuser did it', async () => {
    const { id, visitor } = await member('manager');
    const answer = await visitor.get(await consent(visitor));
    expect([answer.status, answer.location]).toEqual([302, ACCOUNTS]);
    expect(await accounts()).toMatchObject([
      {
        platform: 'linkedin',
        externalId: AMARA,
        displayName: 'Amara Okafor',
        status: 'active',
        ownerId: null,
        connectedById: id,
      },
    ]);
    expect(await server.ctx.db.accountCredential.count()).toBe(1);

    const sue = server.visitor();
    await sue.signIn('sue@example.com', PASSWORD);
    await sue.get(await consent(sue, `/connect/linkedin?team=${otherTeamId}`));
    expect(await server.ctx.db.connectedAccount.findMany({ where: { teamId: otherTeamId } })).toMatchObject([
      { ownerId: null },
    ]);
  });

  test.each(['author', 'approver'] as const)('connects it for himself when an %s did it', async (role) => {
    const { id, visitor } = await member(role);
    expect((await visitor.get(await consent(visitor))).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ ownerId: id }]);
  });

  test('again renews the same account, and releases what waited for it', async () => {
    const { id, visitor } = await member('manager');
    await visitor.get(await consent(visitor));
    const [before] = await accounts();
    await server.ctx.db.connectedAccount.updateMany({ where: { teamId }, data: { status: 'reconnect_required' } });
    await visitor.get(await consent(visitor));
    expect(await accounts()).toMatchObject([{ id: before?.id, status: 'active', connectedById: id }]);
  });
});

describe('coming back otherwise saves nothing', () => {
  test('without consent', async () => {
    const { visitor } = await member('manager');
    const answer = await visitor.get(await consent(visitor, undefined, { sandbox_decision: 'cancel' }));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('You cancelled at LinkedIn');
    expect(await accounts()).toEqual([]);
  });

  test('without the permission to publish', async () => {
    const { visitor } = await member('manager');
    const answer = await visitor.get(await consent(visitor, undefined, { scope: 'openid profile email' }));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('w_member_social');
    expect(await accounts()).toEqual([]);
  });

  test('a second time', async () => {
    const { visitor } = await member('manager');
    const back = await consent(visitor);
    expect((await visitor.get(back)).status).toBe(302);
    const again = await visitor.get(back);
    expect(again.status).toBe(400);
    expect(again.text).toContain('used already');
    expect(await accounts()).toHaveLength(1);
  });

  test('with a code that was used already', async () => {
    const { visitor } = await member('manager');
    const used = new URL(await consent(visitor));
    await visitor.get(used.href);
    await server.ctx.db.connectedAccount.deleteMany();
    const fresh =
      new URL((await visitor.get(`/connect/linkedin?team=${teamId}`)).location ?? '').searchParams.get('state') ?? '';
    used.searchParams.set('state', fresh);
    const answer = await visitor.get(used.href);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Nothing was saved');
    expect(await accounts()).toEqual([]);
  });

  test('after ten minutes, in another browser, for another platform, or as a sign-in', async () => {
    const { visitor } = await member('manager');
    const { visitor: other } = await member('manager');
    const late = await consent(visitor);
    expect((await other.get(late)).status).toBe(400);
    const state = new URL(late).searchParams.get('state') ?? '';
    expect((await visitor.get(`/auth/linkedin/callback?code=x&state=${state}`)).status).toBe(400);
    const elsewhere = await consent(visitor);
    expect((await visitor.get(elsewhere.replace('/connect/linkedin/', '/connect/facebook/'))).status).toBe(400);
    const slow = await consent(visitor);
    server.clock.advance(10 * 60_000 + 1);
    expect((await visitor.get(slow)).status).toBe(400);
    expect(await accounts()).toEqual([]);
  });

  test('when he has left the team meanwhile', async () => {
    const { id, visitor } = await member('manager');
    const back = await consent(visitor);
    await server.ctx.db.membership.deleteMany({ where: { userId: id } });
    expect((await visitor.get(back)).status).toBe(404);
    expect(await accounts()).toEqual([]);
  });

  test('with nonsense in the address', async () => {
    const { visitor } = await member('manager');
    for (const query of ['', '?code=x', '?state=x', '?code=x&state=y', '?error=%00'])
      expect((await visitor.get(`/connect/linkedin/callback${query}`)).status).toBe(400);
  });
});

describe('connecting an account again', () => {
  const stored = async () => ({
    accounts: await server.ctx.db.connectedAccount.findMany({ orderBy: { id: 'asc' } }),
    credentials: await server.ctx.db.accountCredential.findMany({ orderBy: { accountId: 'asc' } }),
  });
  const again = (id: string | undefined, platform = 'linkedin') =>
    `/connect/${platform}?team=${teamId}&renew=1&account=${id}`;

  test('as the same person renews it', async () => {
    const { visitor } = await member('manager');
    await visitor.get(await consent(visitor));
    const [before] = await accounts();
    await server.ctx.db.connectedAccount.updateMany({ data: { status: 'reconnect_required' } });
    expect((await visitor.get(await consent(visitor, again(before?.id)))).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ id: before?.id, status: 'active' }]);
  });

  test('as somebody else changes nothing, and says who came and who was expected', async () => {
    const { visitor } = await member('manager');
    await visitor.get(await consent(visitor));
    await server.ctx.db.connectedAccount.updateMany({ data: { status: 'reconnect_required' } });
    const before = await stored();
    const back = await consent(visitor, again(before.accounts[0]?.id), {
      sandbox_member: 'jonas.lindqvist@example.com',
    });
    const answer = await visitor.get(back);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(
      'You signed in as Jonas Lindqvist, but this connection belongs to Amara Okafor. Nothing was changed. Sign in at LinkedIn as Amara Okafor, then try again.',
    );
    expect(answer.text).toContain(`&amp;renew=1&amp;account=${before.accounts[0]?.id}`);
    expect(await stored()).toEqual(before);
  });

  test('of a Page among several renews that one without asking which', async () => {
    pages = [page('1', 'Coffee')];
    const { visitor } = await member('manager');
    const arrive = async (path?: string) =>
      visitor.get(`/connect/facebook/callback?code=good&state=${await stateFor(visitor, path)}`);
    await arrive();
    const [coffee] = await accounts();
    pages = [page('2', 'Library'), page('1', 'Coffee')];
    expect((await arrive(again(coffee?.id, 'facebook'))).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ id: coffee?.id, externalId: '1' }]);

    const before = await stored();
    pages = [page('2', 'Library'), page('3', 'Theatre')];
    expect((await arrive(again(coffee?.id, 'facebook'))).text).toContain(
      'Facebook gave access to Library and Theatre, but this connection is for the Page Coffee. Nothing was changed.',
    );
    pages = [];
    expect((await arrive(again(coffee?.id, 'facebook'))).text).toContain('gave access to no Page');
    expect(await stored()).toEqual(before);
  });

  test('is refused for one of another team or platform, and for what is no account', async () => {
    const { visitor } = await member('manager', [teamId, otherTeamId]);
    await visitor.get(await consent(visitor, `/connect/linkedin?team=${otherTeamId}`));
    const { id } = await server.ctx.db.connectedAccount.findFirstOrThrow();
    expect((await visitor.get(again(id))).status).toBe(404);
    expect((await visitor.get(`/connect/facebook?team=${otherTeamId}&renew=1&account=${id}`)).status).toBe(404);
    expect((await visitor.get(again("x' OR 1=1"))).status).toBe(404);
  });
});

describe('coming back with several accounts', () => {
  const arrive = async (visitor: Visitor, code = 'good') =>
    visitor.get(`/connect/facebook/callback?code=${code}&state=${await stateFor(visitor)}`);
  const pendingIn = (text: string) => /name="pending" value="([^"]+)"/.exec(text)?.[1] ?? '';

  test('asks which one, and connects that', async () => {
    pages = [page('1', 'Coffee & <Cake>'), page('2', 'Library')];
    const { visitor } = await member('manager');
    const asked = await arrive(visitor);
    expect(asked.status).toBe(200);
    expect(asked.text).toContain('Coffee &amp; &lt;Cake&gt;');
    expect(await accounts()).toEqual([]);
    expect(JSON.stringify(await server.ctx.db.session.findMany())).not.toContain('page-token-canary');

    const pending = pendingIn(asked.text);
    const wrong = await visitor.post('/connect/facebook/choice', { pending, account: '3' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('Choose at least one of these accounts.');
    const chosen = await visitor.post('/connect/facebook/choice', { pending, account: '2' });
    expect([chosen.status, chosen.location]).toEqual([303, ACCOUNTS]);
    expect(await accounts()).toMatchObject([
      { platform: 'facebook', externalId: '2', displayName: 'Library', kind: 'page' },
    ]);
    expect((await visitor.post('/connect/facebook/choice', { pending, account: '1' })).status).toBe(400);
  });

  test('shows one that may not be published to, with the reason, and never connects it', async () => {
    const locked = { ...page('3', 'Cycling club'), cannotPublish: 'Ask for the task “Content”.' };
    pages = [page('1', 'Coffee'), page('2', 'Library'), locked];
    const { visitor } = await member('manager');
    const asked = await arrive(visitor);
    expect(asked.text).toMatch(/value="3" disabled>.*Cycling club.*Ask for the task “Content”\./);
    expect(asked.text).not.toMatch(/value="[12]" disabled/);
    const pending = pendingIn(asked.text);
    expect((await visitor.post('/connect/facebook/choice', { pending, account: '3' })).status).toBe(400);
    expect(await accounts()).toEqual([]);
    // With one that may be, there is nothing to choose.
    pages = [page('1', 'Coffee'), locked];
    expect((await arrive(visitor)).location).toBe(ACCOUNTS);
    const connected = await accounts();
    expect(connected).toMatchObject([{ externalId: '1' }]);

    const again = `/connect/facebook?team=${teamId}&renew=1&account=${connected[0]?.id}`;
    pages = [page('2', 'Library'), { ...locked, externalId: '1', displayName: 'Coffee' }];
    const back = await visitor.get(`/connect/facebook/callback?code=good&state=${await stateFor(visitor, again)}`);
    expect(back.status).toBe(400);
    expect(back.text).toContain('Ask for the task “Content”. Nothing was changed.');
    expect(await accounts()).toEqual(connected);
  });

  test('an answer from another browser or too late connects nothing', async () => {
    pages = [page('1', 'Coffee'), page('2', 'Library')];
    const { visitor } = await member('manager');
    const { visitor: other } = await member('manager');
    const pending = pendingIn((await arrive(visitor)).text);
    expect((await other.post('/connect/facebook/choice', { pending, account: '1' })).status).toBe(400);
    server.clock.advance(10 * 60_000 + 1);
    expect((await visitor.post('/connect/facebook/choice', { pending, account: '1' })).status).toBe(400);
    expect(await accounts()).toEqual([]);
  });

  test('no account at all, or a code the platform refuses, is explained', async () => {
    pages = [];
    const { visitor } = await member('manager');
    expect((await arrive(visitor)).text).toContain('Check that you manage one there');
    const refused = await arrive(visitor, 'bad');
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('Facebook did not accept the confirmation. Nothing was saved.');
  });
});
