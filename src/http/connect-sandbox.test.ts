/** Connecting X accounts and Facebook Pages through the front door, with the sandbox at the other end of the wire. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAccessToken } from '../accounts/stored-tokens.ts';
import { hashPassword } from '../identity/password.ts';
import { consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const PASSWORD = 'correct horse battery';
const ACCOUNTS = '/admin/resources/ConnectedAccount';
/** At Facebook: one Page, several, none, and one on which he may only look. */
const [AMARA, JONAS, MEI, RAFAEL] = ['amara.okafor', 'jonas.lindqvist', 'mei.tanaka', 'rafael.duarte'].map(
  (name) => `${name}@example.com`,
);

let server: TestServer;
let passwordHash: string;
let visitor: Visitor;
let teamId: string;

beforeAll(async () => {
  server = await startTestServer({ withSandbox: true, sandboxed: ['facebook', 'x'] });
  passwordHash = await hashPassword(PASSWORD);
});
afterAll(() => server.close());
beforeEach(async () => {
  ({ visitor, teamId } = await manager());
});

/** Somebody who manages a team of his own. */
async function manager(): Promise<{ visitor: Visitor; teamId: string }> {
  const { db } = server.ctx;
  const team = await db.team.create({ data: { name: `Team ${randomUUID()}` } });
  const email = `${randomUUID()}@example.com`;
  await db.user.create({
    data: {
      email,
      name: email,
      credential: { create: { passwordHash } },
      memberships: { create: { teamId: team.id, role: 'manager' } },
    },
  });
  const signedIn = server.visitor();
  await signedIn.signIn(email, PASSWORD);
  return { visitor: signedIn, teamId: team.id };
}

type Journey = { as?: Visitor; team?: string; change?: Record<string, string> };

async function atX(user: string, { as = visitor, team = teamId, change = {} }: Journey = {}): Promise<string> {
  const start = await as.get(`/connect/x?team=${team}`);
  expect(start.status).toBe(302);
  return consentAs(start.location ?? '', '', { sandbox_user: user, ...change });
}

async function atFacebook(person = '', { as = visitor, team = teamId, change = {} }: Journey = {}): Promise<string> {
  const start = await as.get(`/connect/facebook?team=${team}`);
  expect(start.status).toBe(302);
  return consentAs(start.location ?? '', person, change);
}

const accounts = (team = teamId) =>
  server.ctx.db.connectedAccount.findMany({ where: { teamId: team }, include: { credential: true } });

function tokenOf(account: Awaited<ReturnType<typeof accounts>>[number] | undefined): string {
  if (!account?.credential) throw new Error('the account has no token');
  return openAccessToken(server.ctx.tokenCipher, account, account.credential);
}

async function expectRefused(back: string, sentence: string): Promise<void> {
  const answer = await visitor.get(back);
  expect(answer.status).toBe(400);
  expect(answer.text).toContain(sentence);
  expect(answer.text).toContain(`/connect/`);
  expect(await accounts()).toEqual([]);
}

describe('X', () => {
  test('is asked with PKCE and a state, and an account comes back that renews itself', async () => {
    const asked = new URL((await visitor.get(`/connect/x?team=${teamId}`)).location ?? '');
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `${server.url}/connect/x/callback`,
    });
    const answer = await visitor.get(await atX('amara_okafor'));
    expect([answer.status, answer.location]).toEqual([302, ACCOUNTS]);
    const [account, ...others] = await accounts();
    expect(others).toEqual([]);
    expect(account).toMatchObject({
      platform: 'x',
      kind: 'member',
      displayName: 'Amara Okafor (@amara_okafor)',
      status: 'active',
      profileUrl: 'https://x.com/amara_okafor',
    });
    expect(account?.tokenExpiresAt?.getTime()).toBeGreaterThan(Date.now());
    expect(account?.credential?.refreshToken).not.toBeNull();
  });

  test('again keeps the account and renews its tokens', async () => {
    await visitor.get(await atX('amara_okafor'));
    const [before] = await accounts();
    await server.ctx.db.connectedAccount.updateMany({ where: { teamId }, data: { status: 'reconnect_required' } });
    await visitor.get(await atX('amara_okafor'));
    const [after, ...others] = await accounts();
    expect(others).toEqual([]);
    expect(after).toMatchObject({ id: before?.id, status: 'active' });
    expect(tokenOf(after)).not.toBe(tokenOf(before));
  });

  test('that was denied, or gave less than is needed, saves nothing', async () => {
    await expectRefused(await atX('', { change: { sandbox_decision: 'cancel' } }), 'You cancelled at X.');
    const scope = 'tweet.read users.read offline.access media.write';
    await expectRefused(
      await atX('amara_okafor', { change: { scope } }),
      'Without tweet.write nothing can be published',
    );
  });

  test('does not take the code of one browser from another', async () => {
    const other = await manager();
    const [mine, theirs] = [
      await atX('amara_okafor'),
      await atX('jlindqvist', { as: other.visitor, team: other.teamId }),
    ];
    const mixed = new URL(mine);
    mixed.searchParams.set('code', new URL(theirs).searchParams.get('code') ?? '');
    await expectRefused(mixed.href, 'X did not accept the confirmation');
  });
});

