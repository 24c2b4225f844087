/** A post: what it says, where it goes, how far it is, what can be done next, and what happened so far. */
import type { ActionProps } from 'adminjs';
import { Link } from 'react-router-dom';
import { mayBeLive, type PublicationStatus } from '../../domain/publication.ts';
import { ActionButtons } from './action-buttons.tsx';
import { ApprovalCard, type ApprovalDetails, SentBack } from './approval-card.tsx';
import { PlatformMark, StatusBadge } from './badges.tsx';
import { type LateRule, lateReading } from './delivery-field.tsx';
import { DeliveryNotes } from './delivery-notes.tsx';
import { type History, HistoryCard } from './history-list.tsx';
import { lateness, Moment } from './moments.tsx';
import { Banner, Card, EmptyState, Page } from './page-frame.tsx';
import type { PanelRecord } from './panel-client.ts';
import { PostImages, shownImages } from './post-images.tsx';
import { type Finding, FindingsBanner, WarningsBanner } from './problems-ahead.tsx';
import { comesLater } from './publication-times.tsx';
import { OutsideLink } from './record-values.tsx';
import { isAboutToChange, useFreshRecord } from './use-fresh-record.ts';

interface PublicationLine {
  id: string;
  status: PublicationStatus;
  errorCode: string | null;
  dueAt: string | null;
  sentAt: string | null;
  acceptedAt: string | null;
  permalink: string | null;
  attemptCount: number;
  maxAttempts: number;
  nextAttemptAt: string | null;
  errorMessage: string | null;
  /** Instead of the post's own. */
  text: string | null;
  findings: Finding[];
  account: { id: string; platform: string; displayName: string; status: string };
}

interface Details {
  team: LateRule & { name: string; requiresApproval: boolean };
  publications: PublicationLine[];
  warnings: string[];
  approval: ApprovalDetails;
  history: History;
  canEdit: boolean;
  canDelete: boolean;
}

const ORDER = ['schedule', 'approve', 'publishNow', 'edit', 'sendBack', 'duplicate', 'cancel', 'delete'];

export default function PostPage({ record: given }: ActionProps) {
  const { record, reload } = useFreshRecord('Post', given as PanelRecord, ({ params }) =>
    isAboutToChange(params.status, params.scheduledAt),
  );
  const { params, populated } = record;
  const details = record.details as Details | undefined;
  const status = String(params.status);
  const publications = details?.publications ?? [];
  const actions = ORDER.filter(
    (name) =>
      (name !== 'edit' || details?.canEdit !== false) &&
      (name !== 'delete' || details?.canDelete !== false) &&
      (name !== 'publishNow' || details?.team.requiresApproval !== true) &&
      !(
        name === 'schedule' &&
        (params.scheduledAt === null ||
          params.scheduledAt === undefined ||
          publications.length === 0 ||
          (status === 'awaiting_approval' && details?.team.requiresApproval !== false))
      ),
  );
  return (
    <Page
      name="Post"
      back={{ to: '/admin/resources/Post', label: 'Posts' }}
      title={
        <>
          Post <StatusBadge status={status} />
        </>
      }
      subtitle={
        <>
          by {String(populated.author?.title ?? 'somebody')} · {String(populated.team?.title ?? '')}
          {params.scheduledAt === null || params.scheduledAt === undefined ? null : (
            <>
              {' · '}
              <Moment value={params.scheduledAt} layout="line" timeZone={String(params.timeZone ?? 'UTC')} />
            </>
          )}
        </>
      }
      actions={
        <ActionButtons
          resource="Post"
          record={record}
          onDone={reload}
          only={actions}
          values={{ approve: { contentHash: details?.approval.contentHash } }}
        />
      }
    >
      {details !== undefined && status === 'draft' && details.approval.sentBack !== null ? (
        <SentBack sentBack={details.approval.sentBack} />
      ) : (
        <NextStep
          record={record}
          publications={publications}
          needsApproval={details?.team.requiresApproval !== false}
        />
      )}
      {publications.map(({ id, findings, account }) => (
        <FindingsBanner key={id} findings={findings} about={account.displayName} />
      ))}
      <WarningsBanner warnings={details?.warnings ?? []} />
      <div className="ss-columns">
        <div>
          {details !== undefined && details.approval.waiting.length > 0 ? (
            <ApprovalCard
              approval={details.approval}
              scheduledAt={params.scheduledAt}
              timeZone={String(params.timeZone ?? 'UTC')}
              late={lateReading(params, details.team)}
              images={shownImages(params)}
            />
          ) : (
            <Card title="Text">
              <p className="ss-post-body">{String(params.text)}</p>
              {typeof params.linkUrl === 'string' && params.linkUrl !== '' ? (
                <OutsideLink href={params.linkUrl} />
              ) : null}
              <PostImages images={shownImages(params)} />
              <OtherTexts publications={publications} />
            </Card>
          )}
          <DeliveryNotes params={params} team={details?.team ?? null} />
          <Card title="Publications" flush>
            {publications.length === 0 ? (
              <EmptyState icon="Link" title="No account is chosen">
                Choose one or more accounts with “Edit”.
              </EmptyState>
            ) : (
              publications.map((publication) => <PublicationRow key={publication.id} publication={publication} />)
            )}
          </Card>
        </div>
        <div>
          <HistoryCard resource="Post" id={record.id} history={details?.history} />
        </div>
      </div>
    </Page>
  );
}

