/** What a superuser can do with the whole audit: check its chain, and take it out as a file. */
import { Icon } from '@adminjs/design-system';
import type { ResourceJSON } from 'adminjs';
import { useState } from 'react';
import { Link, useLocation } from 'react-router-dom';
import { Banner } from './page-frame.tsx';
import { api, hasAction } from './panel-client.ts';

type Verdict =
  | { intact: true; events: number; unsealed: number; head: string }
  | { intact: false; position: number; eventId: string | null; problem: string };

/** Buttons for the head of the page. */
export function AuditExport({ resource }: { resource: ResourceJSON }) {
  const query = new URLSearchParams(useLocation().search);
  if (!hasAction(resource.resourceActions, 'export')) return null;
  const filters = [...query].filter(([key]) => key.startsWith('filters.'));
  return (
    // A form, so that the browser saves the answer as it comes instead of holding all of it.
    <form method="post" action="/admin/api/resources/AuditEvent/actions/export" className="ss-actions">
      {filters.map(([key, value]) => (
        <input key={key} type="hidden" name={key} value={value} />
      ))}
      {['csv', 'json'].map((format) => (
        <button
          key={format}
          type="submit"
          name="format"
          value={format}
          className="ss-button"
          data-testid={`export-${format}`}
        >
          <Icon icon="Download" size={15} aria-hidden="true" />
          {filters.length === 0 ? 'Export' : 'Export these'} as {format.toUpperCase()}
        </button>
      ))}
    </form>
  );
}

/** A button, and below it what was found. */
export function AuditVerify({ resource, onDone }: { resource: ResourceJSON; onDone(): void }) {
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<{ verdict: Verdict | null; problem: string } | null>(null);
  if (!hasAction(resource.resourceActions, 'verify')) return null;
  const verify = async () => {
    setBusy(true);
    const answer = await api.actOnAll('AuditEvent', 'verify');
    const { verdict = null } = answer.data as { verdict?: Verdict };
    setFound({ verdict, problem: answer.message });
    setBusy(false);
    onDone();
  };
  return (
    <div className="ss-verify">
      <button type="button" className="ss-button" disabled={busy} onClick={() => void verify()} data-testid="verify">
        <Icon icon="Shield" size={15} aria-hidden="true" />
        {busy ? 'Checking every event…' : 'Verify the chain'}
      </button>
      <span className="ss-muted">Every event is sealed with the hash of the one before it.</span>
      {found === null ? null : <Finding {...found} />}
    </div>
  );
}

function Finding({ verdict, problem }: { verdict: Verdict | null; problem: string }) {
  if (verdict === null) return <Banner tone="red" icon="AlertCircle" title={problem} />;
  if (!verdict.intact) {
    return (
      <Banner
        tone="red"
        icon="AlertOctagon"
        title={`The audit is broken at position ${verdict.position.toLocaleString('en')}`}
      >
        {verdict.problem}.{' '}
        {verdict.eventId === null ? null : (
          <Link to={`/admin/resources/AuditEvent/records/${verdict.eventId}/show`}>Look at this event</Link>
        )}
      </Banner>
    );
  }
  const waiting =
    verdict.unsealed === 0
      ? ''
      : ` The newest ${verdict.unsealed === 1 ? 'event is' : `${verdict.unsealed} events are`} about to be sealed.`;
  return (
    <Banner
      tone="blue"
      icon="CheckCircle"
      title={`Intact: all ${verdict.events.toLocaleString('en')} sealed events follow each other`}
    >
      {waiting} Head of the chain:{' '}
      <code className="ss-code ss-break">
        {verdict.events}:{verdict.head}
      </code>
    </Banner>
  );
}
