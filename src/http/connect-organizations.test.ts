/** Connecting LinkedIn Pages, and what that means for a member's other connections, against the sandbox's LinkedIn. */
import type { ConnectedAccount } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { usableAccessToken } from '../accounts/access-token.ts';
import type { TeamRole } from '../domain/access.ts';
import { hashPassword } from '../identity/password.ts';
import { authenticatorCode } from '../testing/authenticator.ts';
import { consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';
import { createQueues } from '../worker/worker.ts';

/** Members of the sandbox's LinkedIn: Amara administers the coffee roasters, Jonas them and the library, Mei nothing. */
const AMARA = 'aMr4OkF0r1';
const JONAS = 'jN5LndQ-vT';
const MEI = 'm3iTnK_a9c';
const COFFEE = { externalId: '1001', displayName: 'Northwind Coffee Roasters' };
const LIBRARY = { externalId: '1002', displayName: 'Harbour City Library' };
const PASSWORD = 'correct horse battery';
const ACCOUNTS = '/admin/resources/ConnectedAccount';
const OWN_SCOPES = 'openid profile email w_member_social';
const PAGE_SCOPES = `${OWN_SCOPES} w_organization_social r_organization_social rw_organization_admin`;

let server: TestServer;
let teamId: string;
let otherTeamId: string;
let passwordHash: string;

beforeAll(async () => {
  server = await startTestServer({ withSandbox: true });
  // What waited for an account gets an alarm when it is let go.
  await server.ctx.boss.start();
  await createQueues(server.ctx);
  passwordHash = await hashPassword(PASSWORD);
});
afterAll(async () => {
  await server.ctx.boss.stop({ graceful: false });
  await server.close();
});
beforeEach(async () => {
  const { db } = server.ctx;
  await db.publication.deleteMany();
  await db.post.deleteMany();
  await db.accountCredential.deleteMany();
  await db.connectedAccount.deleteMany();
  await db.identity.deleteMany();
  teamId = (await db.team.create({ data: { name: `Team ${Math.random()}` } })).id;
  otherTeamId = (await db.team.create({ data: { name: `Team ${Math.random()}` } })).id;
});

describe('connecting Pages', () => {
  test('begins with a page that says what it means for signing in', async () => {
    const { visitor } = await person('manager');
    const page = await visitor.get(`/connect/linkedin/organizations?team=${teamId}`);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`href="/connect/linkedin?team=${teamId}&amp;organizations=1"`);
    expect(page.text).toContain('ends the permission for your Pages');
    expect((await server.visitor().get(`/connect/linkedin/organizations?team=${teamId}`)).location).toBe('/login');
    expect((await visitor.get('/connect/linkedin/organizations?team=nobody')).status).toBe(404);
    expect((await visitor.get(`/connect/x/organizations?team=${teamId}`)).status).toBe(404);
  });

  test('asks for their scopes on top, and connects the only one at once', async () => {
    const { id, visitor } = await person('manager');
    const start = await visitor.get(pages());
    expect(new URL(start.location ?? '').searchParams.get('scope')).toBe(PAGE_SCOPES);
    const answer = await visitor.get(await consentAs(start.location ?? '', AMARA));
    expect([answer.status, answer.location]).toEqual([302, ACCOUNTS]);
    expect(await accounts()).toMatchObject([
      { ...COFFEE, kind: 'organization', status: 'active', ownerId: null, connectedById: id, grantedBy: AMARA },
    ]);
    await worksAs(`urn:li:organization:${COFFEE.externalId}`, '1001');
  });

  test('lets one tick several of them', async () => {
    const { visitor } = await person('manager');
    const asked = await journey(visitor, pages(), JONAS);
    expect(asked.text).toContain(COFFEE.displayName);
    expect(asked.text).not.toContain('Jonas Lindqvist');
    expect(await accounts()).toEqual([]);
    const answer = await visitor.send('/connect/linkedin/choice', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
      body: `pending=${/name="pending" value="([^"]+)"/.exec(asked.text)?.[1]}&account=1001&account=1002&account=9`,
    });
    expect([answer.status, answer.location]).toEqual([303, ACCOUNTS]);
    expect(await accounts()).toMatchObject([COFFEE, LIBRARY]);
  });

  test('by an author connects them for himself', async () => {
    const { id, visitor } = await person('author');
    await journey(visitor, pages(), AMARA);
    expect(await accounts()).toMatchObject([{ ...COFFEE, ownerId: id }]);
  });

  test.each([
    ['who administers none is told so', MEI, {}, 'no Page that you administer'],
    ['whose app has not the product is told so', AMARA, { scope: 'openid r_events' }, 'Community Management API'],
    ['who unticks a permission is told which', AMARA, { scope: OWN_SCOPES }, 'w_organization_social'],
    ['who cancels is told so', AMARA, { sandbox_decision: 'cancel' }, 'You cancelled at LinkedIn'],
  ])('somebody %s, and nothing is connected', async (_case, member, change, sentence) => {
    const { visitor } = await person('manager');
    const answer = await journey(visitor, pages(), member, change);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(sentence);
    expect(await accounts()).toEqual([]);
  });
});

