import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadDotEnv, readConfig, sandboxedPlatforms, VARIABLE_NAMES } from './config.ts';

const ROOT = join(import.meta.dirname, '..');
const KEY = Buffer.alloc(32, 7).toString('base64');
const SECRET = 'a-secret-of-at-least-thirty-two-characters';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'config-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('without any variable', () => {
  it('runs on this machine only, with the embedded database and the sandbox', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      environment: 'development',
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      databaseUrl: null,
      role: 'all',
      sandboxPort: 3001,
      trustProxy: false,
    });
    expect(sandboxedPlatforms(config)).toContain('linkedin');
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', TOKEN_KEYS: '' })).toEqual(readConfig({}));
  });
});

describe('the public address and the sandbox port', () => {
  it('follow PORT unless they are set', () => {
    expect(readConfig({ PORT: '8080' })).toMatchObject({ publicUrl: 'http://localhost:8080', sandboxPort: 8081 });
    expect(readConfig({ PORT: '8080', PUBLIC_URL: 'https://posts.example.com/', SANDBOX_PORT: '9000' })).toMatchObject({
      publicUrl: 'https://posts.example.com',
      sandboxPort: 9000,
    });
  });
});

describe('problems', () => {
  it('are reported all at once, each as a sentence that names its variable', () => {
    const problems = problemsOf({
      PORT: 'http',
      ROLE: 'boss',
      PUBLIC_URL: 'https://posts.example.com/panel',
      SUPERUSER_PASSWORD: 'short',
      LINKEDIN_VERSION: '202613',
      TRUST_PROXY: 'perhaps',
    });
    for (const name of ['PORT', 'ROLE', 'PUBLIC_URL', 'SUPERUSER_PASSWORD', 'LINKEDIN_VERSION', 'TRUST_PROXY']) {
      expect(problems.filter((problem) => problem.startsWith(`${name} `))).toHaveLength(1);
    }
  });

  it.each([
    ['LINKEDIN_CLIENT_ID', 'LINKEDIN_CLIENT_SECRET'],
    ['LINKEDIN_CLIENT_SECRET', 'LINKEDIN_CLIENT_ID'],
    ['FACEBOOK_APP_ID', 'FACEBOOK_APP_SECRET'],
    ['X_CLIENT_SECRET', 'X_CLIENT_ID'],
  ])('include %s without %s', (given, missing) => {
    expect(problemsOf({ [given]: 'something' })).toEqual([expect.stringContaining(`${missing} is missing`)]);
  });

  it.each([
    ['SMTP_URL', 'smtp://mail.example.com', 'MAIL_FROM'],
    ['MAIL_FROM', 'Posts <posts@example.com>', 'SMTP_URL'],
  ])('include %s as %s without %s', (given, value, missing) => {
    expect(problemsOf({ [given]: value })).toEqual([expect.stringContaining(`${missing} is missing`)]);
  });

  it.each([
    ['http://mail.example.com', 'a@example.com', 'SMTP_URL must start with'],
    ['smtp://ann:pa ss@', 'a@example.com', 'SMTP_URL is not an address'],
    ['smtp://mail.example.com', 'somebody', 'MAIL_FROM must be'],
    ['smtp://mail.example.com', 'Posts <posts@example.com', 'MAIL_FROM must be'],
    ['smtp://mail.example.com', 'a@example.com\r\nBcc: b@example.com', 'MAIL_FROM must be'],
  ])('include a mail server %s with the sender %s', (SMTP_URL, MAIL_FROM, sentence) => {
    expect(problemsOf({ SMTP_URL, MAIL_FROM })).toEqual([expect.stringContaining(sentence)]);
  });

  it('include a contact that nobody can be reached by', () => {
    for (const text of ['somebody', 'http://example.com', 'https://', 'a@example.com\nExpires: never', 'javascript:x'])
      expect(problemsOf({ SECURITY_CONTACT: text })).toEqual([
        'SECURITY_CONTACT must be an e-mail address or a web address that starts with https://.',
      ]);
    for (const text of ['security@example.com', 'mailto:security@example.com', 'https://example.com/report'])
      expect(readConfig({ SECURITY_CONTACT: text }).securityContact).toMatch(/^(mailto:security@|https:\/\/example)/);
  });

  it('include an e-mail address for the first superuser without a password', () => {
    expect(problemsOf({ SUPERUSER_EMAIL: 'ann@example.com' })).toEqual([
      expect.stringContaining('SUPERUSER_PASSWORD is missing'),
    ]);
  });

  it('include secrets that production machines on one database would not share', () => {
    const production = { NODE_ENV: 'production', DATABASE_URL: 'postgresql://a:b@127.0.0.1/c' };
    const problems = problemsOf(production);
    expect(problems).toHaveLength(2);
    expect(problems.join('\n')).toMatch(/SESSION_SECRET is required.*\n.*TOKEN_KEYS is required/);
    const config = readConfig({ ...production, SESSION_SECRET: SECRET, TOKEN_KEYS: `k1:${KEY}` });
    expect(config.databaseUrl).toBe(production.DATABASE_URL);
  });

  it.each([
    ['a DATABASE_URL of another kind', { DATABASE_URL: 'mysql://localhost/x' }, 'postgresql://'],
    ['a session secret that can be guessed', { SESSION_SECRET: `${SECRET},short` }, 'at least 32 characters'],
    ['a token key of the wrong length', { TOKEN_KEYS: 'k1:c2hvcnQ=' }, 'key "k1" has 5 bytes'],
    ['two token keys with one id', { TOKEN_KEYS: `k1:${KEY},k1:${KEY}` }, 'same key id twice'],
    ['a sandbox on the port of the panel', { PORT: '4000', SANDBOX_PORT: '4000' }, 'SANDBOX_PORT'],
  ])('include %s', (_what, environment, sentence) => {
    expect(problemsOf(environment)).toEqual([expect.stringContaining(sentence)]);
  });

  it('never repeat a secret', () => {
    const problems = problemsOf({
      SESSION_SECRET: 'hunter2',
      TOKEN_KEYS: 'k1:hunter2',
      SMTP_URL: 'ftp://hunter2@mail',
      MAIL_FROM: 'a@example.com',
    });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('end the start with exit code 1 before anything is made', async () => {
    const dataDir = join(directory, 'data');
    const environment = { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: 'http', ROLE: 'boss' };
    const server = spawn(process.execPath, [join(ROOT, 'src', 'main.ts')], { cwd: directory, env: environment });
    const [said] = await Promise.all([text(server.stderr), once(server, 'exit')]);
    expect(server.exitCode).toBe(1);
    expect(said).toContain('PORT must be');
    expect(said).toContain('ROLE must be');
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe('the sandbox', () => {
  const credentials = { LINKEDIN_CLIENT_ID: 'id', LINKEDIN_CLIENT_SECRET: 'secret' };

  it('leaves a platform alone that has credentials, unless it is on', () => {
    expect(sandboxedPlatforms(readConfig(credentials))).not.toContain('linkedin');
    expect(sandboxedPlatforms(readConfig({ ...credentials, SANDBOX: 'on' }))).toContain('linkedin');
    expect(sandboxedPlatforms(readConfig({ SANDBOX: 'off' }))).toEqual([]);
  });

  it('is not used in production, unless it is on', () => {
    expect(sandboxedPlatforms(readConfig({ NODE_ENV: 'production' }))).toEqual([]);
    expect(sandboxedPlatforms(readConfig({ NODE_ENV: 'production', SANDBOX: 'on' }))).toContain('linkedin');
  });
});

describe('.env', () => {
  it('fills in what is not set already', () => {
    writeFileSync(join(directory, '.env'), 'CONFIG_TEST_NEW=from the file\nCONFIG_TEST_SET=from the file\n');
    process.env.CONFIG_TEST_SET = 'from outside';
    try {
      loadDotEnv(directory);
      expect(process.env.CONFIG_TEST_NEW).toBe('from the file');
      expect(process.env.CONFIG_TEST_SET).toBe('from outside');
    } finally {
      delete process.env.CONFIG_TEST_NEW;
      delete process.env.CONFIG_TEST_SET;
    }
  });

  it('may be missing', () => {
    expect(() => loadDotEnv(directory)).not.toThrow();
  });
});

describe('.env.example', () => {
  const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
  /** As if every line had been uncommented. */
  const shown = parseEnv(example.replaceAll(/^#(?=[A-Z_]+=)/gm, ''));

  it('names every variable and no other', () => {
    expect(Object.keys(shown).sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('shows the defaults: with every line uncommented nothing changes', () => {
    expect(readConfig(shown)).toEqual(readConfig({}));
  });

  it('changes nothing when it is copied as it is', () => {
    expect(parseEnv(example)).toEqual({});
  });
});

describe('README.md', () => {
  it('names every variable', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(VARIABLE_NAMES.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
