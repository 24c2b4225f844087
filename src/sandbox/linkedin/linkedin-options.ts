/** How the app that the product plays is registered with the sandbox's LinkedIn. Every field has a default. */
export interface LinkedinOptions {
  /** Default `sandbox-client`. */
  readonly clientId?: string;
  /** Default `sandbox-secret`. */
  readonly clientSecret?: string;
  /** The exact redirect URIs registered for the app. Default: any that LinkedIn could have registered. */
  readonly redirectUris?: readonly string[];
  /** Scopes of the products added to the app. Default: sign in, share, and organisation pages. */
  readonly scopes?: readonly string[];
  /** An approved partner also gets refresh tokens. Default false. */
  readonly partner?: boolean;
  /** Create calls a member has per day (UTC). Default 150. */
  readonly memberDailyLimit?: number;
  /** Create calls the app has per day (UTC). Default 100,000. */
  readonly applicationDailyLimit?: number;
  /** How long a new token still answers 65601, in milliseconds; observed on the real platform. Default 0. */
  readonly newTokenLagMs?: number;
  /** How long an uploaded image is being processed, in milliseconds. Default 0. */
  readonly imageProcessingMs?: number;
}

export const DEFAULT_OPTIONS: Required<Omit<LinkedinOptions, 'redirectUris'>> = {
  clientId: 'sandbox-client',
  clientSecret: 'sandbox-secret',
  scopes: [
    'openid',
    'profile',
    'email',
    'w_member_social',
    'w_organization_social',
    'r_organization_social',
    'rw_organization_admin',
  ],
  partner: false,
  memberDailyLimit: 150,
  applicationDailyLimit: 100_000,
  newTokenLagMs: 0,
  imageProcessingMs: 0,
};
