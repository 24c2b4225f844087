/**
 * The people: a team, its accounts, and posts without end. Most are written in bulk, as rows and alarms like those that
 * scheduling writes; some go through the verbs, one by one. The database may be gone at any moment: what could not be
 * written is written again as something new, and what is in the tables in the end is what counts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ConnectedAccount } from '@prisma/client';
import { v7 as uuidv7 } from 'uuid';
import { connectAccount } from '../../src/accounts/connect-account.ts';
import type { AppContext } from '../../src/context.ts';
import type { Actor } from '../../src/domain/access.ts';
import { setAlarm } from '../../src/publishing/alarm.ts';
import { createPost } from '../../src/publishing/posts.ts';
import { publishPostNow, schedulePost } from '../../src/publishing/schedule-post.ts';
import type { Random } from './random.ts';

export interface Team {
  id: string;
  actor: Actor;
  accounts: readonly ConnectedAccount[];
}

/** Short, so that attempts that failed are made again while the soak lasts. */
const RETRY_BASE_SECONDS = 2;
const TICK_MS = 500;
/** One tick in this many also uses the verbs. */
const VERB_EVERY = 2;

export async function seedTeam(ctx: AppContext, accounts: number): Promise<Team> {
  const team = await ctx.db.team.create({ data: { name: 'Soak' } });
  const user = await ctx.db.user.create({
    data: { email: 'soak@example.com', name: 'Soak', memberships: { create: { teamId: team.id, role: 'manager' } } },
  });
  const { id, email, name } = user;
  const actor: Actor = {
    ...{ id, email, name, timeZone: 'UTC', isSuperuser: false },
    memberships: [{ teamId: team.id, role: 'manager' }],
  };
  const connected: ConnectedAccount[] = [];
  for (let index = 0; index < accounts; index++) connected.push(await connect(ctx, actor, team.id, index));
  return { id: team.id, actor, accounts: connected };
}

async function connect(ctx: AppContext, actor: Actor, teamId: string, index: number): Promise<ConnectedAccount> {
  const adapter = ctx.platforms.linkedin;
  if (adapter === undefined) throw new Error('LinkedIn is configured by the soak');
  const redirectUri = 'http://localhost:3000/connect/linkedin/callback';
  const consent = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 'soak', codeChallenge: '' }));
  const member = { sandbox_member: 'new', name: `Soak Member ${index}`, email: `member-${index}@example.com` };
  for (const [name, value] of Object.entries(member)) consent.searchParams.set(name, value);
  const location = (await fetch(consent, { redirect: 'manual' })).headers.get('location') ?? '';
  const code = new URL(location).searchParams.get('code') ?? '';
  const now = ctx.clock.now();
  const grant = await adapter.connector.exchangeCode({ code, redirectUri, codeVerifier: '' }, now);
  const [candidate] = await adapter.connector.candidates(grant, now);
  if (candidate === undefined) throw new Error('the member is a candidate');
  return ctx.db.$transaction((tx) =>
    connectAccount(tx, ctx, { actor, teamId, personal: false, platform: 'linkedin', candidate, grant }),
  );
}

/** Writes about `perSecond` publications a second until the signal; each falls due within seconds. */
export async function keepPosting(
  ctx: AppContext,
  team: Team,
  random: Random,
  perSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  let written = 0;
  for (let tick = 0; !signal.aborted; tick++) {
    const wanted = Math.floor(((performance.now() - started) / 1000) * perSecond) - written;
    try {
      if (tick % VERB_EVERY === 0) written += await throughVerbs(ctx, team, random);
      written += await inBulk(ctx, team, random, Math.min(wanted, perSecond * 2));
    } catch {
      // The database is away, as it is meant to be; the next tick catches up.
    }
    await pause(TICK_MS);
  }
}

async function throughVerbs(ctx: AppContext, team: Team, random: Random): Promise<number> {
  const accounts = [...new Set([random.pick(team.accounts).id, random.pick(team.accounts).id])];
  const later = random.next() < 0.5;
  const at = new Date(ctx.clock.now().getTime() + 60_000).toISOString().slice(0, 16);
  const input = { text: `Soak ${uuidv7()}`, accounts, ...(later ? { scheduledAt: at, timeZone: 'UTC' } : {}) };
  const { id } = await createPost(ctx, team.actor, input);
  if (later) await schedulePost(ctx, team.actor, id);
  else await publishPostNow(ctx, team.actor, id);
  return accounts.length;
}

async function inBulk(ctx: AppContext, team: Team, random: Random, count: number): Promise<number> {
  if (count <= 0) return 0;
  const rows = Array.from({ length: count }, () => {
    const dueAt = new Date(ctx.clock.now().getTime() + random.between(0, 4_000));
    return { id: uuidv7(), postId: uuidv7(), accountId: random.pick(team.accounts).id, dueAt };
  });
  await ctx.db.$transaction(
    async (tx) => {
      await tx.post.createMany({
        data: rows.map(({ postId, dueAt }) => ({
          ...{ id: postId, teamId: team.id, authorId: team.actor.id, text: `Soak ${postId}` },
          ...{ scheduledAt: dueAt, timeZone: 'UTC', status: 'scheduled' as const },
        })),
      });
      await tx.publication.createMany({
        data: rows.map(({ id, postId, accountId, dueAt }) => ({
          ...{ id, postId, accountId, teamId: team.id, status: 'scheduled' as const, generation: 1 },
          ...{ dueAt, nextAttemptAt: dueAt, retryBaseSeconds: RETRY_BASE_SECONDS },
        })),
      });
      for (const { id, dueAt } of rows) await setAlarm(tx, ctx, { id, generation: 1 }, dueAt);
    },
    { timeout: 20_000 },
  );
  return count;
}
