/** Posts that go out soon and would not as things are, while somebody can still do something. */
import { Link } from 'react-router-dom';
import { Moment } from './moments.tsx';
import { Banner } from './page-frame.tsx';

export interface Finding {
  kind: string;
  message: string;
}

export interface ProblemsAhead {
  total: number;
  first: {
    id: string;
    postId: string;
    at: string | null;
    text: string;
    account: { platform: string; displayName: string };
    messages: string[];
  }[];
}

export function ProblemsAheadBanner({ ahead }: { ahead: ProblemsAhead }) {
  const { total, first } = ahead;
  if (total === 0) return null;
  const more = total - new Set(first.map(({ postId }) => postId)).size;
  return (
    <Banner
      tone="amber"
      icon="AlertTriangle"
      title={`${total === 1 ? 'One post' : `${total.toLocaleString('en')} posts`} of the next 24 hours ${total === 1 ? 'has a problem' : 'have problems'}`}
    >
      <ul className="ss-banner-list">
        {first.map(({ id, at, text, account, messages }) => (
          <li key={id}>
            <Link to={`/admin/resources/Publication/records/${id}/show`}>“{text}”</Link> · {account.displayName} ·{' '}
            <Moment value={at} layout="short" />
            <div>{messages.join(' ')}</div>
          </li>
        ))}
      </ul>
      {more > 0 ? `And ${more.toLocaleString('en')} more.` : null}
    </Banner>
  );
}

/** On the page of a publication, or of a post: what stands in its way, and what to do. */
export function FindingsBanner({ findings, about }: { findings: readonly Finding[] | undefined; about?: string }) {
  if (findings === undefined || findings.length === 0) return null;
  return (
    <Banner
      tone="amber"
      icon="AlertTriangle"
      title={`As things are, this will not go out${about === undefined ? '' : ` to ${about}`}`}
    >
      {findings.length === 1 ? (
        findings[0]?.message
      ) : (
        <ul className="ss-banner-list">
          {findings.map(({ kind, message }) => (
            <li key={kind}>{message}</li>
          ))}
        </ul>
      )}
    </Banner>
  );
}

/** On the page of a post that has not gone: what a platform may show otherwise than its author thinks. */
export function WarningsBanner({ warnings }: { warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <Banner tone="amber" icon="Info" title="It may look different than here">
      <ul className="ss-banner-list">
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Banner>
  );
}
