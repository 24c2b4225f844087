/** What we do ourselves about an unknown outcome: how often we looked for the post, and whether we go on looking. */
import { dateOf, Moment } from './moments.tsx';
import type { PanelRecord } from './panel-client.ts';

interface LookUpsProps {
  /** With `lookUps`, `absentReads` and `nextLookUpAt` of the attempt that nobody knows the outcome of. */
  params: PanelRecord['params'];
  account: { platform: string; canBeLookedUp: boolean };
  resendWhenAbsent: boolean;
}

export function LookUps({ params, account, resendWhenAbsent }: LookUpsProps) {
  if (!account.canBeLookedUp) {
    return (
      <p data-testid="look-ups">
        LinkedIn does not let us look at a member’s posts. Only you can see whether it is there: nothing happens until
        you say.
      </p>
    );
  }
  const next = dateOf(params.nextLookUpAt);
  const looked = Number(params.lookUps ?? 0);
  return (
    <p data-testid="look-ups">
      {lookedSoFar(looked, Number(params.absentReads ?? 0))}{' '}
      {next === null ? (
        'We do not look any more: nothing happens until you say.'
      ) : (
        <>
          We look {looked === 0 ? 'for the first time' : 'again'} <Moment value={params.nextLookUpAt} layout="short" />,
          and go on looking for a day. {resendWhenAbsent ? RESEND : 'If it is found, this is answered by itself.'}
        </>
      )}
    </p>
  );
}

const RESEND =
  'If it is found, this is answered by itself; if it is repeatedly not there, it is sent again, as your team chose.';

/** @param absent looks that could read the account and did not see the post */
function lookedSoFar(looked: number, absent: number): string {
  if (looked === 0) return 'We also look for it on the account ourselves.';
  const times =
    looked === 1 ? 'We looked for it on the account once' : `We looked for it on the account ${looked} times`;
  if (absent === looked) return `${times} and did not find it.`;
  if (absent === 0) return `${times}, and could not tell whether it is there.`;
  return `${times}; ${absent === 1 ? 'one look' : `${absent} looks`} could read everything and did not find it.`;
}
