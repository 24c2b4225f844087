/**
 * What is safe to repeat, before anything is written as sent (step P1): is it still wanted, still in time, still allowed,
 * is the token good, is the content what the platform takes. Ends in a request that is ready to go, or in a reason not to.
 */

import { createHash } from 'node:crypto';
import type { Approval, ConnectedAccount, Post, Prisma, Publication, Team } from '@prisma/client';
import { ReauthorizationRequiredError, usableAccessToken } from '../accounts/access-token.ts';
import { TokenUnreadableError } from '../accounts/token-cipher.ts';
import type { AppContext } from '../context.ts';
import { mayPublishTo } from '../domain/access.ts';
import { contentProblems } from '../domain/content-rules.ts';
import { lateFrom } from '../domain/late-policy.ts';
import type { Outcome } from '../domain/outcome.ts';
import { PLATFORM_LABEL } from '../domain/platform-name.ts';
import { ConnectError, type CreateRequest, type Publisher } from '../platforms/platform.ts';
import { validApproval } from './approval.ts';
import { decideLate } from './approved-late-rule.ts';
import { type FrozenContent, freeze } from './evidence.ts';
import { activeHoldFor, onHold } from './holds.ts';
import { imageUploads } from './image-uploads.ts';
import { readPost } from './post-access.ts';
import { contentFor } from './post-content.ts';
import { POST_IMAGES, type PostImage } from './post-images.ts';
import { personalOfAnother } from './schedule-post.ts';

export type ClaimedPublication = Publication & {
  account: ConnectedAccount;
  team: Team;
  post: Post & { media: PostImage[] };
};

/** What belongs to a ClaimedPublication, for a query of one. */
export const FOR_PUBLISHING = {
  account: true,
  team: true,
  post: { include: { media: POST_IMAGES } },
} as const satisfies Prisma.PublicationInclude;

/** Why a claimed publication is not sent now although nothing failed. */
export interface Waiting {
  status: 'held' | 'missed' | 'awaiting_approval';
  errorCode:
    | 'hold'
    | 'late'
    | 'account-not-connected'
    | 'account-personal'
    | 'app-refused'
    | 'token-unreadable'
    | 'not-approved';
  errorMessage: string;
}

export type ReadyPreparation = Extract<Preparation, { ready: true }>;

export type Preparation =
  | {
      ready: true;
      publisher: Publisher;
      request: CreateRequest;
      requestHash: string;
      tokenVersion: number;
      frozen: FrozenContent;
      /** The approval it rests on; null in a team that needs none. */
      approvalId: string | null;
    }
  | { ready: false; waiting: Waiting }
  /** Nothing was sent; the outcome says what follows. With the version of the token that an upload was tried with. */
  | { ready: false; outcome: Outcome; tokenVersion?: number };

/**
 * @param now by the database's clock, which alone decides what is late; ahead of time, the instant at which it will be sent
 * @throws only for surprises
 */
