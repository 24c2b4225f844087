/** Above every page while something is held: what, since when, by whom and why, and the way to release it. */
import { Icon } from '@adminjs/design-system';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { useRecordAction } from './action-buttons.tsx';
import { platformLabel } from './badges.tsx';
import { Field } from './form-fields.tsx';
import { Moment } from './moments.tsx';
import { Dialog } from './page-frame.tsx';
import { releaseText } from './release-text.ts';
import { type StandingHold, useStandingOrders } from './use-standing-orders.ts';

export function HoldBanners() {
  const { holds, total } = useStandingOrders();
  if (holds.length === 0) return null;
  return (
    <section className="ss-holds" aria-label="Holds in force">
      {holds.map((hold) => (
        <HoldBanner key={hold.id} hold={hold} />
      ))}
      {total > holds.length ? (
        <div className="ss-hold">
          <Link to="/admin/resources/Hold">All {total} holds in force</Link>
        </div>
      ) : null}
    </section>
  );
}

function HoldBanner({ hold }: { hold: StandingHold }) {
  const byServer = hold.createdBy === null;
  return (
    <div className="ss-hold" role="alert" data-testid="hold-banner">
      <span className="ss-hold-icon">
        <Icon icon="PauseCircle" size={18} aria-hidden="true" />
      </span>
      <div className="ss-hold-text">
        <strong>
          On hold: <bdi>{heldThing(hold)}</bdi>
        </strong>
        <span>
          {byServer ? 'The server stopped by itself. ' : ''}
          <bdi>{hold.reason}</bdi>
        </span>
        <span className="ss-hold-order">
          ordered by {byServer ? 'the server' : <bdi>{hold.createdBy}</bdi>} · since{' '}
          <Moment value={hold.createdAt} layout="line" />
        </span>
      </div>
      <div className="ss-hold-actions">
        <Link className="ss-button" to={`/admin/resources/Hold/records/${hold.id}/show`}>
          Details
        </Link>
        {hold.mayRelease ? <ReleaseButton hold={hold} /> : null}
      </div>
    </div>
  );
}

function ReleaseButton({ hold }: { hold: StandingHold }) {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const { busy, run } = useRecordAction('Hold', hold.id, () => undefined);
  return (
    <>
      <button type="button" className="ss-button" data-testid="release-hold" onClick={() => setAsking(true)}>
        <Icon icon="PlayCircle" size={15} aria-hidden="true" />
        Release
      </button>
      {asking ? (
        <Dialog
          title={`Release the hold on ${heldThing(hold)}?`}
          confirm="Release"
          busy={busy}
          onClose={() => setAsking(false)}
          onConfirm={() => void run('release', { reason }).then((done) => done && setAsking(false))}
        >
          <p>{releaseText(hold.forecast)}</p>
          <Field label="Why is it over?" hint="Kept for the audit.">
            {(binding) => (
              <textarea
                {...binding}
                className="ss-input"
                rows={2}
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            )}
          </Field>
        </Dialog>
      ) : null}
    </>
  );
}

function heldThing(hold: StandingHold): string {
  if (hold.scope === 'platform') return `everything on ${platformLabel(hold.platform ?? '')}`;
  if (hold.scope === 'team') return `team ${hold.team ?? ''}`;
  if (hold.scope === 'account')
    return hold.account === null
      ? 'an account'
      : `${hold.account.displayName} (${platformLabel(hold.account.platform)})`;
  return 'everything';
}
