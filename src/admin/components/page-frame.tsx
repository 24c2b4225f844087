/** The pieces every page is built from. */
import { Icon } from '@adminjs/design-system';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Link } from 'react-router-dom';

interface PageProps {
  title: ReactNode;
  /** The name of the browser's tab. */
  name: string;
  back?: { to: string; label: string };
  subtitle?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, name, back, subtitle, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${name} · Social Share Scheduler`;
  }, [name]);
  return (
    <main className="ss-page" id="content">
      <header className="ss-page-head">
        <div className="ss-page-title">
          {back === undefined ? null : (
            <Link className="ss-back" to={back.to}>
              <Icon icon="ChevronLeft" size={15} aria-hidden="true" />
              {back.label}
            </Link>
          )}
          <h1>{title}</h1>
          {subtitle === undefined ? null : <div className="ss-subtitle">{subtitle}</div>}
        </div>
        {actions === undefined ? null : <div className="ss-actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
}

export function Card({
  title,
  aside,
  children,
  tone,
  flush = false,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  tone?: 'red';
  flush?: boolean;
}) {
  const id = useId();
  return (
    <section
      className={`ss-card${tone === undefined ? '' : ` ss-card-${tone}`}${flush ? ' ss-card-flush' : ''}`}
      aria-labelledby={title === undefined ? undefined : id}
    >
      {title === undefined ? null : (
        <div className="ss-card-head">
          <h2 id={id}>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

export function Banner({
  tone,
  icon,
  title,
  children,
}: {
  tone: 'amber' | 'red' | 'blue';
  icon: string;
  title: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className={`ss-banner ss-${tone}`} role={tone === 'red' ? 'alert' : 'status'}>
      <Icon icon={icon} size={18} aria-hidden="true" />
      <div>
        <strong>{title}</strong>
        {children === undefined ? null : <div>{children}</div>}
      </div>
    </div>
  );
}

export function EmptyState({ icon, title, children }: { icon: string; title: string; children?: ReactNode }) {
  return (
    <div className="ss-empty">
      <span className="ss-empty-icon">
        <Icon icon={icon} size={22} aria-hidden="true" />
      </span>
      <strong>{title}</strong>
      {children === undefined ? null : <div className="ss-muted">{children}</div>}
    </div>
  );
}

export function Loading() {
  return (
    <div className="ss-loading" role="status">
      <span className="ss-spinner" aria-hidden="true" />
      Loading…
    </div>
  );
}

interface DialogProps {
  title: string;
  children: ReactNode;
  confirm: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm(): void;
  onClose(): void;
}

/** A question before something that cannot be taken back. The browser's own dialog: it keeps the focus and knows Escape. */
export function Dialog({ title, children, confirm, danger = false, busy = false, onConfirm, onClose }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (element.current?.open === false) element.current.showModal();
  }, []);
  return (
    <dialog ref={element} className="ss-dialog" aria-labelledby={id} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <h2 id={id}>{title}</h2>
        <div className="ss-dialog-body">{children}</div>
        <div className="ss-dialog-actions">
          <button type="button" className="ss-button" onClick={onClose}>
            Back
          </button>
          <button
            type="submit"
            className={`ss-button ${danger ? 'ss-danger' : 'ss-primary'}`}
            disabled={busy}
            data-testid="dialog-confirm"
          >
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
