/** Why a form was not saved, and what can be done about it without losing what is typed. */
import { type ReactNode, useEffect, useRef } from 'react';
import { Banner } from './page-frame.tsx';
import type { Answer } from './panel-client.ts';

export interface Unsaved {
  /** Empty: there is no problem. */
  message: string;
  kind: Answer['problem'] | 'newer-version';
}

interface SaveProblemProps {
  unsaved: Unsaved;
  /** How many fields are wrong. */
  fields: number;
  /** The page of the record that is edited. */
  page: string | null;
  busy: boolean;
  onSaveAnyway(): void;
  /** What is said when nothing special can be done. */
  children?: ReactNode;
}

export function SaveProblem({ unsaved, fields, page, busy, onSaveAnyway, children }: SaveProblemProps) {
  const top = useRef<HTMLDivElement>(null);
  const { message, kind } = unsaved;
  useEffect(() => {
    if (message !== '') top.current?.scrollIntoView({ block: 'center' });
  }, [message]);
  if (message === '') return <div ref={top} />;
  return (
    <div ref={top} data-testid="save-problem">
      {kind === 'newer-version' ? (
        <Banner
          tone="red"
          icon="AlertCircle"
          title="This was changed while you were editing it. Yours is not saved yet."
        >
          Everything you typed is still here.
          <div className="ss-banner-actions">
            <a className="ss-button" href={page ?? '/admin'} target="_blank" rel="noopener">
              Show the saved version
            </a>
            <button
              type="button"
              className="ss-button ss-danger-quiet"
              disabled={busy}
              data-testid="save-anyway"
              onClick={onSaveAnyway}
            >
              Save mine anyway
            </button>
          </div>
        </Banner>
      ) : (
        <Banner tone="red" icon="AlertCircle" title={fields > 1 ? `Please correct ${fields} fields.` : message}>
          {kind === 'signed-out' ? (
            <>
              Everything you typed is still here. <SignInLink />
            </>
          ) : kind === 'no-answer' ? (
            'Everything you typed is still here.'
          ) : (
            children
          )}
        </Banner>
      )}
    </div>
  );
}

/** In another tab, so that what is typed into this one stays. */
export function SignInLink() {
  return (
    <a href="/login" target="_blank" rel="noopener">
      Sign in in a new tab
    </a>
  );
}
