// Which part may know which: docs/architecture.md, 'The parts and who may know whom'.
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: '^src/', pathNot: allowed },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    only('sdk-knows-nobody', '^src/sdk/', '^src/sdk/', 'The SDK is vendor-neutral.'),
    only('jumpcloud-knows-the-sdk', '^src/jumpcloud/', '^src/(sdk|jumpcloud)/', 'JumpCloud builds on the SDK alone.'),
    only(
      'simulators-know-nobody',
      '^src/simulators/',
      '^src/simulators/',
      'They must be able to disagree with the code.',
    ),
    {
      name: 'examples-know-the-sdk-alone',
      severity: 'error',
      comment: 'They are what its readers write: what is not on its surface is not for them.',
      from: { path: '^examples/' },
      to: { path: '.', pathNot: '^(examples/|src/sdk/index\\.ts$)', dependencyTypesNot: ['core'] },
    },
    {
      name: 'nobody-knows-the-examples',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^examples/' },
    },
    only('nobody-knows-the-harness', '^src/(?!harness/)', '^src/(?!harness/)', 'The runner is outermost.'),
    {
      name: 'only-composition-roots-know-the-system',
      severity: 'error',
      comment: 'Time, randomness, disk and environment come in through constructors.',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|harness/|sdk/(system|run-module|run-process|testing)\\.ts)' },
      to: { path: '^src/sdk/system\\.ts$' },
    },
    {
      name: 'sources-and-destinations-never-touch-state',
      severity: 'error',
      comment: 'The pump alone commits.',
      from: { path: '^src/(sdk/intake|sdk/source|jumpcloud/api|jumpcloud/event-source)' },
      to: { path: '^src/sdk/(checkpoint|ledger|storage)/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '\\.(d|as)\\.ts$|^examples/.*\\.json$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], mainFields: ['module', 'main', 'types'] },
  },
};
