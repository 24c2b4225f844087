/** REQUIRE_SUPERUSER_TOTP from the first start to the lost phone: the real server and the operator's command, as processes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authenticatorCode } from './testing/authenticator.ts';
import { ProductBench } from './testing/product-process.ts';
import { Visitor } from './testing/visitor.ts';

const SUE = { email: 'sue@example.com', password: 'correct horse battery' };
const ENROL = '/account/second-factor';
const bench = new ProductBench();
let dataDir: string;
let address: string;
let secret: string;
let recoveryCodes: string[];

beforeAll(async () => {
  dataDir = await bench.newDataDir();
  address = await bench
    .start({
      DATA_DIR: dataDir,
      REQUIRE_SUPERUSER_TOTP: 'on',
      SUPERUSER_EMAIL: SUE.email,
      SUPERUSER_PASSWORD: SUE.password,
    })
    .ready();
}, 60_000);
afterAll(() => bench.clear());

const newcomer = () => new Visitor(address, address);
/** Codes are good once and no older one is good after it: the next one is of a later half minute. */
const code = (steps: number) => authenticatorCode(secret, new Date(Date.now() + steps * 30_000));
const secretIn = (page: string) => (/<code class="key">([^<]+)</.exec(page)?.[1] ?? '').replaceAll(' ', '');

/** @returns what it printed */
async function superuser(expected: number, ...args: string[]): Promise<string> {
  const command = bench.start({ DATA_DIR: dataDir, PUBLIC_URL: address }, { program: 'scripts/superuser.ts', args });
  expect(await command.ended(), command.output()).toBe(expected);
  return command.output();
}

describe('a server that wants two-step sign-in of its superusers', () => {
  let desk: Visitor;

  test('lets the first one set it up and do nothing else', async () => {
    desk = newcomer();
    const first = await desk.signIn(SUE.email, SUE.password);
    expect((await desk.get(first.location ?? '')).location).toBe(ENROL);
    for (const path of ['/admin/resources/Post', '/account', '/connect/linkedin'])
      expect([path, (await desk.get(path)).location]).toEqual([path, ENROL]);
    for (const path of ['/admin/api/dashboard', '/admin/api/resources/User/actions/list'])
      expect([path, (await desk.get(path)).status]).toEqual([path, 403]);
    const made = await desk.post('/admin/api/resources/Team/actions/new', { name: 'Too early' });
    expect(made.status).toBe(403);
    expect((await desk.post('/media')).text).toContain('two-step sign-in');

    await desk.post(`${ENROL}/start`, { password: SUE.password });
    secret = secretIn((await desk.get(ENROL)).text);
    const done = await desk.post(ENROL, { code: code(-1) });
    recoveryCodes = [...done.text.matchAll(/<li><code>([^<]+)</g)].map((match) => match[1] ?? '');
    expect([done.status, recoveryCodes.length]).toEqual([200, 8]);
    expect((await desk.get('/admin/api/dashboard')).status).toBe(200);
    // The team that was wished for too early was not made.
    expect((await desk.get('/admin/api/resources/Team/actions/list')).text).not.toContain('Too early');
  });

  test('asks for the code from then on, and does not let it be switched off', async () => {
    const visitor = newcomer();
    expect((await visitor.signIn(SUE.email, SUE.password)).location).toBe('/login/second-factor');
    expect((await visitor.get('/admin')).location).toBe('/login');
    expect((await visitor.post('/login/second-factor', { code: code(0) })).location).toBe('/admin');
    const off = await visitor.post(`${ENROL}/change`, { change: 'off', password: SUE.password });
    expect(off.status).toBe(403);
  });

  test('whoever lost phone and codes is helped by the operator, who ends what is still open and gives a link', async () => {
    const lost = newcomer();
    await lost.signIn(SUE.email, SUE.password);
    await lost.post('/login/second-factor', { code: recoveryCodes[0] ?? '' });
    expect((await lost.get('/admin/api/dashboard')).status).toBe(200);

    const output = await superuser(0, '--email', SUE.email, '--remove-second-factor');
    expect(output).toContain(`Two-step sign-in of ${SUE.email} is switched off.`);
    for (const open of [desk, lost]) expect((await open.get('/admin/api/dashboard')).status).toBe(401);

    const link = new URL(/http:\S+/.exec(output)?.[0] ?? '');
    const back = newcomer();
    expect((await back.get(link.pathname)).status).toBe(200);
    const entered = await back.post(link.pathname, { name: 'Sue', password: 'another long password' });
    expect((await back.get(entered.location ?? '')).location).toBe(ENROL);
    await back.post(`${ENROL}/start`, { password: 'another long password' });
    const fresh = secretIn((await back.get(ENROL)).text);
    expect(fresh).not.toBe(secret);
    await back.post(ENROL, { code: authenticatorCode(fresh, new Date()) });
    const events = (await back.get('/admin/api/resources/AuditEvent/actions/list?perPage=50')).text;
    expect(events).toContain('user.second_factor_removed');
    expect(events).toContain('operator');
    expect(events).not.toContain(secret);
    // The old codes are worth nothing.
    const stranger = newcomer();
    await stranger.signIn(SUE.email, 'another long password');
    expect((await stranger.post('/login/second-factor', { code: recoveryCodes[1] ?? '' })).status).toBe(401);
  });

  test('the operator is told when there is nothing to switch off, or nobody of that name', async () => {
    expect(await superuser(1, '--email', 'nobody@example.com', '--remove-second-factor')).toMatch(/no such person/);
  });
});
