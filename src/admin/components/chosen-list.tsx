/** What is decided about when several were chosen: each with its words, its account, when it was sent, and where to look. */
import { excerpt } from '../../domain/excerpt.ts';
import { PlatformMark } from './badges.tsx';
import { Moment } from './moments.tsx';
import type { PanelRecord } from './panel-client.ts';
import { OutsideLink } from './record-values.tsx';

export function ChosenList({ chosen }: { chosen: readonly PanelRecord[] }) {
  return (
    <ul className="ss-chosen" aria-label="What this is about">
      {chosen.map((record) => (
        <ChosenLine key={record.id} record={record} />
      ))}
    </ul>
  );
}

function ChosenLine({ record: { params, populated } }: { record: PanelRecord }) {
  const account = populated.account?.params;
  const words = params.text ?? populated.post?.params.text ?? '';
  const address: unknown = account?.address;
  return (
    <li>
      <bdi>{excerpt(String(words), 80)}</bdi>
      <span className="ss-muted">
        {account === undefined ? null : (
          <>
            <PlatformMark platform={String(account.platform)} size="small" /> <bdi>{String(account.displayName)}</bdi>
            {' · '}
          </>
        )}
        {params.sentAt === null || params.sentAt === undefined ? (
          'not sent yet'
        ) : (
          <>
            sent <Moment value={params.sentAt} layout="line" />
          </>
        )}
        {typeof address === 'string' ? (
          <>
            {' · '}
            <OutsideLink href={address}>Open the account</OutsideLink>
          </>
        ) : null}
      </span>
    </li>
  );
}
