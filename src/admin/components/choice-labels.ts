/** What can be chosen, in the same words in forms, in lists and on pages. */
import { words } from './badges.tsx';

/** What happens to a post that could not leave in time. */
export const LATE_WORDS: Readonly<Record<string, string>> = {
  send: 'Send it anyway',
  hold: 'Hold it and ask',
  drop: 'Do not send it',
};

const ROLES: Readonly<Record<string, string>> = {
  author: 'Author: writes and schedules own posts',
  approver: 'Approver: sees all posts of the team and approves',
  manager: 'Manager: also connects accounts and sets the rules',
};

const HOLD_SCOPES: Readonly<Record<string, string>> = {
  everything: 'Everything',
  platform: 'A platform',
  team: 'A team',
  account: 'An account',
};

const CHOICES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  latePolicy: LATE_WORDS,
  role: ROLES,
  scope: HOLD_SCOPES,
};

export function choiceLabel(property: string, value: string): string {
  return CHOICES[property]?.[value] ?? words(value);
}

/** Without the explanation, for a cell of a list. */
export function choiceName(property: string, value: string): string {
  return choiceLabel(property, value).replace(/:.*$/, '');
}
