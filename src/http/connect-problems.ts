/** What a person is told when connecting an account did not work. */
import { PLATFORM_LABEL, type Platform } from '../domain/platform-name.ts';
import { consentError } from '../platforms/consent-error.ts';
import type { AccountCandidate, ConnectError } from '../platforms/platform.ts';
import { ACCOUNTS_PAGE, type Connecting, startAddress } from './connect-journey.ts';
import type { Problem } from './problem.ts';

export function expired(platform: Platform): Problem {
  return {
    status: 400,
    title: 'This connection has expired',
    sentence: `It took too long, was used already, or began in another browser. Nothing was saved. Start again from the accounts page to connect ${PLATFORM_LABEL[platform]}.`,
    link: { href: ACCOUNTS_PAGE, label: 'Go to the accounts' },
  };
}

/** The platform sent the person back without a code. */
export function declined(connecting: Connecting, error: string | null): Problem {
  const { platform } = connecting.adapter;
  return problem(connecting, notConnected(connecting), consentError(platform, error ?? '', connecting.reach).message);
}

/** The platform gave no grant, or did not say for which accounts. */
export function failed(connecting: Connecting, error: ConnectError): Problem {
  const nothing = connecting.reach === 'own' ? 'Nothing was saved.' : 'No Page was connected.';
  return problem(connecting, notConnected(connecting), `${error.message} ${nothing}`);
}

export function incomplete(connecting: Connecting, missing: readonly string[]): Problem {
  const sentence = `Without ${missing.join(', ')} nothing can be published, so the account was not connected. Try again and leave every permission ticked.`;
  return problem(connecting, 'A permission is missing', sentence);
}

export function nothingToConnect(connecting: Connecting): Problem {
  const label = PLATFORM_LABEL[connecting.adapter.platform];
  const sentence =
    connecting.reach === 'own'
      ? `${label} gave no account that you may publish to, so nothing was saved. Check that you manage one there and that you allowed access to it, then try again.`
      : `${label} knows no Page that you administer, so none was connected. Ask an administrator of the Page to make you one as well, then try again.`;
  return problem(connecting, 'Nothing to connect', sentence);
}

/**
 * "Connect again" came back as somebody, or with something, else.
 * @param came who signed in, or what access was given to
 */
export function anotherAccount(
  connecting: Connecting,
  account: Pick<AccountCandidate, 'kind' | 'displayName'>,
  came: readonly Pick<AccountCandidate, 'displayName'>[],
): Problem {
  const label = PLATFORM_LABEL[connecting.adapter.platform];
  const { displayName: wanted } = account;
  const names = new Intl.ListFormat('en-GB').format(came.slice(0, 5).map(({ displayName }) => displayName));
  const sentence = {
    member: `You signed in as ${names}, but this connection belongs to ${wanted}. Nothing was changed. Sign in at ${label} as ${wanted}, then try again.`,
    organization: `You signed in as ${names}, who does not administer the Page ${wanted} at ${label}. Nothing was changed. Sign in there as an administrator of it, then try again.`,
    page: `${label} gave access to ${names || 'no Page'}, but this connection is for the Page ${wanted}. Nothing was changed. Allow access to ${wanted} at ${label}, as somebody who may publish there, then try again.`,
  }[account.kind];
  return problem(connecting, `This is not ${wanted}`, sentence);
}

/** @param reason sentences that say what to do */
export function mayNotPublish(
  connecting: Connecting,
  { displayName }: Pick<AccountCandidate, 'displayName'>,
  reason: string,
): Problem {
  return problem(connecting, `You may not publish on ${displayName}`, `${reason} Nothing was changed.`);
}

function notConnected({ adapter, reach }: Connecting): string {
  const label = PLATFORM_LABEL[adapter.platform];
  return reach === 'own' ? `${label} was not connected` : `Your ${label} Pages were not connected`;
}

function problem(connecting: Connecting, title: string, sentence: string): Problem {
  return { status: 400, title, sentence, link: { href: startAddress(connecting), label: 'Try again' } };
}
