/**
 * What the pre-flight (domain/preflight.ts) has to know about publications, gathered for many at once: a few queries for
 * all of them, one per account. Platforms are asked about accounts, never about publications (ask-accounts.ts).
 */
import type { ConnectedAccount } from '@prisma/client';
import { ReauthorizationRequiredError, usableAccessToken } from '../accounts/access-token.ts';
import { TokenUnreadableError } from '../accounts/token-cipher.ts';
import type { AppContext } from '../context.ts';
import { mayPublishTo } from '../domain/access.ts';
import { contentProblems } from '../domain/content-rules.ts';
import { limitStart, POSTING_LIMITS } from '../domain/posting-limits.ts';
import type { PreflightFacts } from '../domain/preflight.ts';
import { ConnectError, type PlatformAdapter } from '../platforms/platform.ts';
import { askAccounts } from './ask-accounts.ts';
import { activeHoldFor } from './holds.ts';
import { contentFor } from './post-content.ts';
import { FOR_PUBLISHING, findApproval, type ClaimedPublication as Publication } from './prepare.ts';

/** Statuses in which a publication takes its place among the posts of its account. */
const TAKES_A_PLACE = ['scheduled', 'retrying', 'awaiting_approval', 'publishing', 'published', 'unconfirmed'] as const;

/** @returns by publication; what is gone meanwhile, or has no time any more, is not in it */
export async function gatherFacts(
  ctx: AppContext,
  publicationIds: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, PreflightFacts>> {
  // Tokens first: looking at one may renew it, or find that its account is dead.
  const tokens = await tokenProblems(ctx, publicationIds, signal);
  for (const [id, problem] of await askAccounts(ctx, publicationIds, tokenProblemOf, signal)) tokens.set(id, problem);
  const publications = await ctx.db.publication.findMany({
    where: { id: { in: [...publicationIds] } },
    include: FOR_PUBLISHING,
  });
  const accounts = new Map(publications.map(({ account }) => [account.id, account]));
  const [holds, damaged] = await Promise.all([holdsOf(ctx, accounts), damagedImages(ctx, publications)]);
  const facts = new Map<string, PreflightFacts>();
  for (const publication of publications) {
    const { account, post } = publication;
    const dueAt = dueOf(publication);
    if (dueAt === null || signal.aborted) continue;
    const adapter = ctx.platforms[account.platform];
    facts.set(publication.id, {
      platform: account.platform,
      accountName: account.displayName,
      dueAt,
      timeZone: post.timeZone ?? publication.team.timeZone,
      isConfigured: adapter !== undefined,
      account: mayPublishTo(account, post) ? account.status : 'somebody-elses',
      endsAt: account.permissionEndsAt,
      tokenProblem: tokens.get(account.id) ?? null,
      rightProblem: account.rightProblem,
      missingScopes: neededScopes(adapter, account).filter((scope) => !account.scopes.includes(scope)),
      hold: holds.get(account.id) ?? null,
      approval: await approvalState(ctx, publication),
      contentProblems: contentProblems(contentFor(post, publication), [account.platform]).map(({ message }) => message),
      damagedImages: damaged.get(post.id) ?? 0,
      overLimit: await overLimit(ctx, publication, dueAt),
      apiVersion: ctx.config.platforms[account.platform].version,
    });
  }
  return facts;
}

function neededScopes(adapter: PlatformAdapter | undefined, { kind }: ConnectedAccount): readonly string[] {
  return (kind === 'organization' ? adapter?.organizationScopes : adapter?.requiredScopes) ?? [];
}

/** What waits for approval has no due time of its own yet: its post has. */
function dueOf({ status, dueAt, post }: Publication): Date | null {
  return status === 'awaiting_approval' ? post.scheduledAt : dueAt;
}

/** What keeps the tokens of these publications' accounts from being used, by account: nothing is said of a good one. */
async function tokenProblems(
  ctx: AppContext,
  publicationIds: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const accounts = await ctx.db.connectedAccount.findMany({
    where: { status: 'active', publications: { some: { id: { in: [...publicationIds] } } } },
  });
  const problems = new Map<string, string>();
  for (const account of accounts) {
    if (signal.aborted) break;
    try {
      // Renews a token that has ended, as publishing would; one that still lives is only read.
      await usableAccessToken(ctx, account.id);
    } catch (error) {
      const problem = tokenProblemOf(error, account);
      if (problem !== null) problems.set(account.id, problem);
    }
  }
  return problems;
}

/** @returns null when the account itself says what is wrong by now */
function tokenProblemOf(error: unknown, { displayName: name }: ConnectedAccount): string | null {
  if (error instanceof ReauthorizationRequiredError) return null;
  if (error instanceof TokenUnreadableError)
    return `The stored token of ${name} cannot be read. Ask the operator to restore TOKEN_KEYS, or connect the account again.`;
  if (error instanceof ConnectError)
    return `The permission of ${name} could not be renewed just now: ${error.message} It is tried again by itself.`;
  throw error;
}

async function holdsOf(
  { db }: AppContext,
  accounts: ReadonlyMap<string, ConnectedAccount>,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if ((await db.hold.count({ where: { releasedAt: null } })) === 0) return found;
  for (const account of accounts.values()) {
    const hold = await activeHoldFor(db, account);
    if (hold !== null) found.set(account.id, hold.reason);
  }
  return found;
}

async function approvalState(ctx: AppContext, publication: Publication): Promise<PreflightFacts['approval']> {
  if (publication.status === 'awaiting_approval') return 'missing';
  if (!publication.team.requiresApproval) return 'none-needed';
  return (await findApproval(ctx, publication)) === 'missing' ? 'outdated' : 'given';
}

/** Images whose bytes are not all there, by post. */
async function damagedImages({ db }: AppContext, publications: readonly Publication[]): Promise<Map<string, number>> {
  const posts = [...new Set(publications.map(({ postId }) => postId))];
  const rows = await db.$queryRaw<{ post_id: string; count: number }[]>`
    SELECT post_id::text, count(*)::int AS count
    FROM post_media JOIN media ON media.id = post_media.media_id
    WHERE post_id = ANY (${posts}::uuid[]) AND octet_length(media.bytes) <> media.byte_size
    GROUP BY post_id`;
  return new Map(rows.map(({ post_id, count }) => [post_id, count]));
}

/** The limits are the platform's: the same account in two teams is one account to it. */
async function overLimit(
  { db }: AppContext,
  { id, account }: Publication,
  dueAt: Date,
): Promise<PreflightFacts['overLimit']> {
  for (const limit of POSTING_LIMITS[account.platform]) {
    const [row] = await db.$queryRaw<{ place: number }[]>`
      SELECT count(*)::int AS place
      FROM publications JOIN connected_accounts account ON account.id = publications.account_id
      WHERE publications.status = ANY (${[...TAKES_A_PLACE]}::"PublicationStatus"[])
        AND due_at >= ${limitStart(limit, dueAt)} AND (due_at, publications.id) <= (${dueAt}, ${id}::uuid)
        AND account.platform = ${account.platform}::"Platform" AND account.external_id = ${account.externalId}`;
    const place = row?.place ?? 0;
    if (place > limit.posts) return { limit, place };
  }
  return null;
}
