import type { AppContext } from '../../context.ts';
import { type Actor, roleIn } from '../../domain/access.ts';
import { Refusal } from '../../domain/refusal.ts';
import { createGuessLimiter } from '../../identity/guess-limiter.ts';
import { listOpenInvitations, revokeInvitation } from '../../identity/open-invitations.ts';
import { checkPasswordChange } from '../../identity/own-password.ts';
import { hasSecondFactor, removeSecondFactor } from '../../identity/second-factor.ts';
import { updateUser } from '../../identity/update-user.ts';
import { createUser, setPassword } from '../../identity/users.ts';
import { handOver } from '../../publishing/hand-over.ts';
import { handOverReport } from '../../publishing/hand-over-report.ts';
import { actorOf } from '../acting.ts';
import { booleanField, type Payload, textField, versionField } from '../payload.ts';
import { listAction, searchAction, showAction } from '../read-actions.ts';
import { historyDetails } from '../record-history.ts';
import { pick, readableTeams } from '../record-scope.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { Row } from '../scoped-resource.ts';
import { editAction, newAction, recordAction } from '../write-actions.ts';

const WRITE_ONLY = { type: 'password', isVisible: { list: false, show: false, filter: false, edit: true } } as const;

export function userResource(ctx: AppContext): ResourceDefinition {
  const guesses = createGuessLimiter(ctx.db, 'own-password');
  return {
    spec: {
      name: 'User',
      columns: ['id', 'email', 'name', 'isSuperuser', 'isActive', 'timeZone', 'createdAt', 'updatedAt'],
      filters: ['id', 'email', 'name', 'isSuperuser', 'isActive', 'timeZone', 'createdAt'],
      searchColumns: ['name', 'email'],
      select: { memberships: { select: { teamId: true } } },
      // Oneself, and those who share a team.
      scope: (actor) => {
        const teams = readableTeams(actor, 'User');
        return teams === null ? {} : { OR: [{ id: actor.id }, { memberships: { some: { teamId: { in: teams } } } }] };
      },
      subject: (row, actor) => ({ ownerId: row.id, teamId: sharedTeam(row, actor) }),
    },
    options: {
      navigation: { name: 'people', icon: 'Users' },
      titleProperty: 'name',
      sort: { sortBy: 'name', direction: 'asc' },
      listProperties: ['name', 'email', 'isActive', 'isSuperuser', 'timeZone'],
      showProperties: ['name', 'email', 'timeZone', 'isActive', 'isSuperuser', 'createdAt', 'updatedAt'],
      editProperties: [
        'name',
        'email',
        'timeZone',
        'isSuperuser',
        'isActive',
        'password',
        'currentPassword',
        'newPassword',
      ],
      filterProperties: ['name', 'email', 'isActive'],
      // Write-only: no column of this name exists anywhere AdminJS can read.
      properties: { password: WRITE_ONLY, currentPassword: WRITE_ONLY, newPassword: WRITE_ONLY },
    },
    actions: {
      list: listAction(),
      search: searchAction,
      show: showAction(
        async (record, context) => ({
          ...(await personDetails(ctx, actorOf(context), record.id())),
          ...(await historyDetails(ctx, 'User')(record, context)),
        }),
        { component: 'PersonPage' },
      ),
      new: newAction(
        async (actor, payload) => {
          const input = {
            ...personOf(payload),
            email: textField(payload, 'email') ?? '',
            name: textField(payload, 'name') ?? '',
          };
          const { user, invitationUrl } = await ctx.db.$transaction((tx) => createUser(tx, ctx, actor, input));
          const hint =
            input.password === undefined || input.password === ''
              ? ` Give them this link to choose a password: ${invitationUrl}`
              : ' They can sign in with the password you chose.';
          return { id: user.id, notice: `${user.name} is added.${hint}` };
        },
        { icon: 'UserPlus', variant: 'primary' },
      ),
      edit: editAction(
        async (actor, id, payload, { sessionId, address }) => {
          const { password, ...change } = personOf(payload);
          const own = {
            currentPassword: textField(payload, 'currentPassword') ?? '',
            newPassword: textField(payload, 'newPassword') ?? '',
          };
          const changesOwn = own.currentPassword !== '' || own.newPassword !== '';
          if (changesOwn && actor.id !== id) throw notHere('newPassword', 'Everybody changes this on his own page.');
          // Before the transaction: a wrong guess has to be counted although nothing is saved.
          if (changesOwn) await checkPasswordChange(ctx, actor, own, { guesses, address });
          await ctx.db.$transaction(async (tx) => {
            await updateUser(
              tx,
              ctx,
              actor,
              id,
              { ...change, ...pick({ isActive: booleanField(payload, 'isActive') }) },
              versionField(payload),
            );
            if (changesOwn) await setPassword(tx, ctx, actor, id, own.newPassword, sessionId);
            if (password === undefined || password === '') return;
            if (actor.id === id) throw notHere('password', 'Use “Current password” and “New password” for your own.');
            await setPassword(tx, ctx, actor, id, password);
          });
          return {
            notice: changesOwn ? 'Saved. Your new password counts; other browsers are signed out.' : 'Saved.',
          };
        },
        { icon: 'Edit' },
      ),
      handOver: recordAction(
        async (actor, id, payload) => {
          const { posts, accounts, toName } = await handOver(ctx, actor, id, {
            to: textField(payload, 'to') ?? '',
            team: textField(payload, 'team') ?? null,
          });
          return { notice: `${toName} takes over ${counted(posts, 'post')} and ${counted(accounts, 'account')}.` };
        },
        { icon: 'Share2' },
      ),
      removeSecondFactor: recordAction(
        async (actor, id) => {
          await removeSecondFactor(ctx, actor, id);
          return { notice: 'Two-step sign-in is switched off for this person. It can be set up again at any time.' };
        },
        { icon: 'Unlock' },
      ),
      revokeInvitation: recordAction(
        async (actor, id, payload) => {
          const { email } = await ctx.db.user.findUniqueOrThrow({ where: { id }, select: { email: true } });
          await revokeInvitation(ctx, actor, { email }, textField(payload, 'invitation') ?? '');
          return { notice: 'The invitation is taken back: its link no longer works.' };
        },
        { icon: 'XCircle' },
      ),
    },
  };
}

/** What only those see who look after people: what hangs on this one, and how he gets in. */
async function personDetails(ctx: AppContext, actor: Actor, id: string): Promise<Record<string, unknown>> {
  if (!actor.isSuperuser) return {};
  const { email } = await ctx.db.user.findUniqueOrThrow({ where: { id }, select: { email: true } });
  const [secondFactor, invitations, handOver] = await Promise.all([
    hasSecondFactor(ctx.db, id),
    listOpenInvitations(ctx, { email }),
    handOverReport(ctx, id),
  ]);
  return { secondFactor, invitations, handOver };
}

function counted(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`;
}

function notHere(field: string, message: string): Refusal {
  return new Refusal('invalid', message, { [field]: message });
}

function personOf(payload: Payload) {
  return pick({
    email: textField(payload, 'email') ?? undefined,
    name: textField(payload, 'name') ?? undefined,
    timeZone: textField(payload, 'timeZone') ?? undefined,
    password: textField(payload, 'password') ?? undefined,
    isSuperuser: booleanField(payload, 'isSuperuser'),
  });
}

/** A team both are in; for oneself any of one's own, so that one may read and change oneself. */
function sharedTeam(row: Row, actor: Actor): string | null {
  const teams = (row.memberships as { teamId: string }[]).map(({ teamId }) => teamId);
  return teams.find((teamId) => roleIn(actor, teamId) !== null) ?? null;
}
