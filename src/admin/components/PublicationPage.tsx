/** One publication: its times, its attempts, and, when its outcome is unknown, the question only a person can answer. */
import type { ActionProps } from 'adminjs';
import { Link } from 'react-router-dom';
import { ActionButtons } from './action-buttons.tsx';
import { PlatformMark, platformLabel, StatusBadge } from './badges.tsx';
import type { LateRule } from './delivery-field.tsx';
import { DeliveryNotes } from './delivery-notes.tsx';
import { EvidenceCard, type ShownEvidence } from './evidence-card.tsx';
import { type History, HistoryCard } from './history-list.tsx';
import { Moment } from './moments.tsx';
import { Banner, Card, EmptyState, Page } from './page-frame.tsx';
import { hasAction, type PanelRecord } from './panel-client.ts';
import { imageOf, PostImages } from './post-images.tsx';
import { type Finding, FindingsBanner } from './problems-ahead.tsx';
import { PublicationTimes } from './publication-times.tsx';
import { OutsideLink } from './record-values.tsx';
import { AnsweredElsewhere, ResolvePanel, useAnsweredElsewhere } from './resolve-panel.tsx';
import { isAboutToChange, useFreshRecord } from './use-fresh-record.ts';

interface Attempt {
  id: string;
  number: number;
  state: string;
  sentAt: string | null;
  acceptedAt: string | null;
  finishedAt: string | null;
  httpStatus: number | null;
  errorCode: string | null;
  errorMessage: string | null;
}

interface Details {
  account: {
    id: string;
    platform: string;
    displayName: string;
    status: string;
    address: string | null;
    canBeLookedUp: boolean;
  };
  post: {
    id: string;
    text: string;
    linkUrl: string | null;
    timeZone: string | null;
    author: { name: string };
    media: (Record<string, unknown> & { sha256: string })[];
  };
  team: LateRule & { name: string; resendWhenAbsent: boolean };
  attempts: Attempt[];
  evidence: ShownEvidence | null;
  history: History;
  findings: Finding[];
}

export default function PublicationPage({ record: given }: ActionProps) {
  const { record, reload } = useFreshRecord('Publication', given as PanelRecord, ({ params }) =>
    isAboutToChange(params.status, params.nextAttemptAt ?? params.dueAt),
  );
  const { answeredElsewhere, answeredHere } = useAnsweredElsewhere(record);
  const details = record.details as Details | undefined;
  const { params } = record;
  if (details === undefined) return null;
  const { account, post } = details;
  const status = String(params.status);
  const asked = hasAction(record.recordActions, 'resolve');
  return (
    <Page
      name={`Publication on ${account.displayName}`}
      back={{ to: `/admin/resources/Post/records/${post.id}/show`, label: 'Post' }}
      title={
        <>
          <PlatformMark platform={account.platform} /> <bdi>{account.displayName}</bdi> <StatusBadge status={status} />
        </>
      }
      subtitle={
        <>
          {platformLabel(account.platform)} · written by <bdi>{post.author.name}</bdi>
          {account.address === null ? null : (
            <>
              {' · '}
              <OutsideLink href={account.address}>Open the account</OutsideLink>
            </>
          )}
        </>
      }
      actions={<ActionButtons resource="Publication" record={record} onDone={reload} />}
    >
      <FindingsBanner findings={details.findings} />
      {asked ? (
        <ResolvePanel
          record={record}
          account={account}
          resendWhenAbsent={details.team.resendWhenAbsent}
          onAnswered={answeredHere}
          onChanged={reload}
        />
      ) : null}
      {answeredElsewhere ? <AnsweredElsewhere status={status} /> : null}
      {!asked && status !== 'unconfirmed' && status !== 'published' && typeof params.errorMessage === 'string' ? (
        <Banner
          tone={status === 'failed' || status === 'missed' ? 'red' : 'amber'}
          icon="AlertTriangle"
          title={<bdi>{params.errorMessage}</bdi>}
        >
          {adviceFor(status, account)}
        </Banner>
      ) : null}
      <div className="ss-columns">
        <div>
          {status === 'published' ? (
            <EvidenceCard publicationId={record.id} evidence={details.evidence} media={post.media} />
          ) : null}
          {/* The evidence shows the text as it went out; beside evidence that was changed, the post's own is worth seeing. */}
          {status === 'published' && details.evidence?.intact === true ? null : (
            <Card
              title="Text"
              aside={
                <Link className="ss-more" to={`/admin/resources/Post/records/${post.id}/show`}>
                  Open the post
                </Link>
              }
            >
              <p className="ss-post-body">{String(params.text ?? post.text)}</p>
              {post.linkUrl === null ? null : <OutsideLink href={post.linkUrl} />}
              <PostImages images={post.media.map(imageOf)} />
            </Card>
          )}
          <DeliveryNotes params={params} team={details.team} />
          <Card title="Attempts" flush>
            {details.attempts.length === 0 ? (
              <EmptyState icon="Activity" title="Nothing has been sent yet">
                Every try is written down here before it leaves.
              </EmptyState>
            ) : (
              details.attempts.map((attempt) => <AttemptLine key={attempt.id} attempt={attempt} />)
            )}
          </Card>
        </div>
        <div>
          <Card title="Times">
            <PublicationTimes params={params} />
          </Card>
          <HistoryCard resource="Publication" id={record.id} history={details.history} />
        </div>
      </div>
    </Page>
  );
}

function adviceFor(status: string, account: Details['account']) {
  if (account.status !== 'active')
    return <Link to={`/admin/resources/ConnectedAccount/records/${account.id}/show`}>Connect the account again</Link>;
  if (status === 'failed') return 'Edit the post or wait, then use “Send again”; or use “Give up”.';
  if (status === 'missed') return 'Waiting changes nothing: by the late rule it is not sent by itself any more.';
  return null;
}

function AttemptLine({ attempt }: { attempt: Attempt }) {
  return (
    <div className="ss-line">
      <span className="ss-number">{attempt.number}</span>
      <div className="ss-line-main">
        <span className="ss-line-title">
          <StatusBadge status={attempt.state} />
        </span>
        <div className="ss-line-sub">
          {attempt.httpStatus === null ? 'no answer' : `HTTP ${attempt.httpStatus}`}
          {attempt.errorMessage === null ? '' : ` · ${attempt.errorMessage}`}
        </div>
      </div>
      <div className="ss-line-side">
        <Moment value={attempt.sentAt ?? attempt.finishedAt} />
      </div>
    </div>
  );
}
