/** For whoever approves: exactly what will go out, where and when, and what of it changed since the last approval. */
import type { ContentChange } from '../../domain/approved-content.ts';
import { PlatformMark } from './badges.tsx';
import { choiceName } from './choice-labels.ts';
import { absoluteTime, dateOf, Moment } from './moments.tsx';
import { Banner, Card } from './page-frame.tsx';
import { PostImages, type ShownImage } from './post-images.tsx';
import { OutsideLink } from './record-values.tsx';
import { labelOf } from './value-labels.ts';

interface Waiting {
  account: { id: string; platform: string; displayName: string };
  text: string;
  linkUrl: string | null;
}

interface Change {
  field: ContentChange['field'];
  account: string | null;
  before: string | null;
  after: string | null;
}

export interface ApprovalDetails {
  contentHash: string;
  waiting: Waiting[];
  requested: { by: string | null; at: string } | null;
  lastApproval: { by: string; at: string; voidReason: string | null; changes: Change[] | null } | null;
  sentBack: { by: string | null; at: string; reason: string } | null;
}

interface ApprovalCardProps {
  approval: ApprovalDetails;
  scheduledAt: unknown;
  timeZone: string;
  /** What happens when it cannot leave in time, in a sentence. */
  late: string;
  images: readonly ShownImage[];
}

export function ApprovalCard({ approval, scheduledAt, timeZone, late, images }: ApprovalCardProps) {
  const { requested, lastApproval } = approval;
  return (
    <>
      <Card
        title="To be approved"
        aside={
          requested === null ? null : (
            <span className="ss-muted">
              asked for by {requested.by ?? 'the server'} <Moment value={requested.at} layout="short" />
            </span>
          )
        }
      >
        <dl className="ss-values">
          <div>
            <dt>Goes out</dt>
            <dd>
              <Moment value={scheduledAt} layout="line" timeZone={timeZone} /> · {timeZone.replaceAll('_', ' ')}
            </dd>
          </div>
          <div>
            <dt>When late</dt>
            <dd>{late}</dd>
          </div>
        </dl>
        {together(approval.waiting).map((group) => (
          <section key={group[0]?.account.id} className="ss-goes-out">
            <h3>
              {group.map(({ account }) => (
                <span key={account.id} className="ss-account-link">
                  <PlatformMark platform={account.platform} size="small" />
                  {account.displayName}
                </span>
              ))}
            </h3>
            <p className="ss-post-body">{group[0]?.text}</p>
            {group[0]?.linkUrl == null ? null : <OutsideLink href={group[0].linkUrl} />}
          </section>
        ))}
        <PostImages images={images} />
      </Card>
      {lastApproval === null ? null : (
        <Card
          title="Changed since the last approval"
          aside={
            <span className="ss-muted">
              {lastApproval.by}, <Moment value={lastApproval.at} layout="short" />
            </span>
          }
        >
          <Changes changes={lastApproval.changes} timeZone={timeZone} />
        </Card>
      )}
    </>
  );
}

/** On a draft that came back: why. */
export function SentBack({ sentBack }: { sentBack: NonNullable<ApprovalDetails['sentBack']> }) {
  return (
    <Banner
      tone="amber"
      icon="CornerUpLeft"
      title={
        <>
          Sent back by <bdi>{sentBack.by ?? 'somebody'}</bdi>: <bdi>{sentBack.reason}</bdi>
        </>
      }
    >
      <Moment value={sentBack.at} layout="line" /> · Change it with “Edit”, then schedule it again.
    </Banner>
  );
}

/** Accounts that get the same are shown together. */
function together(waiting: readonly Waiting[]): Waiting[][] {
  const groups = Map.groupBy(waiting, ({ text, linkUrl }) => JSON.stringify([text, linkUrl]));
  return [...groups.values()];
}

function Changes({ changes, timeZone }: { changes: readonly Change[] | null; timeZone: string }) {
  if (changes === null) return <p className="ss-muted">What was approved then was not kept. Read all of it again.</p>;
  if (changes.length === 0)
    return <p className="ss-muted">Nothing: it is the same again. It was changed in between, or cancelled.</p>;
  return (
    <dl className="ss-changes">
      {changes.map((change) => (
        <div key={`${change.field} ${change.account}`}>
          <dt>{nameOf(change)}</dt>
          {change.before === null && !isLateRule(change) ? null : (
            <dd className="ss-before">
              <span className="ss-visually-hidden">before: </span>
              {shown(change, change.before, timeZone)}
            </dd>
          )}
          {change.after === null && !isLateRule(change) ? null : (
            <dd className="ss-after">
              <span className="ss-visually-hidden">now: </span>
              {shown(change, change.after, timeZone)}
            </dd>
          )}
        </div>
      ))}
    </dl>
  );
}

function nameOf({ field, account, before }: Change): string {
  if (field === 'account') return before === null ? 'Account added' : 'Account taken away';
  if (field === 'accountText') return `Text for ${account ?? 'an account'}`;
  return field === 'media' ? 'Images' : labelOf(field);
}

function isLateRule({ field }: Change): boolean {
  return field === 'latePolicy' || field === 'lateLimitMinutes';
}

function shown(change: Change, value: string | null, timeZone: string): string {
  if (value === null) return 'As the team does';
  if (change.field === 'latePolicy') return choiceName('latePolicy', value);
  if (change.field === 'account') return change.account ?? value;
  const date = change.field === 'scheduledAt' ? dateOf(value) : null;
  return date === null ? value : absoluteTime(date, timeZone);
}