describe('the consent for Pages ends the member’s earlier tokens, so it', () => {
  test('renews his own account, whatever becomes of the Pages', async () => {
    const { visitor } = await person('manager', [teamId, otherTeamId]);
    await journey(visitor, own(), MEI);
    await journey(visitor, own(otherTeamId), MEI);
    expect((await journey(visitor, pages(), MEI)).text).toContain('no Page that you administer');
    expect(await accounts()).toMatchObject([{ externalId: MEI, status: 'active' }]);
    await worksAs(`urn:li:person:${MEI}`, MEI);
    expect(await accounts(otherTeamId)).toMatchObject([{ externalId: MEI, status: 'active' }]);
    await worksAs(`urn:li:person:${MEI}`, MEI, otherTeamId);
  });

  test('marks what it may not renew, and holds what is scheduled for it', async () => {
    const { visitor } = await person('manager');
    await journey(visitor, own(), AMARA);
    const foreign = await person('manager', [otherTeamId]);
    await journey(foreign.visitor, own(otherTeamId), AMARA);
    const [theirs] = await accounts(otherTeamId);
    const scheduled = await schedule(foreign.id, theirs?.id ?? '');

    await journey(visitor, pages(), AMARA);
    expect(await accounts()).toMatchObject([{ status: 'active' }, { status: 'active' }]);
    expect(await accounts(otherTeamId)).toMatchObject([
      { status: 'reconnect_required', statusReason: expect.stringContaining('Connect the account again') },
    ]);
    expect(await publication(scheduled)).toMatchObject({ status: 'held', errorCode: 'account-not-connected' });
  });

  test('leaves alone what was disconnected, and somebody else’s personal account', async () => {
    const { visitor } = await person('manager', [teamId, otherTeamId]);
    await journey(visitor, own(otherTeamId), AMARA);
    await server.ctx.db.connectedAccount.updateMany({ data: { status: 'disconnected' } });
    const author = await person('author');
    await journey(author.visitor, own(), AMARA);
    await journey(visitor, pages(), AMARA);
    expect(await accounts(otherTeamId)).toMatchObject([{ status: 'disconnected' }]);
    expect(await accounts()).toMatchObject([
      { kind: 'organization', status: 'active' },
      { kind: 'member', status: 'reconnect_required', ownerId: author.id },
    ]);
  });
});

