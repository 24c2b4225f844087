/** Teams and who belongs to them: create, change, add, remove. Each change and its audit event are one transaction. */
import type { LatePolicy, Membership, Team } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, can, type ResourceName, TEAM_ROLES, type TeamRole } from '../domain/access.ts';
import type { AuditAction } from '../domain/audit-event.ts';
import { cutOff } from '../domain/cut-off.ts';
import { isBlank } from '../domain/invisible-characters.ts';
import { notFound, Refusal, refuseFields } from '../domain/refusal.ts';
import { isTimeZone } from '../domain/schedule-time.ts';
import { wholeNumber } from '../domain/whole-number.ts';
import { hiddenProblem, lockPerson } from './person.ts';

/** Values as typed; an absent key means: leave it as it is (or take the default). */
export interface TeamInput {
  name?: string | null;
  timeZone?: string | null;
  requiresApproval?: boolean;
  /** What happens to a publication that could not leave in time. */
  latePolicy?: string | null;
  /** Minutes after the due time until which it may still leave. */
  lateLimitMinutes?: string | null;
  resendWhenAbsent?: boolean;
}

export interface MembershipInput {
  user?: string | null;
  team?: string | null;
  role?: string | null;
}

const LATE_POLICIES: readonly LatePolicy[] = ['send', 'hold', 'drop'];
const LONGEST_NAME = 80;
const LONGEST_LATE_LIMIT_MINUTES = 7 * 24 * 60;

/** @throws Refusal, with a message per field where a field is at fault */
export async function createTeam(ctx: AppContext, actor: Actor, input: TeamInput): Promise<Team> {
  require(actor, 'Team', 'new', null);
  const data = checkTeam({ name: '', timeZone: actor.timeZone, ...input });
  return ctx.db.$transaction(async (tx) => {
    await refuseTakenName(tx, data.name, null);
    const team = await tx.team.create({ data: { ...data, name: data.name ?? '' } });
    await record(tx, ctx, actor, 'team.created', 'Team', team.id, team.id, {
      name: team.name,
      timeZone: team.timeZone,
    });
    return team;
  });
}

/**
 * @param expectedUpdatedAt the version the person was looking at
 * @throws Refusal
 */
export async function updateTeam(
  ctx: AppContext,
  actor: Actor,
  teamId: string,
  input: TeamInput,
  expectedUpdatedAt?: Date,
): Promise<Team> {
  return ctx.db.$transaction(async (tx) => {
    const team = isUuid(teamId) ? await lockTeam(tx, teamId) : null;
    if (team === null || !can(actor, 'Team', 'show', { ownerId: null, teamId })) throw notFound('team');
    require(actor, 'Team', 'edit', teamId);
    refuseOtherVersion(team.updatedAt, expectedUpdatedAt, 'team');
    const data = checkTeam(input, team.name);
    refuseSwitchingApprovalOff(actor, team, data.requiresApproval);
    await refuseTakenName(tx, data.name, teamId);
    const updated = await tx.team.update({ where: { id: teamId }, data });
    const changed = (Object.keys(data) as (keyof typeof data)[]).filter((key) => team[key] !== updated[key]);
    await record(tx, ctx, actor, 'team.updated', 'Team', teamId, teamId, {
      changed,
      ...Object.fromEntries(changed.map((key) => [key, updated[key]])),
    });
    return updated;
  });
}

/** @throws Refusal */
export async function createMembership(ctx: AppContext, actor: Actor, input: MembershipInput): Promise<Membership> {
  return ctx.db.$transaction(async (tx) => {
    const { userId, teamId } = await checkMembers(tx, actor, input);
    await lockPerson(tx, userId);
    const existing = await tx.membership.findUnique({ where: { userId_teamId: { userId, teamId } } });
    if (existing !== null)
      throw fieldRefusal('user', 'This person is already in this team. Change the role of the membership instead.');
    const membership = await tx.membership.create({
      data: { userId, teamId, role: checkRole(input.role ?? 'author') },
    });
    await record(tx, ctx, actor, 'membership.created', 'Membership', membership.id, teamId, {
      user: userId,
      role: membership.role,
    });
    return membership;
  });
}

