/** Accounts that another team has connected too, told to whoever connects one and on its page. */
import { Banner } from './page-frame.tsx';

export interface SharedAccount {
  id: string;
  sentence: string;
}

export function SharedAccounts({ accounts }: { accounts: readonly SharedAccount[] | undefined }) {
  return accounts?.map(({ id, sentence }) => <Banner key={id} tone="blue" icon="Users" title={sentence} />);
}
