/** What somebody may stop, as `createHold` checks it: a superuser everything, a manager the own teams and their accounts. */

/** As the session names him. */
type Person = Readonly<Record<string, unknown>> | null;

export function mayHoldEverything(person: Person): boolean {
  return person?.isSuperuser === true;
}

export function mayHoldTeam(person: Person, teamId: unknown): boolean {
  const memberships = (person?.memberships ?? []) as readonly { teamId: string; role: string }[];
  return mayHoldEverything(person) || memberships.some((one) => one.teamId === teamId && one.role === 'manager');
}

/** Scopes of a hold. */
export function mayHoldScope(person: Person, scope: string): boolean {
  return mayHoldEverything(person) || scope === 'team' || scope === 'account';
}
