import { describe, expect, it } from 'vitest';
import { type Actor, can, canSometimes, mayPublishTo, POLICY, RESOURCES, readScope } from './access.ts';

const person = (over: Partial<Actor> = {}): Actor => ({
  id: 'me',
  email: 'me@example.com',
  name: 'Me',
  timeZone: 'UTC',
  isSuperuser: false,
  memberships: [],
  ...over,
});
const author = person({ memberships: [{ teamId: 'a', role: 'author' }] });
const approver = person({ memberships: [{ teamId: 'a', role: 'approver' }] });
const manager = person({ memberships: [{ teamId: 'a', role: 'manager' }] });
const superuser = person({ isSuperuser: true });
const own = { ownerId: 'me', teamId: 'a' };
const colleague = { ownerId: 'you', teamId: 'a' };
const foreign = { ownerId: 'them', teamId: 'b' };

describe('access to posts', () => {
  it('gives authors their own, approvers and managers their team, superusers everything', () => {
    const reach = (actor: Actor) => [own, colleague, foreign].map((subject) => can(actor, 'Post', 'edit', subject));
    expect(reach(author)).toEqual([true, false, false]);
    expect(reach(approver)).toEqual([true, true, false]);
    expect(reach(manager)).toEqual([true, true, false]);
    expect(reach(superuser)).toEqual([true, true, true]);
  });

  it('lets nobody approve his own post, not even a superuser', () => {
    for (const actor of [author, approver, manager, superuser]) expect(can(actor, 'Post', 'approve', own)).toBe(false);
    expect(can(approver, 'Post', 'approve', colleague)).toBe(true);
    expect(can(author, 'Post', 'approve', colleague)).toBe(false);
  });

  it('takes own posts away from somebody who left the team', () => {
    expect(can(person(), 'Post', 'show', own)).toBe(false);
  });
});

describe('access by default', () => {
  it('denies what the table does not name', () => {
    expect(can(superuser, 'Post', 'bulkDelete', own)).toBe(false);
    expect(can(superuser, 'AuditEvent', 'delete', own)).toBe(false);
    expect(can(superuser, 'AuditEvent', 'edit', own)).toBe(false);
    expect(canSometimes(superuser, 'Publication', 'delete')).toBe(false);
  });

  it('lets somebody without a team and without rights do nothing at all but look after himself', () => {
    const himself = { ownerId: 'me', teamId: null };
    const may: string[] = [];
    for (const resource of RESOURCES)
      for (const action of Object.keys(POLICY[resource])) {
        expect(can(person(), resource, action, foreign)).toBe(false);
        if (can(person(), resource, action, himself)) may.push(`${resource}.${action}`);
        expect(canSometimes(person(), resource, action)).toBe(can(person(), resource, action, himself));
      }
    expect(may).toEqual(['User.list', 'User.show', 'User.search', 'User.edit']);
  });

  it('reads own records only where the role is author, and the whole team from approver on', () => {
    expect(readScope(author, 'Post')).toEqual({
      all: false,
      teams: [{ teamId: 'a', own: true, shared: false, team: false }],
    });
    expect(readScope(approver, 'Post')).toEqual({
      all: false,
      teams: [{ teamId: 'a', own: true, shared: true, team: true }],
    });
    expect(readScope(superuser, 'Post')).toEqual({ all: true });
    expect(readScope(person(), 'Post')).toEqual({ all: false, teams: [] });
  });
});

describe('access to connected accounts', () => {
  const teams = { ownerId: null, teamId: 'a' };
  const seen = (actor: Actor) =>
    [own, teams, colleague, foreign].map((one) => can(actor, 'ConnectedAccount', 'show', one));

  it('shows an author the team’s and his own, and a colleague’s personal one only to those who look after the team', () => {
    expect(seen(author)).toEqual([true, true, false, false]);
    expect(seen(approver)).toEqual([true, true, true, false]);
    expect(readScope(author, 'ConnectedAccount')).toEqual({
      all: false,
      teams: [{ teamId: 'a', own: true, shared: true, team: false }],
    });
  });

  it('lets nobody but the owner share a personal one, not even a superuser', () => {
    expect(can(author, 'ConnectedAccount', 'share', own)).toBe(true);
    for (const actor of [manager, superuser]) expect(can(actor, 'ConnectedAccount', 'share', colleague)).toBe(false);
  });
});

describe('publishing to an account', () => {
  it('is for everybody in the team when the account is the team’s, and for its owner alone when it is personal', () => {
    const post = { authorId: 'me', teamId: 'a' };
    expect(mayPublishTo({ ownerId: null, teamId: 'a' }, post)).toBe(true);
    expect(mayPublishTo({ ownerId: 'me', teamId: 'a' }, post)).toBe(true);
    expect(mayPublishTo({ ownerId: 'you', teamId: 'a' }, post)).toBe(false);
    expect(mayPublishTo({ ownerId: null, teamId: 'b' }, post)).toBe(false);
  });
});
