/**
 * All three platforms for a bench, played by its sandbox over HTTP, with every request on record: for what has to be true of
 * whatever platform.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { ConnectedAccount } from '@prisma/client';
import { connectAccount } from '../accounts/connect-account.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import type { Platform } from '../domain/platform-name.ts';
import { createHttpClient, type HttpAnswer, type HttpClient } from '../platforms/http-client.ts';
import type { Reach } from '../platforms/platform.ts';
import { createPlatforms } from '../platforms/registry.ts';
import type { Bench } from './publishing-bench.ts';

export interface AllPlatforms {
  ctx: AppContext;
  /** Every request to a platform since the last account was connected, as method and path. */
  asked: string[];
  /** Paths that nobody answers. */
  silent: RegExp | null;
  /** Paths that are answered so instead of by the sandbox. */
  instead: { path: RegExp; answer: HttpAnswer } | null;
  /** Connects Amara's account, or with `organizations` the Page she administers, as if an hour ago. */
  connect(actor: Actor, platform: Platform, reach?: Reach): Promise<ConnectedAccount>;
  fault(account: ConnectedAccount, fault: string, times?: number): Promise<void>;
  /** Forgets posts, tokens and faults. */
  reset(): Promise<void>;
}

const CONSENT: Record<Platform, [string, string]> = {
  linkedin: ['sandbox_member', 'amara.okafor@example.com'],
  facebook: ['sandbox_member', 'amara.okafor@example.com'],
  x: ['sandbox_user', 'amara_okafor'],
};

export function allPlatforms(bench: Bench): AllPlatforms {
  const { origin } = new URL(bench.environment.LINKEDIN_API_URL ?? '');
  const client = createHttpClient();
  const http: HttpClient = {
    send: (request, ...rest) => {
      const { pathname } = new URL(request.url);
      all.asked.push(`${request.method} ${pathname}`);
      if (all.silent?.test(pathname)) return new Promise(() => undefined);
      if (all.instead?.path.test(pathname)) return Promise.resolve(all.instead.answer);
      return client.send(request, ...rest);
    },
    close: () => client.close(),
  };
  const { platforms } = bench.ctx.config;
  const app = { clientId: 'sandbox-client', clientSecret: 'sandbox-secret', version: null };
  const at = (authorize: string, api: string) => ({ ...app, authorizeUrl: origin + authorize, apiUrl: origin + api });
  const settings = {
    linkedin: { ...platforms.linkedin, ...at('/linkedin/oauth/v2', '/linkedin') },
    facebook: { ...platforms.facebook, ...at('/facebook', '/facebook') },
    x: { ...platforms.x, ...at('/x/i/oauth2/authorize', '/x') },
  };
  const options = { sandboxed: ['linkedin', 'facebook', 'x'], clock: bench.ctx.clock, http } as const;
  const ctx = { ...bench.ctx, platforms: createPlatforms(settings, options) };

  async function order(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json', origin };
    const answer = await fetch(`${origin}/sandbox/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the sandbox refused ${path}: ${await answer.text()}`);
  }

  const all: AllPlatforms = {
    ctx,
    asked: [],
    silent: null,
    instead: null,
    async connect(actor, platform, reach = 'own') {
      const adapter = ctx.platforms[platform];
      if (adapter === undefined) throw new Error(`the sandbox serves ${platform}`);
      const redirectUri = `http://localhost:3000/connect/${platform}/callback`;
      const codeVerifier = randomBytes(32).toString('base64url');
      const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
      const consent = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 's', codeChallenge, reach }));
      consent.searchParams.set(...CONSENT[platform]);
      const answer = await fetch(consent, { redirect: 'manual' });
      const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
      const now = ctx.clock.now();
      const grant = await adapter.connector.exchangeCode({ code, redirectUri, codeVerifier }, now);
      const candidate = (await adapter.connector.candidates(grant, now, reach)).at(-1);
      if (candidate === undefined) throw new Error('there is an account');
      const connection = { actor, teamId: bench.teamId, personal: false, platform, candidate };
      const { id } = await ctx.db.$transaction((tx) =>
        connectAccount(tx, ctx, { ...connection, grant: candidate.grant ?? grant }),
      );
      all.asked = [];
      const connectedAt = new Date(now.getTime() - 3_600_000);
      await ctx.db.accountCredential.update({ where: { accountId: id }, data: { issuedAt: connectedAt } });
      return ctx.db.connectedAccount.update({ where: { id }, data: { connectedAt, askedAt: null } });
    },
    fault({ platform, kind, externalId }, fault, times) {
      const urn = { member: 'urn:li:person:', organization: 'urn:li:organization:', page: '' }[kind];
      const account = platform === 'linkedin' ? urn + externalId : externalId;
      return order('faults', { platform, account, fault, times });
    },
    reset: () => order('reset', {}),
  };
  return all;
}
