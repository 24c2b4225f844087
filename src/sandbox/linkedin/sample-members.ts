/** Who exists in the sandbox's LinkedIn before anybody has made up a member. */
export interface Member {
  /** LinkedIn's pairwise member id: `sub` in userinfo and the last part of `urn:li:person:…`. */
  readonly sub: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly email: string;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly vanityName: string;
  /** The members (`sub`) who administer it. */
  readonly administrators: readonly string[];
}

export const SAMPLE_MEMBERS: readonly Member[] = [
  { sub: 'aMr4OkF0r1', givenName: 'Amara', familyName: 'Okafor', email: 'amara.okafor@example.com' },
  { sub: 'jN5LndQ-vT', givenName: 'Jonas', familyName: 'Lindqvist', email: 'jonas.lindqvist@example.com' },
  { sub: 'm3iTnK_a9c', givenName: 'Mei', familyName: 'Tanaka', email: 'mei.tanaka@example.com' },
  { sub: 'rF7DuArt3x', givenName: 'Rafael', familyName: 'Duarte', email: 'rafael.duarte@example.com' },
];

export const SAMPLE_ORGANIZATIONS: readonly Organization[] = [
  {
    id: '1001',
    name: 'Northwind Coffee Roasters',
    vanityName: 'northwind-coffee',
    administrators: ['aMr4OkF0r1', 'jN5LndQ-vT'],
  },
  { id: '1002', name: 'Harbour City Library', vanityName: 'harbour-city-library', administrators: ['jN5LndQ-vT'] },
];

export function personUrn(member: Pick<Member, 'sub'>): string {
  return `urn:li:person:${member.sub}`;
}

export function organizationUrn(organization: Pick<Organization, 'id'>): string {
  return `urn:li:organization:${organization.id}`;
}

export function fullName(member: Member): string {
  return `${member.givenName} ${member.familyName}`.trim();
}
