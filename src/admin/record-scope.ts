/** Turns the access policy's read scope into the WHERE of a resource, and rows into what the policy asks about. */
import { type Actor, type ResourceName, readScope } from '../domain/access.ts';
import type { Where } from './resource-query.ts';

const NOTHING: Where = { id: { in: [] } };

/**
 * @param wholeTeam the rows of a team
 * @param ownInTeam the actor's own rows in a team
 */
export function ownedScope(
  actor: Actor,
  resource: ResourceName,
  wholeTeam: (teamId: string) => Where,
  ownInTeam: (teamId: string) => Where,
): Where {
  const scope = readScope(actor, resource);
  if (scope.all) return {};
  const teams = scope.teams.map(({ teamId, team }) => (team ? wholeTeam(teamId) : ownInTeam(teamId)));
  return teams.length === 0 ? NOTHING : { OR: teams };
}

/** The teams a person belongs to; null: every team (a superuser). */
export function readableTeams(actor: Actor, resource: ResourceName): string[] | null {
  const scope = readScope(actor, resource);
  return scope.all ? null : scope.teams.map(({ teamId }) => teamId);
}

/** A text column that may be empty. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The keys that have a value: an absent key means "unchanged" to a verb, and `undefined` is not absent to TypeScript. */
export function pick<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
