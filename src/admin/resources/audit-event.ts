import type { ActionResponse } from 'adminjs';
import { recordEvent } from '../../audit/record-event.ts';
import { isSealingLate, verdictText } from '../../audit/verdict-text.ts';
import { type ChainVerdict, verifyAuditChain } from '../../audit/verify-chain.ts';
import type { AppContext } from '../../context.ts';
import type { Actor } from '../../domain/access.ts';
import { answerInWords } from '../../domain/audit-event.ts';
import { excerpt } from '../../domain/excerpt.ts';
import { PLATFORM_LABEL } from '../../domain/platform-name.ts';
import { actorOf } from '../acting.ts';
import { aboutText, toldPost } from '../event-subject.ts';
import { recordListing, type ShownPost } from '../post-viewing.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { ownedScope, text } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { Where } from '../resource-query.ts';
import { type Notice, resourceAction } from '../write-actions.ts';

/** Which events somebody may read: as a manager those of the team, else his own doings. */
export function auditScope(actor: Actor): Where {
  return ownedScope(
    actor,
    'AuditEvent',
    (teamId) => ({ teamId }),
    (teamId) => ({ teamId, actorId: actor.id }),
  );
}

/** Who did what: read-only for everybody, by this panel and by a trigger in the database. */
export function auditEventResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'AuditEvent',
      columns: [
        'id',
        'actor',
        'action',
        'entity',
        'entityId',
        'team',
        'metadata',
        'occurredAt',
        'position',
        'previousHash',
        'hash',
      ],
      filters: ['id', 'actor', 'action', 'entity', 'entityId', 'team', 'occurredAt'],
      exact: ['action', 'entity', 'entityId'],
      searchColumns: ['searchText'],
      lowercase: ['searchText'],
      scope: auditScope,
      subject: (row) => ({ ownerId: text(row.actorId), teamId: text(row.teamId) }),
      posts: toldPost,
      extras: (row) => ({ about: aboutText(row.metadata) }),
    },
    options: {
      navigation: { name: 'audit', icon: 'Shield' },
      titleProperty: 'action',
      sort: { sortBy: 'occurredAt', direction: 'desc' },
      listProperties: ['occurredAt', 'action', 'actor', 'about', 'team'],
      showProperties: [
        'occurredAt',
        'action',
        'actor',
        'entity',
        'entityId',
        'team',
        'metadata',
        'position',
        'previousHash',
        'hash',
      ],
      // No column: the words of the particulars by which a person recognises what it is about.
      properties: {
        about: {
          type: 'string',
          isSortable: false,
          isVisible: { list: true, show: false, edit: false, filter: false },
        },
      },
      filterProperties: ['action', 'actor', 'entity', 'entityId', 'team', 'occurredAt'],
    },
    actions: {
      list: listAction({
        after: async (response, _request, context) =>
          withAccounts(ctx, await withAnswers(ctx, response, actorOf(context))),
      }),
      search: searchAction,
      show: showAction(async (record, context) => {
        const event = await ctx.db.auditEvent.findUniqueOrThrow({ where: { id: record.id() } });
        await recordListing(ctx, actorOf(context), { where: 'audit event' }, toldPost(event));
        return {};
      }),
      verify: resourceAction(async (actor) => verify(ctx, actor)),
      // Answered by audit-export.ts, because an action of AdminJS cannot answer with a stream.
      export: resourceAction(() => Promise.reject(new Error('the export did not reach its route'))),
    },
  };
}

/** In the list: which of the three answers was given, about which post, and why. */
async function withAnswers(ctx: AppContext, response: ActionResponse, actor: Actor): Promise<ActionResponse> {
  const listed: { params: Record<string, unknown> }[] = response.records ?? [];
  const answers = listed.filter(({ params }) => params.action === 'publication.resolved');
  const publications = await ctx.db.publication.findMany({
    where: { id: { in: answers.flatMap(({ params }) => text(params.entityId) ?? []) } },
    select: {
      id: true,
      teamId: true,
      postId: true,
      text: true,
      post: { select: { text: true } },
      account: { select: { platform: true, displayName: true } },
    },
  });
  const told: ShownPost[] = [];
  for (const { params } of answers) {
    const found = publications.find(({ id, teamId }) => id === params.entityId && teamId === params.team);
    if (found === undefined) continue;
    const { account, post, postId, teamId } = found;
    const reason = text(params['metadata.reason']);
    const answer = answerInWords(params['metadata.resolution'], params['metadata.by']);
    const where = `${account.displayName} (${PLATFORM_LABEL[account.platform]})`;
    params.about = `${answer}: “${excerpt(found.text ?? post.text, 60)}” · ${where}${reason === null ? '' : ` · ${reason}`}`;
    told.push({ postId, teamId });
  }
  await recordListing(ctx, actor, { where: 'AuditEvent list' }, told);
  return response;
}

/** Names the account of a publication, whose events tell nothing else by which a person recognises it. */
async function withAccounts(ctx: AppContext, response: ActionResponse): Promise<ActionResponse> {
  const listed: { params: Record<string, unknown> }[] = response.records ?? [];
  const nameless = listed.filter(({ params }) => params.entity === 'Publication' && params.about === null);
  const publications = await ctx.db.publication.findMany({
    where: { id: { in: nameless.flatMap(({ params }) => text(params.entityId) ?? []) } },
    select: { id: true, teamId: true, account: { select: { platform: true, displayName: true } } },
  });
  for (const { params } of nameless) {
    const found = publications.find(({ id, teamId }) => id === params.entityId && teamId === params.team);
    if (found !== undefined) params.about = `${found.account.displayName} (${PLATFORM_LABEL[found.account.platform]})`;
  }
  return response;
}

/** Walks the whole chain; who asked, and what the answer was, is on record. */
async function verify(ctx: AppContext, actor: Actor) {
  const verdict = await verifyAuditChain(ctx.db);
  const now = ctx.clock.now();
  await ctx.db.$transaction((tx) =>
    recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'audit.verified',
        entity: 'AuditEvent',
        entityId: verdict.intact ? null : verdict.eventId,
        teamId: null,
        metadata: recorded(verdict),
      },
      now,
    ),
  );
  const type = verdict.intact && !isSealingLate(verdict, now) ? 'success' : 'error';
  const notice: Notice = { type, message: verdictText(verdict, now) };
  return { notice, verdict };
}

/** Where it is broken in more than one place, their number: an event is small. */
function recorded(verdict: ChainVerdict) {
  const { events, unsealed } = verdict;
  if (verdict.intact) return { intact: true, events, unsealed, head: verdict.head };
  const { position, eventId, problem, broken } = verdict;
  return { intact: false, position, eventId, problem, broken, events, unsealed };
}
