/** How the app that the product plays is registered with the sandbox's X. Every field has a default. */
export interface XOptions {
  /** Default `sandbox-client`. */
  readonly clientId?: string;
  /** Default `sandbox-secret`. */
  readonly clientSecret?: string;
  /** A confidential client proves itself with its secret, a public one has none and only names itself. Default confidential. */
  readonly clientType?: 'confidential' | 'public';
  /** The exact redirect URIs registered for the app. Default: any that X could have registered. */
  readonly redirectUris?: readonly string[];
  /** Scopes the app may ask for. Default: what reading, publishing and uploading take. */
  readonly scopes?: readonly string[];
  /** Whether using a refresh token a second time kills every token of that connection. Unconfirmed of the real X. Default false. */
  readonly revokeFamilyOnReuse?: boolean;
  /** False: nothing is ever rate limited, and the headers always show a full window. Default true. */
  readonly rateLimits?: boolean;
  /** Create calls a user has in 15 minutes. Default 100. */
  readonly postsPerWindow?: number;
  /** Create calls a user has in 24 hours, over all clients. Default 2,400. */
  readonly userDailyLimit?: number;
  /** Create calls the app has in 24 hours. Default 10,000. */
  readonly applicationDailyLimit?: number;
  /** How long identical text is refused, in milliseconds. X does not say. Default 24 hours. */
  readonly duplicateWindowMs?: number;
  /** How long an uploaded medium is being processed, in milliseconds. Default 0. */
  readonly mediaProcessingMs?: number;
  /** How long an uploaded medium can be used, in seconds. Default 86,400. */
  readonly mediaLifeS?: number;
  /** The names of fields and problems before or since X's API description 2.167. Default old. */
  readonly fieldNames?: 'old' | 'new';
  /**
   * Whether returned text is what the real X returns: `&`, `<` and `>` as HTML entities, and a t.co link to the media at its
   * end. Default true; false leaves both out.
   */
  readonly decoratedText?: boolean;
}

export const DEFAULT_OPTIONS: Required<Omit<XOptions, 'redirectUris'>> = {
  clientId: 'sandbox-client',
  clientSecret: 'sandbox-secret',
  clientType: 'confidential',
  scopes: ['tweet.read', 'tweet.write', 'users.read', 'users.email', 'media.write', 'offline.access'],
  revokeFamilyOnReuse: false,
  rateLimits: true,
  postsPerWindow: 100,
  userDailyLimit: 2_400,
  applicationDailyLimit: 10_000,
  duplicateWindowMs: 24 * 3_600_000,
  mediaProcessingMs: 0,
  mediaLifeS: 86_400,
  fieldNames: 'old',
  decoratedText: true,
};