describe('Facebook', () => {
  test('with one Page connects it at once, with a token that has no end', async () => {
    const answer = await visitor.get(await atFacebook(AMARA));
    expect([answer.status, answer.location]).toEqual([302, ACCOUNTS]);
    expect(await accounts()).toMatchObject([
      {
        platform: 'facebook',
        kind: 'page',
        externalId: '102000000000101',
        displayName: 'Northwind Coffee Roasters',
        tokenExpiresAt: null,
        status: 'active',
      },
    ]);
  });

  test('with several asks which, offers what may be published on, says why the others may not, and connects those that are chosen', async () => {
    const asked = await visitor.get(await atFacebook(JONAS));
    expect(asked.status).toBe(200);
    for (const name of ['Northwind Coffee Roasters', 'Harbour City Library', 'Quayside Theatre'])
      expect(asked.text).toContain(name);
    expect(asked.text).toMatch(/<input[^>]* disabled[^>]*>[^<]*(<[^>]+>[^<]*){0,3}Riverside Cycling Club/);
    expect(await accounts()).toEqual([]);
    const pending = /name="pending" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const chosen = await visitor.post('/connect/facebook/choice', { pending, account: '102000000000202' });
    expect([chosen.status, chosen.location]).toEqual([303, ACCOUNTS]);
    expect(await accounts()).toMatchObject([{ displayName: 'Harbour City Library', kind: 'page' }]);
  });

  test('without any Page, or without the task to publish on it, says so', async () => {
    await expectRefused(await atFacebook(MEI), 'Check that you manage one there');
    await expectRefused(await atFacebook(RAFAEL), 'You may not publish on Riverside Cycling Club');
  });

  test('that was denied, or where a permission was unticked, saves nothing, and asks for it again', async () => {
    await expectRefused(await atFacebook('', { change: { sandbox_decision: 'cancel' } }), 'You cancelled at Facebook.');
    for (const sandbox_declined of ['pages_manage_posts', 'pages_show_list', 'pages_read_engagement'])
      await expectRefused(
        await atFacebook(AMARA, { change: { sandbox_declined } }),
        `Without ${sandbox_declined} nothing can be published`,
      );
    expect((await visitor.get(await atFacebook(AMARA))).location).toBe(ACCOUNTS);
  });

  test('with a code that was used already says so', async () => {
    const used = new URL(await atFacebook(AMARA)).searchParams.get('code') ?? '';
    const other = await manager();
    const theirs = new URL(await atFacebook(AMARA, { as: other.visitor, team: other.teamId }));
    theirs.searchParams.set('code', used);
    expect((await other.visitor.get(theirs.href)).location).toBe(ACCOUNTS);
    const mine = new URL(await atFacebook(AMARA));
    mine.searchParams.set('code', used);
    await expectRefused(mine.href, 'it was used already');
  });
});

test.each([
  ['X', () => atX('amara_okafor'), (as: Visitor, team: string) => atX('amara_okafor', { as, team })],
  ['Facebook', () => atFacebook(AMARA), (as: Visitor, team: string) => atFacebook(AMARA, { as, team })],
])(
  'an account on %s that another team has connected is connected here too, and theirs stays',
  async (_, here, there) => {
    const other = await manager();
    await other.visitor.get(await there(other.visitor, other.teamId));
    const [before] = await accounts(other.teamId);
    expect((await visitor.get(await here())).location).toBe(ACCOUNTS);
    const [mine] = await accounts();
    expect(mine).toMatchObject({ externalId: before?.externalId, status: 'active' });
    expect(mine?.id).not.toBe(before?.id);
    const [after] = await accounts(other.teamId);
    expect(after).toMatchObject({ id: before?.id, status: 'active' });
    expect(tokenOf(after)).toBe(tokenOf(before));
  },
);

test('nothing that was said on the way is in the log', async () => {
  const back = await atX('amara_okafor');
  await visitor.get(back);
  await visitor.get(await atFacebook(AMARA));
  const tokens = (await accounts()).map(tokenOf);
  expect(tokens).toHaveLength(2);
  const code = new URL(back).searchParams.get('code') ?? '';
  for (const secret of [code, 'sandbox-secret', ...tokens]) expect(server.logged()).not.toContain(secret);
});
