/**
 * The only reader of the environment. `readConfig` checks everything and reports every problem at once; whoever gets a
 * Config can rely on it. Secrets that are generated on first start are not here but in secrets.ts.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  contact,
  isTrustedProxies,
  oneOf,
  origin,
  port,
  sender,
  sessionSecrets,
  smtpAddress,
  tokenKeys,
  trustProxy,
  webAddress,
} from './config-values.ts';
import { PLATFORMS, type Platform } from './domain/platform-name.ts';

/** Where a platform is and which app of ours speaks to it. */
export interface PlatformSettings {
  clientId: string | null;
  clientSecret: string | null;
  /** Where consent is asked: LinkedIn's OAuth base, Facebook's dialog base, X's authorize page. */
  authorizeUrl: string;
  apiUrl: string;
  /** An API version set by hand; null means computed or the built-in default. */
  version: string | null;
  /** LinkedIn only: which of its two APIs posts are created with. */
  postsApi?: 'posts' | 'ugcPosts';
}

export interface Config {
  environment: 'development' | 'test' | 'production';
  port: number;
  host: string;
  publicUrl: string;
  /** null: the embedded database under dataDir. */
  databaseUrl: string | null;
  dataDir: string;
  role: 'all' | 'web' | 'worker';
  sessionSecrets: readonly string[] | null;
  /** `id:base64` pairs, first one writes; null: generated into dataDir. */
  tokenKeys: readonly { id: string; key: Buffer }[] | null;
  superuser: { email: string; password: string } | null;
  /** Superusers have to add a second factor before they may do anything else. */
  requireSuperuserTotp: boolean;
  sandbox: 'auto' | 'on' | 'off';
  sandboxPort: number;
  platforms: Readonly<Record<Platform, PlatformSettings>>;
  /** How people are told by e-mail; null: not at all. */
  mail: { smtpUrl: string; from: string } | null;
  /** Who is told of a weakness, a URI; null: nobody is named. */
  securityContact: string | null;
  logLevel: string;
  metricsToken: string | null;
  /** Express's `trust proxy`: false, or a hop count, or a list of addresses. */
  trustProxy: false | number | string;
}

