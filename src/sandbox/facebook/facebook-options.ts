/** How the app that the product plays is registered with the sandbox's Facebook. Every field has a default. */
export interface FacebookOptions {
  /** Default `sandbox-client`. Real app ids are numbers; one default for all platforms is easier to remember. */
  readonly clientId?: string;
  /** Default `sandbox-secret`. */
  readonly clientSecret?: string;
  /** The exact redirect URIs registered for the app. Default: any that Facebook could have registered. */
  readonly redirectUris?: readonly string[];
  /** Permissions that App Review granted the app. Default: everything that publishing and its figures take. */
  readonly permissions?: readonly string[];
  /** The app setting "Require App Secret": every call must carry `appsecret_proof`. Default false. */
  readonly requireAppSecretProof?: boolean;
  /** How the same text twice in a row is refused: both codes have been seen for it. Default 506. */
  readonly duplicateCode?: 506 | 368;
  /** People who use the app: it has 200 calls for each of them per hour. Default 1,000. */
  readonly appUsers?: number;
  /** People who engage with each Page: an app has 4,800 calls for each of them per day. Default 1,000. */
  readonly engagedUsers?: number;
  /** How long a new post is missing from the lists, in milliseconds. Default 0. */
  readonly listingDelayMs?: number;
}

export const DEFAULT_OPTIONS: Required<Omit<FacebookOptions, 'redirectUris'>> = {
  clientId: 'sandbox-client',
  clientSecret: 'sandbox-secret',
  permissions: [
    'public_profile',
    'email',
    'pages_show_list',
    'pages_read_engagement',
    'pages_manage_posts',
    'pages_manage_metadata',
    'pages_manage_engagement',
    'pages_read_user_content',
    'business_management',
    'read_insights',
  ],
  requireAppSecretProof: false,
  duplicateCode: 506,
  appUsers: 1_000,
  engagedUsers: 1_000,
  listingDelayMs: 0,
};
