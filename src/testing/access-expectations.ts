/**
 * Who may do what, written down once more for the access matrix: by role and by what a record is to somebody, while the
 * policy names the least role. On purpose no use is made of the policy: a change of it has to be made here as well.
 */
import type { Relation, ResourceName, TeamRole } from '../domain/access.ts';
import type { PlacedRow, Placement } from './access-rows.ts';
import type { AccessWorld, Person } from './access-world.ts';

/**
 * Per role, to which records: `own`, `shared` (of the team and nobody's in particular), `team` (a colleague's), `other`.
 * `teamless`: who is in no team at all.
 */
export type Who = Partial<Record<TeamRole | 'superuser' | 'teamless', string>>;

const everybody: Who = {
  author: 'own shared team',
  approver: 'own shared team',
  manager: 'own shared team',
  superuser: 'own other',
};
const ownersAndApprovers: Who = { ...everybody, author: 'own' };
const ownersAndManagers: Who = { ...everybody, author: 'own', approver: 'own' };
const ownersAndSuperusers: Who = { author: 'own', approver: 'own', manager: 'own', superuser: 'own other' };
const owners: Who = { author: 'own', approver: 'own', manager: 'own', superuser: 'own' };
const managers: Who = { manager: 'own shared team', superuser: 'own other' };
const superusers: Who = { superuser: 'own other' };
const othersWhoApprove: Who = { approver: 'shared team', manager: 'shared team', superuser: 'other' };
const authorsTheTeamsToo: Who = { ...everybody, author: 'own shared' };

const reading = (who: Who) => ({ list: who, show: who, search: who });

/** Every action of every resource. What is not here is for nobody. */
export const EXPECTED: Record<ResourceName, Record<string, Who>> = {
  Post: {
    ...reading(ownersAndApprovers),
    new: everybody,
    edit: ownersAndApprovers,
    delete: ownersAndApprovers,
    schedule: ownersAndApprovers,
    publishNow: ownersAndApprovers,
    cancel: ownersAndApprovers,
    duplicate: ownersAndApprovers,
    approve: othersWhoApprove,
    sendBack: othersWhoApprove,
  },
  Publication: {
    ...reading(ownersAndApprovers),
    retry: ownersAndApprovers,
    cancel: ownersAndApprovers,
    resolve: ownersAndApprovers,
    retryMany: ownersAndApprovers,
    cancelMany: ownersAndApprovers,
    resolveMany: ownersAndApprovers,
  },
  PublishAttempt: reading(ownersAndApprovers),
  ConnectedAccount: {
    ...reading(authorsTheTeamsToo),
    reconnect: ownersAndManagers,
    disconnect: ownersAndManagers,
    share: owners,
  },
  Team: { ...reading(everybody), new: superusers, edit: managers, invite: superusers, revokeInvitation: superusers },
  Membership: { ...reading(ownersAndManagers), new: superusers, edit: superusers, delete: superusers },
  User: {
    // Oneself, also without a team: the name and the password are one's own.
    ...reading({ ...everybody, teamless: 'own' }),
    new: superusers,
    edit: { ...ownersAndSuperusers, teamless: 'own' },
    revokeInvitation: superusers,
    removeSecondFactor: superusers,
    handOver: superusers,
  },
  AuditEvent: {
    list: ownersAndManagers,
    show: ownersAndManagers,
    search: superusers,
    verify: superusers,
    export: superusers,
  },
  Hold: { ...reading(authorsTheTeamsToo), new: managers, release: managers },
};

export const RESOURCES = Object.keys(EXPECTED) as ResourceName[];

/** Actions that are called on the resource, not on a record. */
export const OF_THE_RESOURCE: readonly string[] = [
  'list',
  'search',
  'new',
  'retryMany',
  'cancelMany',
  'resolveMany',
  'verify',
  'export',
];

export const READING: readonly string[] = ['list', 'search', 'show'];

const PAYLOADS: Record<string, Record<string, unknown>> = {
  'Post.edit': { text: 'Edited' },
  'Post.sendBack': { reason: 'Because.' },
  'Publication.resolve': { resolution: 'abandon', reason: 'Because.' },
  'Publication.resolveMany': { resolution: 'abandon', reason: 'Because.' },
  'Team.edit': { lateLimitMinutes: '90' },
  'Team.invite': { email: 'invited@example.com', role: 'author' },
  'Membership.edit': { role: 'approver' },
  'AuditEvent.export': { format: 'json' },
};