/** One sentence about what to do now, when there is something to do. */
function NextStep({
  record,
  publications,
  needsApproval,
}: {
  record: PanelRecord;
  publications: readonly PublicationLine[];
  needsApproval: boolean;
}) {
  const { params } = record;
  const status = String(params.status);
  const unconfirmed = publications.find(mayBeLive);
  if (unconfirmed !== undefined) {
    return (
      <Banner
        tone="red"
        icon="HelpCircle"
        title={`It is not known whether this was published to ${unconfirmed.account.displayName}`}
      >
        It is not sent again by itself, so that it cannot appear twice.{' '}
        <Link to={`/admin/resources/Publication/records/${unconfirmed.id}/show`}>
          Look at the account and answer here
        </Link>
      </Banner>
    );
  }
  if (status === 'draft' && publications.length === 0)
    return (
      <Banner tone="blue" icon="Edit3" title="This is a draft without an account. Choose where it goes with “Edit”." />
    );
  if (status === 'draft' && (params.scheduledAt === null || params.scheduledAt === undefined))
    return (
      <Banner
        tone="blue"
        icon="Edit3"
        title="This is a draft without a time. Choose one with “Edit”, or publish it now."
      />
    );
  if (status === 'draft')
    return <Banner tone="blue" icon="Clock" title="This is a draft. It goes out only after “Schedule”." />;
  if (status === 'awaiting_approval') return <WaitsForApproval publications={publications} needed={needsApproval} />;
  if (status === 'published') return null;
  const trouble = publications.find((publication) => ['failed', 'held', 'missed'].includes(publication.status));
  if (trouble === undefined) return null;
  return (
    <Banner
      tone="amber"
      icon="AlertTriangle"
      title={
        <>
          <bdi>{trouble.account.displayName}</bdi>:{' '}
          <bdi>{trouble.errorMessage ?? 'this publication needs a decision'}</bdi>
        </>
      }
    >
      <Link to={`/admin/resources/Publication/records/${trouble.id}/show`}>See what can be done</Link>
    </Banner>
  );
}

function WaitsForApproval({ publications, needed }: { publications: readonly PublicationLine[]; needed: boolean }) {
  const overdue = publications.find(
    ({ status, errorMessage }) => status === 'awaiting_approval' && errorMessage !== null,
  );
  const title = needed
    ? 'Somebody other than the author has to approve this post.'
    : 'This team needs no approval any more. It goes out only after “Schedule”.';
  return (
    <Banner tone="amber" icon="UserCheck" title={title}>
      {overdue?.errorMessage}
    </Banner>
  );
}

/** What goes to an account instead of the post's own text. */
function OtherTexts({ publications }: { publications: readonly PublicationLine[] }) {
  return publications.map(({ id, text, account }) =>
    text === null ? null : (
      <div key={id} className="ss-other-text">
        <h3>
          <PlatformMark platform={account.platform} size="small" /> Different text for {account.displayName}
        </h3>
        <p className="ss-post-body">{text}</p>
      </div>
    ),
  );
}

function PublicationRow({ publication }: { publication: PublicationLine }) {
  const { account, status, permalink } = publication;
  const late = lateness(publication.dueAt, publication.sentAt);
  return (
    <div className="ss-line">
      <PlatformMark platform={account.platform} />
      <div className="ss-line-main">
        <Link className="ss-line-title" to={`/admin/resources/Publication/records/${publication.id}/show`}>
          {account.displayName}
        </Link>
        <div className="ss-line-sub">
          {permalink === null ? null : <OutsideLink href={permalink}>See it live</OutsideLink>}
          {status === 'published' && late !== null ? <span> · {late}</span> : null}
          {publication.errorMessage !== null && status !== 'published' ? <bdi>{publication.errorMessage}</bdi> : null}
          {comesLater({ ...publication }) ? (
            <span>
              {' '}
              · {status === 'retrying' ? 'next try' : 'leaves'}{' '}
              <Moment value={publication.nextAttemptAt} layout="short" />
            </span>
          ) : null}
        </div>
      </div>
      <div className="ss-line-side">
        <StatusBadge status={status} />
        {status === 'published' ? (
          <Moment value={publication.acceptedAt ?? publication.sentAt} />
        ) : publication.dueAt === null ? null : (
          <Moment value={publication.dueAt} />
        )}
      </div>
    </div>
  );
}