describe('once Pages are connected', () => {
  test('connecting his own account asks for the wider permission too, so that nothing ends', async () => {
    const { visitor } = await person('manager');
    await journey(visitor, pages(), AMARA);
    const start = await visitor.get(own());
    expect(new URL(start.location ?? '').searchParams.get('scope')).toBe(PAGE_SCOPES);
    const answer = await visitor.get(await consentAs(start.location ?? '', AMARA));
    expect([answer.status, answer.location]).toEqual([302, ACCOUNTS]);
    expect(await accounts()).toMatchObject([
      { externalId: '1001', status: 'active' },
      { externalId: AMARA, status: 'active' },
    ]);
    await worksAs('urn:li:organization:1001', '1001');
    await worksAs(`urn:li:person:${AMARA}`, AMARA);
  });

  test('connecting Pages again renews those there are and offers only the others', async () => {
    const { visitor } = await person('manager');
    await choose(visitor, await journey(visitor, pages(), JONAS), '1001');
    const [before] = await accounts();
    // The one that is left is the only one: it is connected at once.
    expect((await journey(visitor, pages(), JONAS)).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ id: before?.id, externalId: '1001' }, { externalId: '1002' }]);
    expect((await journey(visitor, pages(), JONAS)).location).toBe(ACCOUNTS);
    expect(await accounts()).toHaveLength(2);
  });

  test('reconnecting a Page renews it without asking which', async () => {
    const { visitor } = await person('manager');
    await choose(visitor, await journey(visitor, pages(), JONAS), '1001');
    await server.ctx.db.connectedAccount.updateMany({ data: { status: 'reconnect_required' } });
    const [before] = await accounts();
    expect((await journey(visitor, `${pages()}&renew=1`, JONAS)).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ id: before?.id, status: 'active' }]);
    expect(await accounts()).toHaveLength(1);
  });

  test('reconnecting a Page as another administrator takes it over, and only that one', async () => {
    const { visitor } = await person('manager');
    await journey(visitor, pages(), AMARA);
    const [before] = await accounts();
    const again = `${pages()}&renew=1&account=${before?.id}`;
    expect((await journey(visitor, again, JONAS)).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ id: before?.id, ...COFFEE, grantedBy: JONAS }]);
  });

  test('reconnecting a Page as somebody who does not administer it changes nothing, and says so', async () => {
    const { visitor } = await person('manager');
    await journey(visitor, `/connect/linkedin?team=${teamId}`, MEI);
    await choose(visitor, await journey(visitor, pages(), JONAS), '1002');
    const stored = async () => [await accounts(), await server.ctx.db.accountCredential.findMany()];
    const before = await stored();
    const library = (await accounts()).find(({ externalId }) => externalId === '1002');
    const answer = await journey(visitor, `${pages()}&renew=1&account=${library?.id}`, AMARA);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(
      'You signed in as Amara Okafor, who does not administer the Page Harbour City Library at LinkedIn. Nothing was changed.',
    );
    expect(await stored()).toEqual(before);
  });

  test('another administrator can take a Page over', async () => {
    const { visitor } = await person('manager');
    await journey(visitor, pages(), AMARA);
    const colleague = await person('manager');
    await choose(colleague.visitor, await journey(colleague.visitor, pages(), JONAS), '1001');
    expect(await accounts()).toMatchObject([{ ...COFFEE, grantedBy: JONAS, connectedById: colleague.id }]);
  });

  test('signing in with LinkedIn ends them: they are marked, their posts wait, and he is led to renew them', async () => {
    const { id, visitor } = await person('manager', [teamId], AMARA);
    await journey(visitor, pages(), AMARA);
    const [page] = await accounts();
    const scheduled = await schedule(id, page?.id ?? '');

    const back = server.visitor();
    const signedIn = await journey(back, '/auth/linkedin', AMARA);
    expect([signedIn.status, signedIn.location]).toEqual([302, `/connect/linkedin/organizations?team=${teamId}`]);
    expect(await accounts()).toMatchObject([
      {
        kind: 'organization',
        status: 'reconnect_required',
        statusReason: expect.stringContaining('Connect the Page again'),
      },
      { kind: 'member', status: 'active' },
    ]);
    expect(await publication(scheduled)).toMatchObject({ status: 'held' });
    expect((await back.get(signedIn.location ?? '')).text).toContain(`<strong>${COFFEE.displayName}</strong> needs`);

    expect((await journey(back, pages(), AMARA)).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ id: page?.id, status: 'active' }, { status: 'active' }]);
    expect(await publication(scheduled)).toMatchObject({ status: 'scheduled' });
    await worksAs('urn:li:organization:1001', '1001');
    await worksAs(`urn:li:person:${AMARA}`, AMARA);
    // Without Pages that end there is no detour.
    await server.ctx.db.connectedAccount.updateMany({
      where: { kind: 'organization' },
      data: { status: 'disconnected' },
    });
    expect((await journey(server.visitor(), '/auth/linkedin', AMARA)).location).toBe('/admin');
  });

  test('so it does for somebody with a second factor: he is led there after the code, and nowhere before', async () => {
    const { id, visitor } = await person('manager', [teamId], AMARA);
    const secret = await enrol(visitor);
    await journey(visitor, pages(), AMARA);

    const back = server.visitor();
    await back.get('/admin/resources/Post?page=2');
    expect((await journey(back, '/auth/linkedin', AMARA)).location).toBe('/login/second-factor');
    // LinkedIn has ended the Page's token already; his own account waits for him to arrive.
    expect(await accounts()).toMatchObject([{ kind: 'organization', status: 'reconnect_required' }]);
    const organizations = `/connect/linkedin/organizations?team=${teamId}`;
    expect((await back.get(organizations)).location).toBe('/login');
    const wrong = await back.post('/login/second-factor', { code: '000000' });
    expect([wrong.status, wrong.location]).toEqual([401, null]);

    const done = await back.post('/login/second-factor', { code: nextCode(secret) });
    expect([done.status, done.location]).toEqual([303, organizations]);
    expect((await back.get(organizations)).text).toContain(`<strong>${COFFEE.displayName}</strong> needs`);
    expect(await accounts()).toMatchObject([
      { kind: 'organization', status: 'reconnect_required' },
      { kind: 'member', status: 'active', ownerId: id },
    ]);
    expect((await journey(back, pages(), AMARA)).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ status: 'active' }, { status: 'active' }]);
  });

  test('without Pages that end, the code leads to the page that was wanted', async () => {
    const { visitor } = await person('manager', [teamId], AMARA);
    const secret = await enrol(visitor);
    const back = server.visitor();
    await back.get('/admin/resources/Post?page=2');
    expect((await journey(back, '/auth/linkedin', AMARA)).location).toBe('/login/second-factor');
    const done = await back.post('/login/second-factor', { code: nextCode(secret) });
    expect([done.status, done.location]).toEqual([303, '/admin/resources/Post?page=2']);
  });

  test('so does a sign-in of somebody who is not let in', async () => {
    const { visitor } = await person('manager');
    await journey(visitor, pages(), AMARA);
    expect((await journey(server.visitor(), '/auth/linkedin', AMARA)).status).toBe(403);
    expect(await accounts()).toMatchObject([{ kind: 'organization', status: 'reconnect_required' }]);
  });
});