/** The configuration cannot be used. `problems` has a sentence for each fault, all of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

const variables = z.object({
  NODE_ENV: oneOf('NODE_ENV', ['development', 'test', 'production']).default('development'),
  PORT: port('PORT').default(3000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: origin('PUBLIC_URL').optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, {
      error: 'DATABASE_URL must start with postgresql://. Leave it out to use the embedded database.',
      abort: true,
    })
    .refine(
      (text) => URL.canParse(text),
      'DATABASE_URL is not an address such as postgresql://user:password@host:5432/database; special characters of the password must be percent-encoded.',
    )
    .optional(),
  DATA_DIR: z.string().default('./data'),
  ROLE: oneOf('ROLE', ['all', 'web', 'worker']).default('all'),
  SESSION_SECRET: z
    .string()
    .transform((text, check) => sessionSecrets(text, check))
    .optional(),
  TOKEN_KEYS: z
    .string()
    .transform((text, check) => tokenKeys(text, check))
    .optional(),
  SUPERUSER_EMAIL: z
    .email('SUPERUSER_EMAIL must be an e-mail address.')
    .transform((text) => text.toLowerCase())
    .optional(),
  SUPERUSER_PASSWORD: z.string().min(8, 'SUPERUSER_PASSWORD must have at least 8 characters.').optional(),
  REQUIRE_SUPERUSER_TOTP: oneOf('REQUIRE_SUPERUSER_TOTP', ['on', 'off']).default('off'),
  SANDBOX: oneOf('SANDBOX', ['auto', 'on', 'off']).default('auto'),
  SANDBOX_PORT: port('SANDBOX_PORT').optional(),
  LINKEDIN_CLIENT_ID: z.string().optional(),
  LINKEDIN_CLIENT_SECRET: z.string().optional(),
  LINKEDIN_OAUTH_URL: webAddress('LINKEDIN_OAUTH_URL').default('https://www.linkedin.com/oauth/v2'),
  LINKEDIN_API_URL: webAddress('LINKEDIN_API_URL').default('https://api.linkedin.com'),
  LINKEDIN_VERSION: z
    .string()
    .regex(
      /^20\d{2}(0[1-9]|1[0-2])$/,
      'LINKEDIN_VERSION must be a year and month such as 202610. Leave it out to let it be computed.',
    )
    .optional(),
  LINKEDIN_POSTS_API: oneOf('LINKEDIN_POSTS_API', ['posts', 'ugcPosts']).default('posts'),
  FACEBOOK_APP_ID: z.string().optional(),
  FACEBOOK_APP_SECRET: z.string().optional(),
  FACEBOOK_DIALOG_URL: webAddress('FACEBOOK_DIALOG_URL').default('https://www.facebook.com'),
  FACEBOOK_GRAPH_URL: webAddress('FACEBOOK_GRAPH_URL').default('https://graph.facebook.com'),
  FACEBOOK_GRAPH_VERSION: z
    .string()
    .regex(/^v\d+\.\d+$/, 'FACEBOOK_GRAPH_VERSION must look like v26.0.')
    .default('v26.0'),
  X_CLIENT_ID: z.string().optional(),
  X_CLIENT_SECRET: z.string().optional(),
  X_AUTHORIZE_URL: webAddress('X_AUTHORIZE_URL').default('https://x.com/i/oauth2/authorize'),
  X_API_URL: webAddress('X_API_URL').default('https://api.x.com'),
  SMTP_URL: smtpAddress('SMTP_URL').optional(),
  MAIL_FROM: sender('MAIL_FROM').optional(),
  SECURITY_CONTACT: contact('SECURITY_CONTACT').optional(),
  LOG_LEVEL: oneOf('LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  METRICS_TOKEN: z.string().optional(),
  TRUST_PROXY: z
    .string()
    .refine(
      isTrustedProxies,
      'TRUST_PROXY must be off, on, a number of proxies, or a comma list of addresses such as 10.0.0.0/8 or loopback.',
    )
    .default('off'),
});
type Variables = z.output<typeof variables>;

/** The names above, for .env.example and the doctor. */
export const VARIABLE_NAMES = Object.keys(variables.shape);

/**
 * Loads `.env` beside package.json, if there is one, into process.env; variables already set win.
 * @throws ConfigError when there is one that cannot be read
 */
export function loadDotEnv(directory: string): void {
  const file = join(directory, '.env');
  if (!existsSync(file)) return;
  try {
    process.loadEnvFile(file);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ConfigError([
      `${file} cannot be read (${reason}). Make it a file that this user may read, or remove it.`,
    ]);
  }
}

/**
 * @param environment normally process.env; an empty value counts as not set
 * @throws ConfigError with every problem
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = variables.safeParse(set);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => issue.message)),
    ...contradictions(set),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return assemble(parsed.data);
}

/** The platforms that the sandbox serves: those without credentials outside production, or all, or none. */
export function sandboxedPlatforms(config: Pick<Config, 'sandbox' | 'environment' | 'platforms'>): readonly Platform[] {
  if (config.sandbox === 'on') return PLATFORMS;
  if (config.sandbox === 'off' || config.environment === 'production') return [];
  return PLATFORMS.filter((platform) => config.platforms[platform].clientId === null);
}