/** Changes the role; who and which team stay. @throws Refusal */
export async function updateMembership(
  ctx: AppContext,
  actor: Actor,
  membershipId: string,
  input: Pick<MembershipInput, 'role'>,
  expectedUpdatedAt?: Date,
): Promise<Membership> {
  return ctx.db.$transaction(async (tx) => {
    const membership = await loadMembership(tx, actor, membershipId, 'edit');
    refuseOtherVersion(membership.updatedAt, expectedUpdatedAt, 'membership');
    const role = checkRole(input.role ?? membership.role);
    const updated = await tx.membership.update({ where: { id: membershipId }, data: { role } });
    await record(tx, ctx, actor, 'membership.updated', 'Membership', membershipId, updated.teamId, {
      user: updated.userId,
      role,
      before: membership.role,
    });
    return updated;
  });
}

/** @throws Refusal */
export async function deleteMembership(ctx: AppContext, actor: Actor, membershipId: string): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const membership = await loadMembership(tx, actor, membershipId, 'delete');
    await tx.membership.delete({ where: { id: membershipId } });
    await record(tx, ctx, actor, 'membership.deleted', 'Membership', membershipId, membership.teamId, {
      user: membership.userId,
      role: membership.role,
    });
  });
}

function require(actor: Actor, resource: ResourceName, action: string, teamId: string | null): void {
  if (!can(actor, resource, action, { ownerId: null, teamId }))
    throw new Refusal('forbidden', 'Your role does not allow this. Ask a superuser.');
}

/** Else a manager could switch it off, send an own post, and switch it on again. @throws Refusal */
function refuseSwitchingApprovalOff(actor: Actor, team: Team, wanted: boolean | undefined): void {
  if (!team.requiresApproval || wanted !== false || actor.isSuperuser) return;
  throw new Refusal(
    'forbidden',
    'Only a superuser may switch approval off. Nothing was saved: tick it again to save the rest, and ask a superuser.',
  );
}

