/** When a publication was, is or will be what, and why it has not left yet when nothing else says so. */
import { dateOf, lateness, Moment } from './moments.tsx';
import type { PanelRecord } from './panel-client.ts';
import { OutsideLink } from './record-values.tsx';

export function PublicationTimes({ params }: { params: PanelRecord['params'] }) {
  const late = lateness(params.dueAt, params.sentAt);
  const rows: readonly (readonly [string, unknown])[] = [
    ['Due', params.dueAt],
    ['Sent', params.sentAt],
    ['Accepted', params.acceptedAt],
    ...(comesLater(params) ? [['Next attempt', params.nextAttemptAt] as const] : []),
  ];
  return (
    <>
      {waitsForItsTurn(params) ? (
        <p className="ss-hint" data-testid="waits-for-its-turn">
          Waits for its turn after others of this account; leaves at about the time of the next attempt.
        </p>
      ) : null}
      <dl className="ss-values ss-values-narrow">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <Moment value={value} />
            </dd>
          </div>
        ))}
        {late === null ? null : (
          <div>
            <dt>Lateness</dt>
            <dd>{late}</dd>
          </div>
        )}
        <div>
          <dt>Attempts</dt>
          <dd>
            {String(params.attemptCount)} of {String(params.maxAttempts)}
          </dd>
        </div>
        {typeof params.permalink === 'string' ? (
          <div>
            <dt>Live at</dt>
            <dd>
              <OutsideLink href={params.permalink} />
            </dd>
          </div>
        ) : null}
      </dl>
    </>
  );
}

/** Whether it leaves later than it is due: tried again, its account rests, or others of the account go first. */
export function comesLater({ status, dueAt, nextAttemptAt }: Readonly<Record<string, unknown>>): boolean {
  if (status === 'retrying') return dateOf(nextAttemptAt) !== null;
  const [due, next] = [dateOf(dueAt), dateOf(nextAttemptAt)];
  return status === 'scheduled' && due !== null && next !== null && next > due;
}

/** What was overdue when it could leave gets a place in the line of its account. What says itself why it waits does not need this. */
export function waitsForItsTurn(params: Readonly<Record<string, unknown>>): boolean {
  const { status, errorCode, nextAttemptAt } = params;
  const next = dateOf(nextAttemptAt);
  const says = typeof errorCode === 'string' && errorCode !== '';
  return status === 'scheduled' && !says && comesLater(params) && next !== null && next.getTime() > Date.now();
}
