/**
 * The team's rule for late posts, kept with each approval beside what was approved. A manager may change the team's rule;
 * were an approved post to follow it, one person alone could let it leave at a time that nobody approved.
 */
import type { Approval, Publication, Team } from '@prisma/client';
import { z } from 'zod';
import { type LateSettings, lateDecision } from '../domain/late-policy.ts';

const kept = z.object({
  teamRule: z.object({ latePolicy: z.enum(['send', 'hold', 'drop']), lateLimitMinutes: z.number() }),
});

type LateRule = Pick<Team, 'latePolicy' | 'lateLimitMinutes'>;

/** What approve-post.ts keeps of the team beside the content. */
export function teamRuleOf({ latePolicy, lateLimitMinutes }: LateRule): { teamRule: LateRule } {
  return { teamRule: { latePolicy, lateLimitMinutes } };
}

/**
 * What becomes of a publication that is this late: by its own rule, else the team's, both as it is now and as it was when
 * the publication was approved. It is sent where both send it.
 * @param promised when it should have left; may be in the future
 */
export function decideLate(
  publication: Pick<Publication, 'latePolicy' | 'lateLimitMinutes'>,
  team: LateRule,
  approval: Pick<Approval, 'content'> | null,
  promised: Date,
  now: Date,
): LateSettings['latePolicy'] {
  const under = (rule: LateSettings) =>
    lateDecision(promised, now, {
      latePolicy: publication.latePolicy ?? rule.latePolicy,
      lateLimitMinutes: publication.lateLimitMinutes ?? rule.lateLimitMinutes,
    });
  const decision = under(team);
  // Approvals from before this was kept have none.
  const approved = kept.safeParse(approval?.content);
  return decision === 'send' && approved.success ? under(approved.data.teamRule) : decision;
}
