/** What the dashboard's handler answers (admin/dashboard.ts). */
import type { ConnectChoice } from './connect-buttons.tsx';
import type { EndingConnection } from './ending-connections.tsx';
import type { ProblemsAhead } from './problems-ahead.tsx';

export interface PublicationRow {
  id: string;
  status: string;
  /** For this account instead of the post's. */
  text: string | null;
  dueAt: string | null;
  sentAt: string | null;
  acceptedAt: string | null;
  permalink: string | null;
  errorMessage: string | null;
  account: { id: string; platform: string; displayName: string };
  post: { id: string; text: string; author: { name: string } };
}

export interface DashboardData extends ConnectChoice {
  now: string;
  counts: { attention: number; upcoming: number; published: number; drafts: number; accounts: number };
  attention: PublicationRow[];
  upcoming: PublicationRow[];
  published: PublicationRow[];
  activity: {
    id: string;
    action: string;
    entity: string;
    entityId: string | null;
    occurredAt: string;
    actor: string | null;
    about: string | null;
    /** What a publication goes on by; null for everything else. */
    by: string | null;
    /** Of a publication: where it goes. */
    account: { platform: string; displayName: string } | null;
  }[];
  accountsToReconnect: {
    id: string;
    platform: string;
    displayName: string;
    teamId: string;
    reconnectUrl: string;
    statusReason: string | null;
    mayReconnect: boolean;
    waiting: { total: number; first: { id: string; text: string }[] };
  }[];
  endingConnections: EndingConnection[];
  problemsAhead: ProblemsAhead;
  /** Deactivated people who left something; only for superusers. */
  toHandOver: { id: string; name: string; posts: number; accounts: number }[];
  workerRuns: boolean;
  /** Only for superusers. */
  workers: { id: string; host: string; pid: number; startedAt: string; beatAt: string; state: string }[];
  overdueSeconds: number;
  medianLatenessMs: number | null;
  mayWrite: boolean;
}