/** What to send with an action so that somebody who may do it succeeds. */
export function payloadOf(resource: ResourceName, action: string): Record<string, unknown> {
  return PAYLOADS[`${resource}.${action}`] ?? {};
}

/** For every resource that people may add to: what they send for a new one in a team. */
export function newForms(
  person: Person,
  team: 'A' | 'B',
  world: Pick<AccessWorld, 'teams' | 'person'>,
): [ResourceName, Record<string, unknown>][] {
  const teamId = world.teams[team];
  const label = `${person.name.replace(' ', '-')}-${team}`;
  return [
    ['Post', { text: `new by ${label}`, team: teamId }],
    ['Hold', { scope: 'team', team: teamId, reason: 'Because.' }],
    ['Team', { name: `Team of ${label}` }],
    ['User', { email: `new-${label}@example.com`, name: 'New' }],
    ['Membership', { user: world.person('superuser').id, team: teamId, role: 'author' }],
  ];
}

/** Everything a row of a resource can be to somebody. */
export const PLACEMENTS: Record<ResourceName, readonly Placement[]> = {
  Post: inBothTeams('self', 'colleague'),
  Publication: inBothTeams('self', 'colleague'),
  PublishAttempt: inBothTeams('self', 'colleague'),
  ConnectedAccount: inBothTeams('self', 'colleague', 'nobody'),
  Team: inBothTeams('nobody'),
  Membership: inBothTeams('self', 'colleague'),
  User: inBothTeams('self', 'colleague'),
  AuditEvent: [...inBothTeams('self', 'colleague', 'nobody'), { team: null, owner: 'colleague' }],
  // Of somebody: on his personal account.
  Hold: inBothTeams('self', 'colleague', 'nobody'),
};

function inBothTeams(...owners: Placement['owner'][]): Placement[] {
  return (['A', 'B'] as const).flatMap((team) => owners.map((owner) => ({ team, owner })));
}

/** A membership of one's own, and oneself as a member, are only there where one is a member. */
export function placementsFor(resource: ResourceName, { name, roles }: Person): readonly Placement[] {
  if (resource === 'User' && name === 'teamless')
    return [...PLACEMENTS.User.filter(({ owner }) => owner !== 'self'), { team: null, owner: 'self' }];
  return PLACEMENTS[resource].filter(
    ({ team, owner }) =>
      owner !== 'self' || !['Membership', 'User'].includes(resource) || (team !== null && roles[team] !== undefined),
  );
}

/** @param self who is meant by the row's owner `self` */
export function mayDo(
  person: Person,
  action: string,
  { resource, placement }: Pick<PlacedRow, 'resource' | 'placement'>,
  self: Person,
): boolean {
  if (person.name === 'signed out') return false;
  // A person belongs to every team he is in; everything else belongs to one.
  const isPerson = resource === 'User' && placement.owner === 'self';
  const theirs = (['A', 'B'] as const).filter((team) => self.roles[team] !== undefined);
  const teams = isPerson && theirs.length > 0 ? theirs : [placement.team];
  return teams.some((team) => {
    const role = team === null ? undefined : person.roles[team];
    const own = placement.owner === 'self' && self.id === person.id;
    const relation: Relation = own
      ? 'own'
      : role === undefined
        ? 'other'
        : placement.owner === 'nobody'
          ? 'shared'
          : 'team';
    const power = person.isSuperuser ? 'superuser' : (role ?? (isTeamless(person) ? 'teamless' : undefined));
    const reach = power === undefined ? undefined : EXPECTED[resource][action]?.[power];
    return reach?.split(' ').includes(relation) ?? false;
  });
}

/** Whether this person may do this to any record at all. */
export function mayEver(person: Person, resource: ResourceName, action: string): boolean {
  const { name, isSuperuser, roles } = person;
  const powers = isSuperuser
    ? (['superuser'] as const)
    : isTeamless(person)
      ? (['teamless'] as const)
      : Object.values(roles);
  return name !== 'signed out' && powers.some((power) => EXPECTED[resource][action]?.[power] !== undefined);
}

function isTeamless({ roles }: Person): boolean {
  return Object.keys(roles).length === 0;
}

export function statusOfRefusal(person: Person): number {
  return person.name === 'signed out' ? 401 : 403;
}
