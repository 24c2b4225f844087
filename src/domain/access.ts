/**
 * Who may do what: one pure table, resource × action × relation, default deny. Asked by the scoped resources, by every
 * action handler, by every page and by the verbs themselves. A resource or action that is not in the table is denied.
 */
export const TEAM_ROLES = ['author', 'approver', 'manager'] as const;
export type TeamRole = (typeof TEAM_ROLES)[number];

/** A signed-in person, as loaded afresh for every request. */
export interface Actor {
  id: string;
  email: string;
  name: string;
  timeZone: string;
  isSuperuser: boolean;
  memberships: readonly { teamId: string; role: TeamRole }[];
}

/** How a record stands to the actor: his own · of his team and nobody's in particular · a colleague's · another team's. */
export type Relation = 'own' | 'shared' | 'team' | 'other';

/** The least role that is let through, or whoever is signed in; superusers always are unless it says `nobody`. */
type Gate = TeamRole | 'anybody' | 'superuser' | 'nobody';
type Gates = Record<Relation, Gate>;

/** What is nobody's in particular is treated like a colleague's, unless said otherwise. */
const gates = (own: Gate, team: Gate, other: Gate = 'superuser', shared: Gate = team): Gates => ({
  own,
  shared,
  team,
  other,
});

export const RESOURCES = [
  'Post',
  'Publication',
  'PublishAttempt',
  'ConnectedAccount',
  'Team',
  'Membership',
  'User',
  'AuditEvent',
  'Hold',
] as const;
export type ResourceName = (typeof RESOURCES)[number];

const read = {
  list: gates('author', 'approver'),
  show: gates('author', 'approver'),
  search: gates('author', 'approver'),
};

/**
 * For `new`, the relation is that to the team the record is made in. AdminJS's bulk actions are not offered; `…Many` takes
 * several ids and decides about each record as the action of one record would.
 */
export const POLICY: Readonly<Record<ResourceName, Readonly<Record<string, Gates>>>> = {
  Post: {
    ...read,
    new: gates('author', 'author'),
    edit: gates('author', 'approver'),
    delete: gates('author', 'approver'),
    schedule: gates('author', 'approver'),
    publishNow: gates('author', 'approver'),
    cancel: gates('author', 'approver'),
    duplicate: gates('author', 'approver'),
    // Nobody approves his own post, superusers included.
    approve: gates('nobody', 'approver'),
    sendBack: gates('nobody', 'approver'),
  },
  Publication: {
    ...read,
    retry: gates('author', 'approver'),
    cancel: gates('author', 'approver'),
    resolve: gates('author', 'approver'),
    retryMany: gates('author', 'approver'),
    cancelMany: gates('author', 'approver'),
    resolveMany: gates('author', 'approver'),
  },
  PublishAttempt: { ...read },
  // `own` is a personal account of the actor. An account of the team is visible to every member; a colleague's personal
  // one only to those who look after the team.
  ConnectedAccount: {
    list: gates('author', 'approver', 'superuser', 'author'),
    show: gates('author', 'approver', 'superuser', 'author'),
    search: gates('author', 'approver', 'superuser', 'author'),
    reconnect: gates('author', 'manager'),
    disconnect: gates('author', 'manager'),
    share: gates('author', 'nobody', 'nobody'),
  },
  Team: {
    list: gates('author', 'author'),
    show: gates('author', 'author'),
    search: gates('author', 'author'),
    new: gates('superuser', 'superuser'),
    edit: gates('manager', 'manager'),
    invite: gates('superuser', 'superuser'),
    revokeInvitation: gates('superuser', 'superuser'),
  },
  Membership: {
    list: gates('author', 'manager'),
    show: gates('author', 'manager'),
    search: gates('author', 'manager'),
    new: gates('superuser', 'superuser'),
    edit: gates('superuser', 'superuser'),
    delete: gates('superuser', 'superuser'),
  },
  // `own` is the actor himself, who may be in no team; `team` is a colleague, whose name is shown beside his posts.
  User: {
    list: gates('anybody', 'author'),
    show: gates('anybody', 'author'),
    search: gates('anybody', 'author'),
    new: gates('superuser', 'superuser'),
    edit: gates('anybody', 'superuser'),
    revokeInvitation: gates('superuser', 'superuser'),
    removeSecondFactor: gates('superuser', 'superuser'),
    handOver: gates('superuser', 'superuser'),
  },
  AuditEvent: {
    list: gates('author', 'manager'),
    show: gates('author', 'manager'),
    search: gates('superuser', 'superuser'),
    verify: gates('superuser', 'superuser'),
    export: gates('superuser', 'superuser'),
  },
  // `own` and `team` are holds on a personal account: for those who see the account.
  Hold: {
    list: gates('author', 'approver', 'superuser', 'author'),
    show: gates('author', 'approver', 'superuser', 'author'),
    search: gates('author', 'approver', 'superuser', 'author'),
    new: gates('manager', 'manager'),
    release: gates('manager', 'manager'),
  },
};