/** Only the keys that were given, checked. @param savedName kept when it is not changed, whatever it is */
function checkTeam(input: TeamInput, savedName?: string) {
  const fields: Record<string, string> = {};
  const name = input.name === undefined ? undefined : (input.name ?? '').trim().replaceAll(/\s+/g, ' ');
  const hidden = name === undefined || name === savedName ? null : hiddenProblem(name);
  if (name !== undefined && isBlank(name)) fields.name = 'Give the team a name.';
  else if (hidden !== null) fields.name = hidden;
  else if (name !== undefined && name.length > LONGEST_NAME)
    fields.name = `The name may have ${LONGEST_NAME} characters; this has ${name.length}.`;
  const timeZone =
    input.timeZone === undefined || input.timeZone === null || input.timeZone === ''
      ? undefined
      : input.timeZone.trim();
  if (timeZone !== undefined && !isTimeZone(timeZone))
    fields.timeZone = `"${cutOff(timeZone, 40)}" is not a time zone. Choose one such as Europe/Warsaw.`;
  const latePolicy = LATE_POLICIES.find((policy) => policy === input.latePolicy);
  if (input.latePolicy !== undefined && latePolicy === undefined)
    fields.latePolicy = `Choose one of: ${LATE_POLICIES.join(', ')}.`;
  const limit =
    input.lateLimitMinutes === undefined
      ? undefined
      : wholeNumber(input.lateLimitMinutes ?? '', 0, LONGEST_LATE_LIMIT_MINUTES);
  if (limit === null) fields.lateLimitMinutes = `Give whole minutes, 0 to ${LONGEST_LATE_LIMIT_MINUTES}.`;
  const refusal = refuseFields(fields);
  if (refusal !== null) throw refusal;
  return {
    ...(name === undefined ? {} : { name }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(input.requiresApproval === undefined ? {} : { requiresApproval: input.requiresApproval }),
    ...(latePolicy === undefined ? {} : { latePolicy }),
    ...(limit === undefined || limit === null ? {} : { lateLimitMinutes: limit }),
    ...(input.resendWhenAbsent === undefined ? {} : { resendWhenAbsent: input.resendWhenAbsent }),
  };
}

/** Names differ by more than their capitals; the lock keeps two requests from taking the same name at once. */
async function refuseTakenName(tx: Tx, name: string | undefined, exceptId: string | null): Promise<void> {
  if (name === undefined) return;
  await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('team-name'), hashtext(lower(${name})))`;
  const taken = await tx.team.findFirst({
    where: { name: { equals: name, mode: 'insensitive' }, ...(exceptId === null ? {} : { id: { not: exceptId } }) },
    select: { id: true },
  });
  if (taken !== null) throw fieldRefusal('name', 'There is a team of this name already. Choose another name.');
}

async function lockTeam(tx: Tx, teamId: string): Promise<Team | null> {
  await tx.$queryRaw`select 1 from teams where id = ${teamId}::uuid for update`;
  return tx.team.findUnique({ where: { id: teamId } });
}

async function checkMembers(tx: Tx, actor: Actor, input: MembershipInput): Promise<{ userId: string; teamId: string }> {
  require(actor, 'Membership', 'new', input.team ?? null);
  const fields: Record<string, string> = {};
  const user =
    typeof input.user === 'string' && isUuid(input.user)
      ? await tx.user.findUnique({ where: { id: input.user }, select: { id: true } })
      : null;
  const team =
    typeof input.team === 'string' && isUuid(input.team)
      ? await tx.team.findUnique({ where: { id: input.team }, select: { id: true } })
      : null;
  if (user === null) fields.user = 'Choose a person.';
  if (team === null) fields.team = 'Choose a team.';
  const refusal = refuseFields(fields);
  if (refusal !== null || user === null || team === null) throw refusal ?? notFound('team');
  return { userId: user.id, teamId: team.id };
}

async function loadMembership(tx: Tx, actor: Actor, membershipId: string, action: string): Promise<Membership> {
  const membership = isUuid(membershipId) ? await lockMembership(tx, membershipId) : null;
  if (
    membership === null ||
    !can(actor, 'Membership', 'show', { ownerId: membership.userId, teamId: membership.teamId })
  )
    throw notFound('membership');
  require(actor, 'Membership', action, membership.teamId);
  return membership;
}

async function lockMembership(tx: Tx, membershipId: string): Promise<Membership | null> {
  await tx.$queryRaw`select 1 from memberships where id = ${membershipId}::uuid for update`;
  return tx.membership.findUnique({ where: { id: membershipId } });
}

function checkRole(text: string): TeamRole {
  const role = TEAM_ROLES.find((known) => known === text);
  if (role === undefined) throw fieldRefusal('role', `Choose one of: ${TEAM_ROLES.join(', ')}.`);
  return role;
}

function refuseOtherVersion(current: Date, expected: Date | undefined, what: string): void {
  if (expected === undefined || expected.getTime() === current.getTime()) return;
  throw new Refusal(
    'conflict',
    `Somebody changed this ${what} while you were editing it. Reload the page and make your change again.`,
  );
}

function fieldRefusal(field: string, message: string): Refusal {
  return new Refusal('invalid', message, { [field]: message });
}

function record(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  action: AuditAction,
  entity: 'Team' | 'Membership',
  entityId: string,
  teamId: string,
  metadata: Record<string, string | number | boolean | readonly string[]>,
): Promise<void> {
  return recordEvent(tx, { actorId: actor.id, action, entity, entityId, teamId, metadata }, ctx.clock.now());
}
