/**
 * Sign in with LinkedIn through OpenID Connect. passport-linkedin-oauth2 2.0.0 still speaks to /v2/me, which answers 403
 * to today's apps; everything but the profile is as it was. What is asked for covers publishing too, so that signing in
 * connects the member's account as well.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Strategy } from 'passport-linkedin-oauth2';
import type OAuth2Strategy from 'passport-oauth2';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import { visibleName } from '../domain/invisible-characters.ts';
import { LINKEDIN_ID } from '../platforms/linkedin-connector.ts';
import type { TokenGrant } from '../platforms/platform.ts';
import { emailAddress } from './email-address.ts';

export const LINKEDIN_SCOPES = ['openid', 'profile', 'email', 'w_member_social'] as const;

/** Who LinkedIn says it is. `email` only when LinkedIn verified it. */
export interface LinkedInProfile {
  sub: string;
  name: string;
  email: string | null;
}

/** What signing in gave: who it is, and the tokens to publish for him. */
export interface LinkedInGrant {
  profile: LinkedInProfile;
  grant: TokenGrant;
}

declare global {
  namespace Express {
    // What passport calls a user is, for us, only LinkedIn's answer; whom we let in is decided afterwards.
    interface User extends LinkedInGrant {}
  }
}

export class LinkedInOpenIdStrategy extends Strategy {
  // Not a #private field: passport works with objects made by Object.create(strategy), which would not have it.
  private readonly userinfoUrl: string;

  /** @param store keeps `state` in the web session, single use */
  constructor(settings: PlatformSettings, callbackURL: string, store: OAuth2Strategy.StateStore, clock: Clock) {
    const options: OAuth2Strategy.StrategyOptions = {
      authorizationURL: `${settings.authorizeUrl}/authorization`,
      tokenURL: `${settings.authorizeUrl}/accessToken`,
      clientID: settings.clientId ?? '',
      clientSecret: settings.clientSecret ?? '',
      callbackURL,
      scope: [...LINKEDIN_SCOPES],
      store,
    };
    // Five parameters: passport-oauth2 counts them and then hands over the token endpoint's whole answer.
    super(
      options,
      (
        accessToken: string,
        refreshToken: string | undefined,
        answer: unknown,
        profile: LinkedInProfile,
        done: OAuth2Strategy.VerifyCallback,
      ) => {
        done(null, { profile, grant: readGrant(accessToken, refreshToken, answer, clock.now()) });
      },
    );
    this.userinfoUrl = `${settings.apiUrl}/v2/userinfo`;
  }

  override userProfile(accessToken: string, done: (error?: unknown, profile?: LinkedInProfile) => void): void {
    fetchProfile(this.userinfoUrl, accessToken).then((profile) => done(null, profile), done);
  }

  override authorizationParams(): object {
    return {};
  }
}

const seconds = z.coerce.number().positive().optional().catch(undefined);
const tokenAnswer = z.object({
  expires_in: seconds,
  refresh_token_expires_in: seconds,
  // A comma- or space-separated list; absent means that everything asked for was granted (RFC 6749 section 5.1).
  scope: z.string().default(LINKEDIN_SCOPES.join(' ')),
});

function readGrant(accessToken: string, refreshToken: string | undefined, answer: unknown, now: Date): TokenGrant {
  const { expires_in, refresh_token_expires_in, scope } = tokenAnswer.parse(answer);
  const after = (seconds: number | undefined) =>
    seconds === undefined ? null : new Date(now.getTime() + seconds * 1000);
  return {
    accessToken,
    accessTokenExpiresAt: after(expires_in),
    refreshToken: refreshToken === undefined || refreshToken === '' ? null : refreshToken,
    refreshTokenExpiresAt: after(refresh_token_expires_in),
    scopes: scope.split(/[\s,]+/).filter((part) => /^[\w.]{1,100}$/.test(part)),
  };
}

const userinfo = z.object({
  sub: z.string().regex(LINKEDIN_ID),
  name: z.string().optional(),
  given_name: z.string().optional(),
  family_name: z.string().optional(),
  email: z.string().optional(),
  email_verified: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).optional(),
});

/** A fresh token may be refused for a moment (observed: 401 "revoked" right after the exchange), so a refusal is asked again. */
const REPEAT_AFTER_MS = [300, 700, 1500];

async function fetchProfile(url: string, accessToken: string): Promise<LinkedInProfile> {
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) return readProfile(await response.json());
    await response.body?.cancel();
    const delay = REPEAT_AFTER_MS[attempt];
    if (response.status !== 401 || delay === undefined)
      throw new Error(`LinkedIn's userinfo answered ${response.status}`);
    await wait(delay);
  }
}

function readProfile(body: unknown): LinkedInProfile {
  const answer = userinfo.parse(body);
  const name = visibleName(answer.name ?? [answer.given_name, answer.family_name].filter(Boolean).join(' '));
  return {
    sub: answer.sub,
    name: name || 'LinkedIn member',
    email: answer.email_verified === true ? emailAddress(answer.email ?? '') : null,
  };
}
