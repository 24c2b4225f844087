/**
 * The layering of src/: imports point down this list only.
 *   main > app > {http, worker} > admin > publishing > {accounts, identity, media, notices} > {platforms, audit} > domain
 * `config`, `context`, `clock`, `log`, `database` are leaves that `domain` never sees. Tests may import anything below them.
 */
const LAYERS = [
  ['main', '^src/(main|startup-error)\\.ts$'],
  ['app', '^src/(app|open-context)\\.ts$'],
  ['http', '^src/http/'],
  ['worker', '^src/worker/'],
  ['admin', '^src/admin/'],
  ['publishing', '^src/publishing/'],
  ['accounts', '^src/accounts/'],
  ['identity', '^src/identity/'],
  ['media', '^src/media/'],
  ['notices', '^src/notices/'],
  ['platforms', '^src/platforms/'],
  ['audit', '^src/audit/'],
  ['domain', '^src/domain/'],
];
const RANK = {
  main: 0,
  app: 1,
  http: 2,
  worker: 2,
  admin: 3,
  publishing: 4,
  accounts: 5,
  identity: 5,
  media: 5,
  notices: 5,
  platforms: 6,
  audit: 6,
  domain: 7,
};
const path = (name) => LAYERS.find(([layer]) => layer === name)[1];

const PRODUCT = { pathNot: '(\\.test\\.tsx?$|^src/testing/)' };

const downward = LAYERS.map(([layer, own]) => ({
  name: `${layer}-imports-downward`,
  comment: `${layer} may only import what lies below it; see design "The house". An import upwards would make the lower part untestable alone.`,
  severity: 'error',
  from: { path: own, ...PRODUCT },
  to: {
    path: LAYERS.filter(([other]) => other !== layer && RANK[other] < RANK[layer])
      .map(([, p]) => p)
      .concat('^src/zzz-none'),
  },
}));

module.exports = {
  forbidden: [
    ...downward,
    {
      name: 'domain-is-pure',
      comment:
        'domain takes values and `now`, and returns values: no database, no network, no clock, no Node. temporal-polyfill is the standard Temporal until Node has it; twitter-text is how X counts, pure and published by X itself.',
      severity: 'error',
      from: { path: path('domain'), ...PRODUCT },
      to: { pathNot: ['^src/domain/', '^node_modules/(temporal-polyfill|(@types/)?twitter-text)/'] },
    },
    {
      name: 'sandbox-stands-alone',
      comment:
        "The sandbox plays the platforms' side of the wire. A misreading of a contract must not be shared, so it shares no code with the product.",
      severity: 'error',
      from: { path: '^src/sandbox/', ...PRODUCT },
      to: { path: '^src/(?!sandbox/)' },
    },
    {
      name: 'only-app-starts-the-sandbox',
      comment:
        'The product talks to the sandbox over HTTP, as it talks to the real platforms. Only the composition root starts it.',
      severity: 'error',
      from: { path: '^src/(?!sandbox/|open-context|app\\.ts|startup-error\\.ts)', ...PRODUCT },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'platforms-know-no-database',
      comment: 'A platform file builds requests and reads answers. It knows neither Prisma nor Express.',
      severity: 'error',
      from: { path: path('platforms'), ...PRODUCT },
      to: { path: ['^src/database/', '^node_modules/(@prisma|express|pg|pg-boss)/'] },
    },
    {
      name: 'only-media-unpacks-images',
      comment:
        'Decoding what a stranger made is the riskiest thing done here. It happens in one place, which bounds it in memory and time.',
      severity: 'error',
      from: { path: '^src/(?!media/)', ...PRODUCT },
      to: { path: '^node_modules/sharp/' },
    },
    {
      name: 'admin-does-not-import-platform-files',
      comment:
        'The panel shows what domain/content-rules says and what the context holds; a platform file is none of its business.',
      severity: 'error',
      from: { path: path('admin'), ...PRODUCT },
      to: { path: '^src/platforms/(?!platform\\.ts|registry\\.ts)' },
    },
    {
      name: 'testing-stays-out-of-the-product',
      comment: 'Test tools in product code would ship them.',
      severity: 'error',
      from: { path: '^src/', ...PRODUCT },
      to: { path: '^src/testing/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that import each other are one file with two names.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.json'],
      conditionNames: ['import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
