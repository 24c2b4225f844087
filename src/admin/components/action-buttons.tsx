/** The buttons of a record: what its state and the person's role allow, with a question before what cannot be taken back. */
import { Icon } from '@adminjs/design-system';
import { useNotice } from 'adminjs';
import { useId, useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { words } from './badges.tsx';
import { Dialog } from './page-frame.tsx';
import { api, type PanelRecord } from './panel-client.ts';
import { releaseText } from './release-text.ts';
import type { Forecast } from './use-standing-orders.ts';

interface ActionText {
  label: string;
  icon: string;
  kind?: 'primary' | 'danger';
  question?: {
    title: string;
    text: string | ((record: PanelRecord) => string);
    confirm: string;
    reason?: string;
    /** The reason may be left out. */
    reasonOptional?: boolean;
  };
}

const TEXTS: Readonly<Record<string, ActionText>> = {
  edit: { label: 'Edit', icon: 'Edit2' },
  'Post.schedule': { label: 'Schedule', icon: 'Clock', kind: 'primary' },
  'Post.publishNow': {
    label: 'Publish now',
    icon: 'Send',
    question: {
      title: 'Publish now?',
      text: ({ params }) =>
        `It goes out at once to ${
          params.status === 'cancelled' ? 'all its accounts' : 'all its accounts but those for which it was given up'
        }. A published post cannot be taken back from here.`,
      confirm: 'Publish now',
    },
  },
  'Post.cancel': {
    label: 'Cancel post',
    icon: 'XCircle',
    kind: 'danger',
    question: {
      title: 'Cancel this post?',
      text: 'Whatever of it has not left yet will not be published. You can edit and schedule it again later.',
      confirm: 'Cancel the post',
    },
  },
  'Post.delete': {
    label: 'Delete',
    icon: 'Trash2',
    kind: 'danger',
    question: {
      title: 'Delete this draft?',
      text: 'It is gone for good. That it existed stays in the audit log.',
      confirm: 'Delete the draft',
    },
  },
  'Post.duplicate': { label: 'Duplicate', icon: 'Copy' },
  'Post.approve': { label: 'Approve', icon: 'CheckCircle', kind: 'primary' },
  'Post.sendBack': {
    label: 'Send back',
    icon: 'CornerUpLeft',
    question: {
      title: 'Send this post back?',
      text: 'It becomes a draft again.',
      confirm: 'Send back',
      reason: 'What should the author change?',
    },
  },
  'Publication.retry': {
    label: 'Send again',
    icon: 'RefreshCw',
    kind: 'primary',
    question: {
      title: 'Send it again now?',
      text: 'It will be published to this account in a moment.',
      confirm: 'Send again',
    },
  },
  'Publication.cancel': {
    label: 'Give up',
    icon: 'XCircle',
    kind: 'danger',
    question: {
      title: 'Do not publish to this account?',
      text: 'The other accounts of the post are not affected. It goes there only if the whole post is scheduled again.',
      confirm: 'Do not publish',
    },
  },
  'ConnectedAccount.reconnect': { label: 'Connect again', icon: 'RefreshCw', kind: 'primary' },
  'ConnectedAccount.disconnect': {
    label: 'Disconnect',
    icon: 'XCircle',
    kind: 'danger',
    question: {
      title: 'Disconnect this account?',
      text: 'Its tokens are deleted at once. Posts that were to go there are held until it is connected again.',
      confirm: 'Disconnect',
    },
  },
  'Hold.release': {
    label: 'Release',
    icon: 'PlayCircle',
    kind: 'primary',
    question: {
      title: 'Release this hold?',
      text: ({ details }) => releaseText((details?.forecast as Forecast | undefined) ?? null),
      confirm: 'Release',
      reason: 'Why is it over?',
      reasonOptional: true,
    },
  },
  'User.removeSecondFactor': {
    label: 'Switch off two-step sign-in',
    icon: 'Unlock',
    kind: 'danger',
    question: {
      title: 'Switch off two-step sign-in?',
      text: 'Only for somebody who lost phone and recovery codes, and of whom you are sure who it is. From then on the password is enough.',
      confirm: 'Switch it off',
    },
  },
  'Membership.delete': {
    label: 'Remove from team',
    icon: 'Trash2',
    kind: 'danger',
    question: {
      title: 'Remove this person from the team?',
      text: 'From the next click on, the team is out of reach for this person. Posts stay.',
      confirm: 'Remove',
    },
  },
};

/** Actions that have a form or panel of their own on their page. */
const ELSEWHERE: readonly string[] = ['show', 'list', 'search', 'resolve'];

interface ActionButtonsProps {
  resource: string;
  record: PanelRecord;
  /** Called when something changed and the page stays. */
  onDone(): void;
  /** Only these, in this order. */
  only?: readonly string[];
  /** What is sent along with an action, by its name. */
  values?: Readonly<Record<string, Record<string, unknown>>>;
}

export function ActionButtons({ resource, record, onDone, only, values = {} }: ActionButtonsProps) {
  const offered = record.recordActions.map((action) => action.name).filter((name) => !ELSEWHERE.includes(name));
  const names = only === undefined ? offered : only.filter((name) => offered.includes(name));
  return names.map((name) => (
    <ActionButton
      key={name}
      resource={resource}
      record={record}
      name={name}
      values={values[name] ?? {}}
      onDone={onDone}
    />
  ));
}

function ActionButton({
  resource,
  record,
  name,
  values,
  onDone,
}: {
  resource: string;
  record: PanelRecord;
  name: string;
  values: Record<string, unknown>;
  onDone(): void;
}) {
  const { busy, run } = useRecordAction(resource, record.id, onDone);
  const [asking, setAsking] = useState(false);
  const { label, icon, kind, question } = TEXTS[`${resource}.${name}`] ??
    TEXTS[name] ?? { label: words(name), icon: 'Circle' };
  const className = `ss-button${kind === undefined ? '' : ` ss-${kind === 'danger' ? 'danger-quiet' : kind}`}`;
  const content = (
    <>
      <Icon icon={icon} size={15} aria-hidden="true" />
      {label}
    </>
  );
  if (name === 'edit') {
    return (
      <Link
        className={className}
        to={`/admin/resources/${resource}/records/${record.id}/edit`}
        data-testid="action-edit"
      >
        {content}
      </Link>
    );
  }
  return (
    <>
      <button
        type="button"
        className={className}
        disabled={busy}
        data-testid={`action-${name}`}
        onClick={() => (question === undefined ? run(name, values) : setAsking(true))}
      >
        {content}
      </button>
      {asking && question !== undefined ? (
        <Question
          question={question}
          text={typeof question.text === 'string' ? question.text : question.text(record)}
          danger={kind === 'danger'}
          busy={busy}
          onClose={() => setAsking(false)}
          onConfirm={(answers) => run(name, { ...values, ...answers }).then((ok) => ok && setAsking(false))}
        />
      ) : null}
    </>
  );
}

function Question({
  question,
  text,
  danger,
  busy,
  onConfirm,
  onClose,
}: {
  question: NonNullable<ActionText['question']>;
  text: string;
  danger: boolean;
  busy: boolean;
  onConfirm(values: Record<string, string>): void;
  onClose(): void;
}) {
  const [reason, setReason] = useState('');
  const id = useId();
  return (
    <Dialog
      title={question.title}
      confirm={question.confirm}
      danger={danger}
      busy={busy}
      onClose={onClose}
      onConfirm={() => onConfirm(question.reason === undefined ? {} : { reason })}
    >
      <p>{text}</p>
      {question.reason === undefined ? null : (
        <div className="ss-field">
          <label htmlFor={id}>{question.reason}</label>
          <textarea
            id={id}
            className="ss-input"
            rows={3}
            required={question.reasonOptional !== true}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
      )}
    </Dialog>
  );
}

/** Calls an action, shows its sentence, and follows where it leads. `run` says whether it was done. */
export function useRecordAction(resource: string, id: string, onDone: () => void) {
  const [busy, setBusy] = useState(false);
  const notify = useNotice();
  const navigate = useNavigate();
  const run = async (name: string, values: Record<string, unknown>) => {
    setBusy(true);
    const answer = await api.act(resource, id, name, values);
    setBusy(false);
    if (answer.message !== '') notify({ message: answer.message, type: answer.ok ? 'success' : 'error' });
    // Somebody changed it meanwhile: what is shown is not what is there.
    if (answer.problem === 'conflict') onDone();
    if (!answer.ok) return false;
    if (answer.redirectUrl === null) onDone();
    // An address outside the panel is not the panel's router's business.
    else if (answer.redirectUrl.startsWith('/admin')) navigate(answer.redirectUrl);
    else window.location.assign(answer.redirectUrl);
    return true;
  };
  return { busy, run };
}
