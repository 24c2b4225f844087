import { useCurrentAdmin } from 'adminjs';

/** The team to begin with: the first one the person belongs to. A superuser sees all of them, and may belong to none. */
export function useOwnTeam(teams: readonly { id: string }[]): string | undefined {
  const [person] = useCurrentAdmin();
  const memberships: unknown = person?.memberships;
  const own = Array.isArray(memberships) ? memberships.map((one: { teamId?: unknown }) => one.teamId) : [];
  return (teams.find(({ id }) => own.includes(id)) ?? teams[0])?.id;
}
