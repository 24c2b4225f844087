/** The worker processes of the last day, for those who look after the server. */
import { StatusBadge } from './badges.tsx';
import type { DashboardData } from './dashboard-data.ts';
import { Moment } from './moments.tsx';
import { Card } from './page-frame.tsx';

export function WorkersCard({ workers }: { workers: DashboardData['workers'] }) {
  return (
    <Card title="Workers" flush>
      {workers.map((worker) => (
        <div key={worker.id} className="ss-line">
          <div className="ss-line-main">
            <span className="ss-line-title">{worker.host}</span>
            <div className="ss-line-sub">
              process {worker.pid} · started <Moment value={worker.startedAt} layout="short" />
            </div>
          </div>
          <div className="ss-line-side">
            <StatusBadge status={worker.state} />
            <span className="ss-muted">
              last seen <Moment value={worker.beatAt} layout="short" />
            </span>
          </div>
        </div>
      ))}
    </Card>
  );
}
