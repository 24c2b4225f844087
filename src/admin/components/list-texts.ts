/** What each list is called, how it is filtered with one click, and what it says while it is empty. */
export interface ListText {
  title: string;
  subtitle?: string;
  /** The button for a new record. */
  create?: string;
  /** Label of the search box; without one there is none. */
  searchFor?: string;
  icon?: string;
  empty: string;
  emptyHint?: string;
  /** The field the quick filters set; `status` when absent. */
  tabField?: string;
  tabs: readonly { label: string; value: string }[];
}

const TROUBLE = 'unconfirmed,failed,held,missed';

export const LIST_TEXTS: Readonly<Record<string, ListText>> = {
  Post: {
    title: 'Posts',
    subtitle: 'What you and your team write, and when it goes out.',
    create: 'New post',
    searchFor: 'Search posts',
    icon: 'Edit3',
    empty: 'No posts yet',
    emptyHint: 'Write the first one with “New post” above. It stays a draft until you schedule it.',
    tabs: [
      { label: 'Drafts', value: 'draft' },
      { label: 'Awaiting approval', value: 'awaiting_approval' },
      { label: 'Scheduled', value: 'scheduled,publishing' },
      { label: 'Published', value: 'published,partly_published' },
      { label: 'Needs attention', value: TROUBLE },
      { label: 'Cancelled', value: 'cancelled' },
    ],
  },
  Publication: {
    title: 'Publications',
    subtitle: 'One line for each account a post goes to, with its own time, state and evidence.',
    searchFor: 'Search links and errors',
    icon: 'Send',
    empty: 'Nothing to publish yet',
    emptyHint: 'Publications appear as soon as a post is written for an account.',
    tabs: [
      { label: 'Scheduled', value: 'scheduled,retrying,publishing' },
      { label: 'Published', value: 'published' },
      { label: 'Needs attention', value: TROUBLE },
      { label: 'Unconfirmed', value: 'unconfirmed' },
      { label: 'Drafts', value: 'draft,awaiting_approval' },
      { label: 'Cancelled', value: 'cancelled' },
    ],
  },
  PublishAttempt: {
    title: 'Attempts',
    subtitle: 'Every try, written down before the request left. Nobody can change this.',
    searchFor: 'Search errors and ids',
    icon: 'Activity',
    empty: 'Nothing has been sent yet',
    tabField: 'state',
    tabs: [
      { label: 'Accepted', value: 'acked,present' },
      { label: 'Refused', value: 'rejected,absent' },
      { label: 'Open or unknown', value: 'prepared,sent,unknown' },
    ],
  },
  ConnectedAccount: {
    title: 'Connected accounts',
    subtitle: 'Where posts can go.',
    searchFor: 'Search accounts',
    icon: 'Link',
    empty: 'No account is connected yet',
    emptyHint: 'Connect one with the button above: you sign in at the platform and allow posting, and come back here.',
    tabs: [
      { label: 'Connected', value: 'active' },
      { label: 'Reconnect needed', value: 'reconnect_required' },
      { label: 'Disconnected', value: 'disconnected' },
    ],
  },
  Hold: {
    title: 'Holds',
    subtitle: 'Orders that publications must wait: the emergency brake.',
    create: 'Hold publications',
    searchFor: 'Search reasons',
    icon: 'PauseCircle',
    empty: 'Nothing is on hold',
    emptyHint: 'If something must not go out, hold an account, a team, a platform or everything.',
    tabs: [],
  },
  User: {
    title: 'People',
    create: 'Add a person',
    searchFor: 'Search people',
    icon: 'User',
    empty: 'Nobody here yet',
    tabField: 'isActive',
    tabs: [
      { label: 'Active', value: 'true' },
      { label: 'Deactivated', value: 'false' },
    ],
  },
  Team: {
    title: 'Teams',
    create: 'New team',
    searchFor: 'Search teams',
    icon: 'Users',
    empty: 'No team yet',
    emptyHint: 'People write and publish in teams. Make the first one.',
    tabs: [],
  },
  Membership: {
    title: 'Memberships',
    subtitle: 'Who belongs to which team, and as what.',
    create: 'Add to a team',
    icon: 'UserCheck',
    empty: 'Nobody belongs to a team yet',
    tabField: 'role',
    tabs: [
      { label: 'Authors', value: 'author' },
      { label: 'Approvers', value: 'approver' },
      { label: 'Managers', value: 'manager' },
    ],
  },
  AuditEvent: {
    title: 'Audit log',
    subtitle: 'Who did what, and when. Nobody can change this.',
    searchFor: 'Search in everything on record',
    icon: 'Shield',
    empty: 'Nothing has happened yet',
    tabs: [],
  },
};
