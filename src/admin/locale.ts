/** AdminJS's own words, where ours do not replace them: no "List", "Show" or "Check out console". */
export const locale = {
  language: 'en',
  availableLanguages: ['en'],
  translations: {
    en: {
      labels: {
        navigation: '',
        write: 'Write',
        accounts: 'Accounts',
        people: 'People',
        audit: 'Audit',
        Post: 'Posts',
        Publication: 'Publications',
        PublishAttempt: 'Attempts',
        ConnectedAccount: 'Connected accounts',
        Team: 'Teams',
        Membership: 'Memberships',
        User: 'People',
        AuditEvent: 'Audit log',
        Hold: 'Holds',
        dashboard: 'Dashboard',
      },
      messages: {
        anyForbiddenError: 'You may not do this.',
        forbiddenError: 'You may not do this.',
        errorFetchingRecords: 'The list could not be loaded. Reload the page.',
        errorFetchingRecord: 'This could not be loaded. Reload the page.',
        pageNotFound_title: 'This page does not exist',
        error404Resource: 'There is nothing at this address. Go back to the dashboard.',
        error404Action: 'There is no such record or page, or you may not see it.',
        error404Record: 'There is no such record, or you may not see it.',
        noActionComponent: 'This has no page of its own.',
      },
    },
  },
};
