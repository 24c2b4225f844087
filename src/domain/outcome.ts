/**
 * What one attempt to create a post on a platform ended in: a closed set. A platform file turns every answer, and every
 * absence of one, into exactly one of these; the rest of the product decides by `kind` alone.
 */
export type Outcome =
  /** It is there, and this is its id. `madeBy`: the earlier attempt that made it, as a refused duplicate has shown. */
  | { kind: 'accepted'; httpStatus: number; externalId: string; permalink: string; madeBy?: string }
  /** The platform said no for good: content, permission or configuration. */
  | { kind: 'rejected'; httpStatus: number | null; errorCode: string; errorMessage: string }
  /** Nothing was created (not sent, or refused before effect); worth another try. */
  | {
      kind: 'unavailable';
      httpStatus: number | null;
      errorCode: string;
      errorMessage: string;
      /** By the clock of whoever read the answer; what counts is how long that is from then. Null and uncounted: at once. */
      retryAt: Date | null;
      /** Our own doing (a pause, a renewed token): the next try is not one more of those that a post has. */
      uncounted?: true;
    }
  /** A quota: wait for its reset. Does not count as an attempt. */
  | { kind: 'rate-limited'; httpStatus: number; errorCode: string; errorMessage: string; retryAt: Date | null }
  /** The token is dead or lacks a scope; nothing was created. */
  | { kind: 'reauthorization-required'; httpStatus: number | null; errorCode: string; errorMessage: string }
  /** The platform says identical content exists, and perhaps where. */
  | {
      kind: 'duplicate';
      httpStatus: number;
      errorCode: string;
      errorMessage: string;
      externalId: string | null;
      permalink: string | null;
    }
  /** It may or may not be there. Never sent again before somebody has looked. */
  | { kind: 'unknown'; httpStatus: number | null; errorCode: string; errorMessage: string };

export type OutcomeKind = Outcome['kind'];

/** What a look-up on the platform found about an attempt whose outcome is unknown. */
export type LookUp =
  | { found: 'present'; externalId: string; permalink: string; acceptedAt: Date | null }
  /**
   * A good read that showed older posts but not this one. One such read proves nothing yet, and none at all when a post
   * `alike` (the ids of those with this text, of whatever time) may be this one after all, or when the platform's clock
   * (null: it did not say) differs from ours.
   */
  | { found: 'absent'; alike: readonly string[]; platformTime: Date | null }
  /** The platform does not let us look, or the read failed; `tokenRefused`: because it does not accept the token. */
  | { found: 'no-answer'; reason: string; tokenRefused?: TokenRefusal };

/**
 * How a read was refused. `named`: in the platform's own words the token has ended. `perhaps`: a bare 401, which gateways
 * give too, and which X has answered for healthy tokens for a day.
 */
export type TokenRefusal = 'named' | 'perhaps';