/** Who owns a record and which team it is in. `ownerId` null: nobody's in particular. `teamId` null: no team's. */
export interface Subject {
  ownerId: string | null;
  teamId: string | null;
}

export function roleIn(actor: Actor, teamId: string | null): TeamRole | null {
  return actor.memberships.find((membership) => membership.teamId === teamId)?.role ?? null;
}

export function relationTo(actor: Actor, subject: Subject): Relation {
  if (subject.ownerId === actor.id) return 'own';
  if (roleIn(actor, subject.teamId) === null) return 'other';
  return subject.ownerId === null ? 'shared' : 'team';
}

/** Whether this person may do this to this record. */
export function can(actor: Actor, resource: ResourceName, action: string, subject: Subject): boolean {
  return passes(actor, gateOf(resource, action, relationTo(actor, subject)), roleIn(actor, subject.teamId));
}

/** Whether this person may do this to at least one conceivable record: decides if a screen or button is offered at all. */
export function canSometimes(actor: Actor, resource: ResourceName, action: string): boolean {
  const relations = ['own', 'shared', 'team', 'other'] as const;
  if (actor.isSuperuser) return relations.some((relation) => gateOf(resource, action, relation) !== 'nobody');
  if (gateOf(resource, action, 'own') === 'anybody') return true;
  return actor.memberships.some(({ role }) =>
    relations.some((relation) => relation !== 'other' && passes(actor, gateOf(resource, action, relation), role)),
  );
}

/**
 * Which records of a resource a person may read: everything, or per team some or all of what is there.
 * The scoped resources turn this into the WHERE that no query can leave.
 */
export type ReadScope = { all: true } | { all: false; teams: readonly TeamReach[] };

export interface TeamReach {
  teamId: string;
  own: boolean;
  shared: boolean;
  /** Colleagues' records too: with the other two, everything of the team. */
  team: boolean;
}

export function readScope(actor: Actor, resource: ResourceName): ReadScope {
  if (actor.isSuperuser) return { all: true };
  const reach = actor.memberships.map(({ teamId, role }) => {
    const reads = (relation: Relation) => passes(actor, gateOf(resource, 'list', relation), role);
    return { teamId, own: reads('own'), shared: reads('shared'), team: reads('team') };
  });
  return { all: false, teams: reach.filter(({ own, shared, team }) => own || shared || team) };
}

function gateOf(resource: ResourceName, action: string, relation: Relation): Gate {
  return POLICY[resource][action]?.[relation] ?? 'nobody';
}

function passes(actor: Actor, gate: Gate, role: TeamRole | null): boolean {
  if (gate === 'nobody') return false;
  if (actor.isSuperuser || gate === 'anybody') return true;
  return gate !== 'superuser' && role !== null && TEAM_ROLES.indexOf(role) >= TEAM_ROLES.indexOf(gate);
}

/** A personal account serves only its owner's posts; a team's account serves every post of the team. */
export function mayPublishTo(
  account: { ownerId: string | null; teamId: string },
  post: { authorId: string; teamId: string },
): boolean {
  return account.teamId === post.teamId && (account.ownerId === null || account.ownerId === post.authorId);
}
