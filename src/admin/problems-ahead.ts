/** Posts that go out soon and would not as things are: what the pre-flight found (publishing/preflight.ts). */
import type { Platform, PublicationStatus } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { excerpt } from '../domain/excerpt.ts';
import type { Where } from './resource-query.ts';

export interface ProblemsAhead {
  /** Posts. */
  total: number;
  first: {
    id: string;
    postId: string;
    teamId: string;
    status: PublicationStatus;
    /** When it is due; of what waits for approval, when it would be. */
    at: Date | null;
    text: string;
    account: { platform: Platform; displayName: string };
    messages: string[];
  }[];
}

const MOST_TOLD = 5;

/** What to select of a publication to show what stands in its way; nothing does once it is on its way or done. */
export const FINDINGS = {
  select: { findings: { orderBy: { kind: 'asc' }, select: { kind: true, message: true } } },
} as const;

const NOT_GONE = ['scheduled', 'awaiting_approval'] as const;

/** The sentences to show beside a publication in this status. */
export function findingsOf(publication: {
  status: PublicationStatus;
  preflight: { findings: readonly { kind: string; message: string }[] } | null;
}): { kind: string; message: string }[] {
  const waits = (NOT_GONE as readonly PublicationStatus[]).includes(publication.status);
  return waits ? [...(publication.preflight?.findings ?? [])] : [];
}

/** @param publications which of them this person may see */
export async function problemsAhead({ db }: Pick<AppContext, 'db'>, publications: Where): Promise<ProblemsAhead> {
  const where = {
    AND: [publications, { status: { in: [...NOT_GONE] }, preflight: { findings: { some: {} } } }],
  };
  const [posts, first] = await Promise.all([
    db.publication.groupBy({ by: ['postId'], where }),
    db.publication.findMany({
      where,
      orderBy: [{ post: { scheduledAt: 'asc' } }, { id: 'asc' }],
      take: MOST_TOLD,
      select: {
        id: true,
        postId: true,
        teamId: true,
        status: true,
        dueAt: true,
        post: { select: { text: true, scheduledAt: true } },
        account: { select: { platform: true, displayName: true } },
        preflight: FINDINGS,
      },
    }),
  ]);
  return {
    total: posts.length,
    first: first.map((publication) => ({
      id: publication.id,
      postId: publication.postId,
      teamId: publication.teamId,
      status: publication.status,
      at: publication.status === 'scheduled' ? publication.dueAt : publication.post.scheduledAt,
      text: excerpt(publication.post.text),
      account: publication.account,
      messages: findingsOf(publication).map(({ message }) => message),
    })),
  };
}