export async function prepare(
  ctx: AppContext,
  publication: ClaimedPublication,
  now: Date,
  signal: AbortSignal,
): Promise<Preparation> {
  const { account, post, team } = publication;
  const hold = await activeHoldFor(ctx.db, account);
  if (hold !== null) return waitFor('held', 'hold', onHold(hold));
  if (!mayPublishTo(account, post)) return waitFor('held', 'account-personal', personalOfAnother(account));
  if (account.status !== 'active') return waitFor('held', 'account-not-connected', notConnected(account));
  const approval = team.requiresApproval ? await findApproval(ctx, publication) : null;
  const promised = lateFrom(publication);
  if (promised !== null) {
    const decision = decideLate(publication, team, approval === 'missing' ? null : approval, promised, now);
    if (decision !== 'send') return late(promised, decision === 'hold' ? 'held' : 'missed', now);
  }

  if (approval === 'missing') {
    return waitFor(
      'awaiting_approval',
      'not-approved',
      'What was approved is not what would be sent now. It needs approval again.',
    );
  }
  const content = contentFor(post, publication);
  const [problem] = contentProblems(content, [account.platform]);
  if (problem !== undefined) return rejected('content', problem.message);
  const platform = ctx.platforms[account.platform];
  if (platform === undefined)
    return rejected(
      'platform-not-configured',
      `${PLATFORM_LABEL[account.platform]} is not set up on this server. Ask the operator to configure it, then use “Send again”.`,
    );
  try {
    const { accessToken, tokenVersion, issuedAt } = await usableAccessToken(ctx, account.id);
    const prepared = await platform.publisher.prepare(
      content,
      {
        externalId: account.externalId,
        kind: account.kind,
        accessToken,
        // What has been used since then is no new token any more.
        tokenIssuedAt: account.lastUsedAt !== null && account.lastUsedAt > issuedAt ? null : issuedAt,
      },
      await imageUploads(ctx, account.id, post.media, () => ctx.onStep('uploaded', publication.id)),
      now,
      signal,
    );
    if (!prepared.ready) return { ...prepared, tokenVersion };
    const { request } = prepared;
    const requestHash = createHash('sha256').update(request.body).digest('hex');
    const frozen = freeze(publication, request, requestHash, approval?.approvedById ?? null);
    return {
      ready: true,
      publisher: platform.publisher,
      request,
      requestHash,
      tokenVersion,
      frozen,
      approvalId: approval?.id ?? null,
    };
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError)
      return waitFor('held', 'account-not-connected', notConnected(account));
    if (error instanceof TokenUnreadableError) {
      ctx.log.error({ err: error, publicationId: publication.id }, 'a stored token cannot be read');
      return waitFor(
        'held',
        'token-unreadable',
        'The stored token of this account cannot be read. Ask the operator to restore TOKEN_KEYS, or connect the account again.',
      );
    }
    if (error instanceof ConnectError) return notRenewed(ctx, publication, error);
    throw error;
  }
}

function waitFor(status: Waiting['status'], errorCode: Waiting['errorCode'], errorMessage: string): Preparation {
  return { ready: false, waiting: { status, errorCode, errorMessage } };
}

function late(promised: Date, status: 'held' | 'missed', now: Date): Preparation {
  const minutes = Math.round((now.getTime() - promised.getTime()) / 60_000);
  return waitFor(
    status,
    'late',
    `It could not leave in time and is ${minutes === 1 ? 'one minute' : `${minutes.toLocaleString('en')} minutes`} late. Decide: use “Send again”, choose a new time with “Edit”, or use “Give up”.`,
  );
}

function rejected(errorCode: string, errorMessage: string): Preparation {
  return { ready: false, outcome: { kind: 'rejected', httpStatus: null, errorCode, errorMessage } };
}

/** The token could not be renewed just now. What is the server's fault, or a limit, uses up nothing of the post's. */
function notRenewed(ctx: AppContext, publication: ClaimedPublication, error: ConnectError): Preparation {
  const { code, message, retryAt } = error;
  if (code === 'app-refused' || code === 'not-configured') {
    ctx.log.error(
      { publicationId: publication.id, reason: message },
      'a platform refuses the credentials of this server',
    );
    return waitFor('held', 'app-refused', `${message} It is tried every few minutes and goes on by itself then.`);
  }
  const said = { errorCode: code, errorMessage: message };
  if (code === 'rate-limited')
    return { ready: false, outcome: { kind: 'rate-limited', httpStatus: 429, ...said, retryAt } };
  return { ready: false, outcome: { kind: 'unavailable', httpStatus: null, ...said, retryAt: null } };
}

function notConnected(account: ConnectedAccount): string {
  return `The connection to ${account.displayName} has ended. Open Accounts and press “Connect again”: what is still in time goes out then.`;
}

/**
 * The approval of exactly what would be sent. `missing`: there was one, but for something else. Null: nobody ever asked
 * for one, because the team began to require it after this was scheduled.
 */
export async function findApproval(
  ctx: AppContext,
  publication: ClaimedPublication,
): Promise<Approval | 'missing' | null> {
  const post = await readPost(ctx.db, publication.postId);
  const valid = await validApproval(ctx.db, post);
  if (valid !== null) return valid;
  return (await ctx.db.approval.count({ where: { postId: post.id } })) > 0 ? 'missing' : null;
}
