import type { Sandbox } from '../sandbox/sandbox.ts';
import { onSandbox } from '../testing/open-on-sandbox.ts';
import { describePlatform } from '../testing/platform-conformance.ts';
import { createX } from './x.ts';

const amara = {
  platform: 'x',
  create: createX,
  consent: { sandbox_user: 'amara_okafor' },
  switchOf: ({ externalId }: { externalId: string }) => externalId,
} as const;
const settings = ({ x }: Sandbox) => ({ authorizeUrl: x.authorizeUrl, apiUrl: x.apiUrl });
const x = { looksUp: true, namesDuplicates: false, renews: true } as const;

describePlatform({ name: 'X', open: onSandbox({ ...amara, settings }), ...x });

describePlatform({
  name: 'X, with the names of its newer API description,',
  open: onSandbox({ ...amara, settings, sandbox: { x: { fieldNames: 'new' } } }),
  ...x,
});

describePlatform({
  name: 'X, with an app that has no secret,',
  open: onSandbox({
    ...amara,
    settings: (sandbox) => ({ ...settings(sandbox), clientSecret: null }),
    sandbox: { x: { clientType: 'public' } },
  }),
  ...x,
});
