import type { Sandbox } from '../sandbox/sandbox.ts';
import { onSandbox } from '../testing/open-on-sandbox.ts';
import { describePlatform } from '../testing/platform-conformance.ts';
import { createLinkedIn } from './linkedin.ts';

const amara = { platform: 'linkedin', create: createLinkedIn, consent: { sandbox_member: 'aMr4OkF0r1' } } as const;
const settings = ({ linkedin }: Sandbox) => ({ authorizeUrl: linkedin.oauthUrl, apiUrl: linkedin.apiUrl });
const asMember = {
  switchOf: ({ externalId }: { externalId: string }) => `urn:li:person:${externalId}`,
};
const asOrganization = {
  switchOf: ({ externalId }: { externalId: string }) => `urn:li:organization:${externalId}`,
};
/** The id is in a header, so that a body which breaks off does no harm. */
const linkedIn = { truncated: 'accepted', namesDuplicates: true } as const;

describePlatform({
  name: 'LinkedIn, as a member,',
  open: onSandbox({ ...amara, ...asMember, settings }),
  ...linkedIn,
  looksUp: false,
  renews: false,
});

describePlatform({
  name: 'LinkedIn, as an organisation and with a partner’s app,',
  open: onSandbox({ ...amara, ...asOrganization, settings, sandbox: { linkedin: { partner: true } } }),
  reach: 'organizations',
  account: ({ kind }) => kind === 'organization',
  ...linkedIn,
  looksUp: true,
  renews: true,
});

describePlatform({
  name: 'LinkedIn, by its older way to post,',
  open: onSandbox({
    ...amara,
    ...asMember,
    settings: (sandbox) => ({ ...settings(sandbox), postsApi: 'ugcPosts' }),
  }),
  ...linkedIn,
  looksUp: false,
  renews: false,
  // The sandbox has no Assets API; linkedin-images.test.ts looks at what is asked of it.
  images: false,
});
