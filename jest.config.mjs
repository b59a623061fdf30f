import { availableParallelism } from 'node:os';

// Its warning of old versions of Node.js is about nothing that a test can tell.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '<rootDir>/scripts/globals-at-hand.mjs',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  // What collects and delivers. Files of types alone, and generated ones, have nothing to cover.
  collectCoverageFrom: [
    'src/{sdk,jumpcloud}/**/*.ts',
    '!**/*.d.ts',
    '!**/*.{generated,as}.ts',
    '!**/{ports,trigger,source,destination,outcome,storage,storage-location,pipeline-event,parsed}.ts',
  ],
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'json-summary'],
  coverageThreshold: { './src/sdk/': { statements: 90 }, './src/jumpcloud/': { statements: 90 } },
  // Most of them wait for a socket, a disk or a process rather than for a core. (Jest takes '150%' for 150.)
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testSequencer: '<rootDir>/scripts/slow-tests-first.mjs',
  testTimeout: 30_000,
};
