import type { Sandbox } from '../sandbox/sandbox.ts';
import { onSandbox } from '../testing/open-on-sandbox.ts';
import { describePlatform } from '../testing/platform-conformance.ts';
import { createFacebook } from './facebook.ts';

const amara = {
  platform: 'facebook',
  create: createFacebook,
  consent: { sandbox_member: 'amara.okafor@example.com' },
  switchOf: ({ externalId }: { externalId: string }) => externalId,
} as const;
const settings = ({ facebook }: Sandbox) => ({ authorizeUrl: facebook.dialogUrl, apiUrl: facebook.graphUrl });
const facebook = { looksUp: true, namesDuplicates: false, renews: false } as const;

describePlatform({ name: 'Facebook', open: onSandbox({ ...amara, settings }), ...facebook });

describePlatform({
  name: 'Facebook, with an app that requires its secret’s proof and the other code for duplicates,',
  open: onSandbox({
    ...amara,
    settings,
    sandbox: { facebook: { requireAppSecretProof: true, duplicateCode: 368 } },
  }),
  ...facebook,
});