let people = 0;
/** @param linkedIn the member who signs in as this person */
async function person(role: TeamRole, teams = [teamId], linkedIn?: string): Promise<{ id: string; visitor: Visitor }> {
  const email = `person${people++}@example.com`;
  const { id } = await server.ctx.db.user.create({
    data: {
      email,
      name: email,
      credential: { create: { passwordHash } },
      memberships: { create: teams.map((team) => ({ teamId: team, role })) },
      ...(linkedIn === undefined ? {} : { identities: { create: { provider: 'linkedin', subject: linkedIn } } }),
    },
  });
  const visitor = server.visitor();
  await visitor.signIn(email, PASSWORD);
  return { id, visitor };
}

/** Switches two-step sign-in on. @returns the app's secret */
async function enrol(visitor: Visitor): Promise<string> {
  await visitor.post('/account/second-factor/start', { password: PASSWORD });
  const page = (await visitor.get('/account/second-factor')).text;
  const secret = (/<code class="key">([^<]+)</.exec(page)?.[1] ?? '').replaceAll(' ', '');
  const code = authenticatorCode(secret, server.clock.now());
  expect((await visitor.post('/account/second-factor', { code })).status).toBe(200);
  return secret;
}

/** A code is good once: the app's next one. */
function nextCode(secret: string): string {
  server.clock.advance(60_000);
  return authenticatorCode(secret, server.clock.now());
}

const pages = () => `/connect/linkedin?team=${teamId}&organizations=1`;
const own = (team = teamId) => `/connect/linkedin?team=${team}`;

/** Out to LinkedIn, where the member agrees, and back. */
async function journey(visitor: Visitor, path: string, linkedIn: string, change: Record<string, string> = {}) {
  const start = await visitor.get(path);
  expect(start.status).toBe(302);
  return visitor.get(await consentAs(start.location ?? '', linkedIn, change));
}

async function choose(visitor: Visitor, asked: { text: string }, account: string): Promise<void> {
  const pending = /name="pending" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
  expect((await visitor.post('/connect/linkedin/choice', { pending, account })).location).toBe(ACCOUNTS);
}

function accounts(team = teamId): Promise<ConnectedAccount[]> {
  return server.ctx.db.connectedAccount.findMany({ where: { teamId: team }, orderBy: { externalId: 'asc' } });
}

/** Whether LinkedIn takes a post by the token that is stored. */
async function worksAs(author: string, externalId: string, team = teamId): Promise<void> {
  const account = (await accounts(team)).find((found) => found.externalId === externalId);
  const { accessToken } = await usableAccessToken(server.ctx, account?.id ?? '');
  const answer = await fetch(`${server.sandbox?.linkedin.apiUrl}/rest/posts`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'linkedin-version': new Date(Date.now() - 31 * 86_400_000).toISOString().slice(0, 7).replace('-', ''),
      'x-restli-protocol-version': '2.0.0',
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      author,
      commentary: `Does it work ${Math.random()}`.replace('.', ''),
      visibility: 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
    }),
  });
  expect(`${answer.status} ${await answer.text()}`).toBe('201 ');
}

async function schedule(authorId: string, accountId: string): Promise<string> {
  const account = await server.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id: accountId } });
  const dueAt = new Date(Date.now() + 3_600_000);
  const post = await server.ctx.db.post.create({
    data: {
      ...{ teamId: account.teamId, authorId, text: 'Later', status: 'scheduled', scheduledAt: dueAt },
      publications: {
        create: { accountId, teamId: account.teamId, status: 'scheduled', dueAt, nextAttemptAt: dueAt, generation: 1 },
      },
    },
  });
  return post.id;
}

function publication(postId: string) {
  return server.ctx.db.publication.findFirstOrThrow({ where: { postId } });
}
