/** Who is acting, as AdminJS passes it along. */
import { type Actor, TEAM_ROLES } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';

/** The part of AdminJS's contexts that says who is signed in. */
export interface ActingContext {
  currentAdmin?: unknown;
}

/** What AdminJS will pass on for this request: the guard puts the person into the session. */
export function actingContext(request: { session?: object }): ActingContext {
  return { currentAdmin: (request.session as { adminUser?: unknown } | undefined)?.adminUser };
}

/**
 * The signed-in person. Fails closed: a context without a complete one (a hook or library that forgot to pass it on)
 * reads and writes nothing.
 * @throws Refusal
 */
export function actorOf(context: ActingContext | undefined): Actor {
  const candidate = context?.currentAdmin;
  if (!isActor(candidate)) throw new Refusal('forbidden', 'You are not signed in. Sign in and try again.');
  return candidate;
}

function isActor(value: unknown): value is Actor {
  if (typeof value !== 'object' || value === null) return false;
  const { id, isSuperuser, memberships, timeZone } = value as Partial<Actor>;
  return (
    typeof id === 'string' &&
    typeof timeZone === 'string' &&
    typeof isSuperuser === 'boolean' &&
    Array.isArray(memberships) &&
    memberships.every(({ teamId, role }) => typeof teamId === 'string' && TEAM_ROLES.includes(role))
  );
}
