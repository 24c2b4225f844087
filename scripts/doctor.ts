/**
 * npm run doctor
 * Looks at configuration, database, keys and the platforms' reachability; says what is wrong and what to do. Exit code 1
 * when something is. Changes nothing but what a start would (migrations are applied).
 */
import { unreadableAccounts } from '../src/accounts/readable-tokens.ts';
import { TokenUnreadableError } from '../src/accounts/token-cipher.ts';
import { readConfig, sandboxedPlatforms } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import { PLATFORM_LABEL, PLATFORMS } from '../src/domain/platform-name.ts';
import { createMailer } from '../src/notices/mailer.ts';
import type { OpenContext } from '../src/open-context.ts';
import { oldestOverdueSeconds } from '../src/publishing/overdue.ts';
import { explain } from '../src/startup-error.ts';
import { runCommand } from './command.ts';

const REACH_TIMEOUT_MS = 5_000;
let problems = 0;

const good = (text: string) => console.log(`  ok    ${text}`);
const note = (text: string) => console.log(`  note  ${text}`);
const bad = (text: string) => {
  problems += 1;
  console.log(`  BAD   ${text}`);
};

await runCommand(look, (error) => bad(explain(error)));
console.log(
  problems === 0
    ? '\nNothing is wrong.'
    : `\n${problems === 1 ? 'One thing needs' : `${problems} things need`} your attention.`,
);

async function look({ ctx }: OpenContext): Promise<number> {
  const { environment, publicUrl } = ctx.config;
  console.log('Configuration');
  good(`${environment}, role ${readConfig().role}, reached at ${publicUrl}`);
  if (environment === 'production' && !publicUrl.startsWith('https://'))
    note('PUBLIC_URL is not https: cookies and OAuth need it outside this machine.');
  console.log('Database');
  await lookAtDatabase(ctx);
  console.log('Keys');
  await lookAtKeys(ctx);
  console.log('Platforms');
  for (const platform of PLATFORMS) await lookAtPlatform(ctx, platform);
  console.log('E-mail');
  await lookAtMail(ctx);
  return problems === 0 ? 0 : 1;
}

async function lookAtDatabase({ db, config }: AppContext): Promise<void> {
  const [row] = await db.$queryRaw<
    { version: string; size: string }[]
  >`SELECT current_setting('server_version') AS version, pg_size_pretty(pg_database_size(current_database())) AS size`;
  good(
    `Postgres ${row?.version ?? '?'}, ${row?.size ?? '?'}${config.databaseUrl === null ? `, embedded under ${config.dataDir}` : ''}; migrations applied`,
  );
  const overdue = await oldestOverdueSeconds({ db });
  if (overdue > 60)
    bad(
      `A publication has been due for ${Math.round(overdue / 60)} minutes: no worker is running. Start one (npm start).`,
    );
  else good('nothing is overdue');
  const waiting = await db.publication.count({
    where: { status: { in: ['unconfirmed', 'failed', 'held', 'missed'] } },
  });
  if (waiting > 0) note(`${waiting} publications wait for a person: open the panel's dashboard.`);
}

async function lookAtKeys(ctx: AppContext): Promise<void> {
  const { db, tokenCipher } = ctx;
  const counts = new Map<string, number>();
  const accounts = await db.accountCredential.findMany({ select: { accountId: true, accessToken: true } });
  const factors = await db.secondFactor.findMany({ select: { userId: true, secret: true } });
  const stored = [
    ...accounts.map(({ accountId, accessToken }) => ({
      sealed: accessToken,
      damaged: `The token of account ${accountId} is damaged. Reconnect it in the panel.`,
    })),
    ...factors.map(({ userId, secret }) => ({
      sealed: secret,
      damaged: `The second factor of person ${userId} is damaged. Switch it off on the person's page.`,
    })),
  ];
  for (const { sealed, damaged } of stored) {
    try {
      const id = tokenCipher.keyIdOf(sealed);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof TokenUnreadableError)) throw error;
      bad(damaged);
    }
  }
  const closed = await unreadableAccounts(ctx);
  if (closed.length > 0)
    bad(
      `The tokens of ${closed.length} connected account${closed.length === 1 ? '' : 's'} cannot be opened with TOKEN_KEYS (or DATA_DIR/token-keys): a key is missing or is another one. Restore it from your backup; if it is lost, connect these accounts again.`,
    );
  good(`new tokens are written under key "${tokenCipher.currentKeyId}"`);
  for (const [id, count] of counts) {
    if (id === tokenCipher.currentKeyId) good(`${count} stored under key "${id}"`);
    else note(`${count} stored under key "${id}": run npm run keys:rotate, then that key may go.`);
  }
}

const CREDENTIALS = {
  linkedin: 'LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET',
  facebook: 'FACEBOOK_APP_ID and FACEBOOK_APP_SECRET',
  x: 'X_CLIENT_ID and, for a confidential app, X_CLIENT_SECRET',
};

async function lookAtPlatform({ config, platforms }: AppContext, platform: (typeof PLATFORMS)[number]): Promise<void> {
  const label = PLATFORM_LABEL[platform];
  // A command has no sandbox of its own, so its registry cannot tell.
  if (sandboxedPlatforms(config).includes(platform)) return note(`${label}: the sandbox. Nothing leaves this machine.`);
  if (platforms[platform] === undefined) return note(`${label}: not set up. Set ${CREDENTIALS[platform]}.`);
  const { apiUrl } = config.platforms[platform];
  try {
    const answer = await fetch(apiUrl, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(REACH_TIMEOUT_MS),
    });
    good(`${label}: ${new URL(apiUrl).host} answers (HTTP ${answer.status})`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    bad(
      `${label}: ${new URL(apiUrl).host} cannot be reached (${cause}). Check the network, the proxy and the firewall.`,
    );
  }
}

async function lookAtMail({ config }: AppContext): Promise<void> {
  const { mail } = config;
  if (mail === null)
    return note('not set up: people see in the panel what waits for them. Set SMTP_URL and MAIL_FROM.');
  const { host } = new URL(mail.smtpUrl);
  try {
    await createMailer(mail).verify();
    good(`${host} lets us in; mails come from ${mail.from}`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    bad(`${host} does not let us in (${code}). Check SMTP_URL: host, port, user and password.`);
  }
}
