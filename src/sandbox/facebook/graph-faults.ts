/** The faults that only Graph has, and the refusals behind all of them. Each is named by Graph's code. */
import { GraphError, mayNotPost, permissionMissing } from './graph-error.ts';
import { appLimit, pageCallsLimit } from './usage.ts';

/** The name of each, and what the page says of it. */
export const OWN_FAULTS: Readonly<Record<string, string>> = {
  '190/459': 'Facebook checks the person: connect again after that',
  '190/460': 'The password was changed: connect again',
  '190/464': 'The person is not confirmed: connect again after that',
  '190/467': 'The person logged out: connect again',
  '190/492': 'No role on the Page any more: connect again',
  '4': 'The app’s calls are used up, nothing published',
  '17': 'The person’s calls are used up, nothing published',
  '341': 'The app is limited for a while, nothing published',
  '613': 'Too many calls of this kind, nothing published',
  '80001': 'The Page’s calls are used up for a minute, nothing published',
  '1390008': 'Posting too fast, nothing published',
  '368': 'Blocked as abusive, nothing published',
  '10': 'The app lost the permission (10), nothing published',
  '200': 'The app lost the permission (200), nothing published',
  '1 after': 'Published, yet answers an unknown error (1)',
};

/** What a switch makes Graph refuse a create with, before anything is published; null for other switches. */
export function refusalOf(fault: string): GraphError | null {
  switch (fault) {
    // What 429 is elsewhere: Graph has a code for it, and another status.
    case '429':
      return new GraphError(32, '(#32) Page request limit reached', { status: 403 });
    case '4':
      return appLimit();
    case '17':
      return new GraphError(17, '(#17) User request limit reached', { status: 403, subcode: 2446079, transient: true });
    case '341':
      return new GraphError(341, '(#341) Feed action request limit reached', { status: 403 });
    case '613':
      return new GraphError(613, '(#613) Calls to this api have exceeded the rate limit.', {
        status: 403,
        subcode: 1996,
      });
    case '80001':
      return pageCallsLimit();
    case '1390008':
      return new GraphError(368, 'The action attempted has been deemed abusive or is otherwise disallowed', {
        subcode: 1390008,
        title: 'You are posting too fast',
        userMessage: 'You are posting too fast, please slow down.',
        transient: false,
      });
    case '368':
      return new GraphError(368, 'The action attempted has been deemed abusive or is otherwise disallowed', {
        title: 'Action blocked',
        userMessage: 'We limit how often you can post, comment or do other things in a given amount of time.',
        transient: false,
      });
    case '10':
      return permissionMissing(10, 'Application does not have permission for this action');
    case '200':
      return mayNotPost();
    default:
      return null;
  }
}
