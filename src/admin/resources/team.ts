import type { AppContext } from '../../context.ts';
import { inviteToTeam } from '../../identity/invitations.ts';
import { listOpenInvitations, revokeInvitation } from '../../identity/open-invitations.ts';
import { createTeam, type TeamInput, updateTeam } from '../../identity/teams.ts';
import { actorOf } from '../acting.ts';
import { booleanField, type Payload, textField, versionField } from '../payload.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { historyDetails } from '../record-history.ts';
import { pick, readableTeams } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { editAction, newAction, recordAction } from '../write-actions.ts';

export function teamResource(ctx: AppContext): ResourceDefinition {
  return {
    spec: {
      name: 'Team',
      columns: [
        'id',
        'name',
        'timeZone',
        'requiresApproval',
        'latePolicy',
        'lateLimitMinutes',
        'resendWhenAbsent',
        'createdAt',
        'updatedAt',
      ],
      filters: ['id', 'name', 'timeZone', 'requiresApproval', 'latePolicy', 'createdAt'],
      searchColumns: ['name'],
      scope: (actor) => {
        const teams = readableTeams(actor, 'Team');
        return teams === null ? {} : { id: { in: teams } };
      },
      subject: (row) => ({ ownerId: null, teamId: row.id }),
    },
    options: {
      navigation: { name: 'people', icon: 'Users' },
      titleProperty: 'name',
      sort: { sortBy: 'name', direction: 'asc' },
      listProperties: ['name', 'timeZone', 'requiresApproval', 'latePolicy', 'createdAt'],
      showProperties: [
        'name',
        'timeZone',
        'requiresApproval',
        'latePolicy',
        'lateLimitMinutes',
        'resendWhenAbsent',
        'createdAt',
        'updatedAt',
      ],
      editProperties: ['name', 'timeZone', 'requiresApproval', 'latePolicy', 'lateLimitMinutes', 'resendWhenAbsent'],
      filterProperties: ['name'],
    },
    actions: {
      list: listAction(),
      search: searchAction,
      show: showAction(
        async (record, context) => ({
          ...(actorOf(context).isSuperuser
            ? { invitations: await listOpenInvitations(ctx, { teamId: record.id() }) }
            : {}),
          ...(await historyDetails(ctx, 'Team')(record, context)),
        }),
        { component: 'TeamPage' },
      ),
      new: newAction(
        async (actor, payload) => {
          const { id } = await createTeam(ctx, actor, inputOf(payload));
          return { id, notice: 'The team is there. Invite its people here, or add those who are here already.' };
        },
        { icon: 'Plus', variant: 'primary' },
      ),
      edit: editAction(
        async (actor, id, payload) => {
          const { requiresApproval } = await updateTeam(ctx, actor, id, inputOf(payload), versionField(payload));
          return { notice: requiresApproval ? 'Saved.' : `Saved.${await stillWaiting(ctx, id)}` };
        },
        { icon: 'Edit' },
      ),
      invite: recordAction(
        async (actor, teamId, payload) => {
          const invited = { email: textField(payload, 'email') ?? '', role: textField(payload, 'role') ?? 'author' };
          const { url, email } = await ctx.db.$transaction((tx) =>
            inviteToTeam(tx, ctx, actor, { ...invited, teamId }),
          );
          return { notice: `${email} is invited. Hand over this link, which works once within 14 days: ${url}` };
        },
        { icon: 'UserPlus' },
      ),
      revokeInvitation: recordAction(
        async (actor, teamId, payload) => {
          const id = textField(payload, 'invitation') ?? '';
          const { email } = await revokeInvitation(ctx, actor, { teamId }, id);
          return { notice: `The invitation of ${email} is taken back: its link no longer works.` };
        },
        { icon: 'XCircle' },
      ),
    },
  };
}

/** Switching approval off lets nothing go by itself: somebody asked for approval, and nobody has given it. */
async function stillWaiting(ctx: AppContext, teamId: string): Promise<string> {
  const count = await ctx.db.post.count({ where: { teamId, status: 'awaiting_approval' } });
  if (count === 0) return '';
  const posts =
    count === 1
      ? 'One post still waits for approval. It'
      : `${count.toLocaleString('en')} posts still wait for approval. Each`;
  return ` ${posts} goes out once somebody approves or schedules it.`;
}

function inputOf(payload: Payload): TeamInput {
  return pick({
    name: textField(payload, 'name'),
    timeZone: textField(payload, 'timeZone'),
    requiresApproval: booleanField(payload, 'requiresApproval'),
    latePolicy: textField(payload, 'latePolicy') ?? undefined,
    lateLimitMinutes: textField(payload, 'lateLimitMinutes') ?? undefined,
    resendWhenAbsent: booleanField(payload, 'resendWhenAbsent'),
  });
}