/** What is wrong with the combination, whether or not each variable is fine alone. */
function contradictions(v: Readonly<Record<string, string | undefined>>): string[] {
  const problems: string[] = [];
  const pairs: readonly (readonly [string, string | undefined, string, string | undefined])[] = [
    ['LINKEDIN_CLIENT_ID', v.LINKEDIN_CLIENT_ID, 'LINKEDIN_CLIENT_SECRET', v.LINKEDIN_CLIENT_SECRET],
    ['FACEBOOK_APP_ID', v.FACEBOOK_APP_ID, 'FACEBOOK_APP_SECRET', v.FACEBOOK_APP_SECRET],
    ['SUPERUSER_EMAIL', v.SUPERUSER_EMAIL, 'SUPERUSER_PASSWORD', v.SUPERUSER_PASSWORD],
    ['SMTP_URL', v.SMTP_URL, 'MAIL_FROM', v.MAIL_FROM],
  ];
  for (const [first, one, second, other] of pairs) {
    if ((one === undefined) !== (other === undefined)) {
      problems.push(`${one === undefined ? first : second} is missing: ${first} and ${second} belong together.`);
    }
  }
  // X allows public clients without a secret, so only the reverse is a mistake.
  if (v.X_CLIENT_SECRET !== undefined && v.X_CLIENT_ID === undefined)
    problems.push('X_CLIENT_ID is missing: X_CLIENT_SECRET is set without it.');
  if (v.SANDBOX_PORT !== undefined && v.SANDBOX_PORT === (v.PORT ?? '3000') && v.SANDBOX_PORT !== '0') {
    problems.push(
      'SANDBOX_PORT is the same as PORT. Give the sandbox a port of its own, or leave it out: it is PORT + 1 then.',
    );
  }
  if (v.NODE_ENV === 'production' && v.DATABASE_URL !== undefined) {
    // Several machines may share that database; secrets generated on one of them would lock out the others.
    if (v.SESSION_SECRET === undefined)
      problems.push(
        'SESSION_SECRET is required in production with DATABASE_URL. Make one with: openssl rand -base64 48',
      );
    if (v.TOKEN_KEYS === undefined)
      problems.push(
        'TOKEN_KEYS is required in production with DATABASE_URL. Make one with: echo "k1:$(openssl rand -base64 32)"',
      );
  }
  return problems;
}

function assemble(v: Variables): Config {
  const app = (clientId: string | undefined, clientSecret: string | undefined) => ({
    clientId: clientId ?? null,
    clientSecret: clientSecret ?? null,
  });
  return {
    environment: v.NODE_ENV,
    port: v.PORT,
    host: v.HOST,
    publicUrl: v.PUBLIC_URL ?? `http://localhost:${v.PORT}`,
    databaseUrl: v.DATABASE_URL ?? null,
    dataDir: resolve(v.DATA_DIR),
    role: v.ROLE,
    sessionSecrets: v.SESSION_SECRET ?? null,
    tokenKeys: v.TOKEN_KEYS ?? null,
    superuser:
      v.SUPERUSER_EMAIL !== undefined && v.SUPERUSER_PASSWORD !== undefined
        ? { email: v.SUPERUSER_EMAIL, password: v.SUPERUSER_PASSWORD }
        : null,
    requireSuperuserTotp: v.REQUIRE_SUPERUSER_TOTP === 'on',
    sandbox: v.SANDBOX,
    sandboxPort: v.SANDBOX_PORT ?? (v.PORT === 0 ? 0 : v.PORT + 1),
    platforms: {
      linkedin: {
        ...app(v.LINKEDIN_CLIENT_ID, v.LINKEDIN_CLIENT_SECRET),
        authorizeUrl: v.LINKEDIN_OAUTH_URL,
        apiUrl: v.LINKEDIN_API_URL,
        version: v.LINKEDIN_VERSION ?? null,
        postsApi: v.LINKEDIN_POSTS_API,
      },
      facebook: {
        ...app(v.FACEBOOK_APP_ID, v.FACEBOOK_APP_SECRET),
        authorizeUrl: v.FACEBOOK_DIALOG_URL,
        apiUrl: v.FACEBOOK_GRAPH_URL,
        version: v.FACEBOOK_GRAPH_VERSION,
      },
      x: {
        ...app(v.X_CLIENT_ID, v.X_CLIENT_SECRET),
        authorizeUrl: v.X_AUTHORIZE_URL,
        apiUrl: v.X_API_URL,
        version: null,
      },
    },
    mail: v.SMTP_URL !== undefined && v.MAIL_FROM !== undefined ? { smtpUrl: v.SMTP_URL, from: v.MAIL_FROM } : null,
    securityContact: v.SECURITY_CONTACT ?? null,
    logLevel: v.LOG_LEVEL,
    metricsToken: v.METRICS_TOKEN ?? null,
    trustProxy: trustProxy(v.TRUST_PROXY),
  };
}
