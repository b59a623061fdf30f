import { describe, expect, it } from '@jest/globals';

import {
  abortError,
  ConfigurationError,
  describeError,
  ERROR_CODES,
  type ErrorCode,
  isAbort,
  ModuleError,
} from '../../../src/sdk/errors.js';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

describe('ModuleError', () => {
  it.each(CODES)('of code %s knows whether trying again may help, and whom it concerns', (code) => {
    const error = new ModuleError(code, 'No.');
    expect(error.retryable).toBe(ERROR_CODES[code].retryable);
    expect(error.audience).toBe(ERROR_CODES[code].audience);
    expect(ERROR_CODES[code].when).toMatch(/^[A-Z].*\.$/);
  });

  it('carries what it was given, and nothing else', () => {
    const cause = new Error('inner');
    const details = { advice: 'Do.', cause, status: 503, requestId: 'r', retryAfterMs: 5 };
    expect(new ModuleError('SOURCE_UNAVAILABLE', 'No.', details)).toMatchObject({ ...details, message: 'No.' });
    const bare = new ModuleError('SOURCE_UNAVAILABLE', 'No.');
    expect(bare.advice).toBeUndefined();
    expect('cause' in bare).toBe(false);
  });

  it('is an Error with a name and a stack', () => {
    const error = new ModuleError('STATE_LOCKED', 'Locked.');
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('ModuleError');
    expect(error.stack).toContain('errors.test');
  });

  it.each([
    'SOURCE_CREDENTIAL_REFUSED',
    'SOURCE_REQUEST_REFUSED',
    'DESTINATION_REFUSED',
    'STATE_CORRUPT',
    'CONFIGURATION_INVALID',
  ] as const)('of code %s is never tried again by itself', (code) => {
    expect(new ModuleError(code, 'No.').retryable).toBe(false);
  });

  it.each([
    'STATE_UNAVAILABLE',
    'SOURCE_UNREACHABLE',
    'SOURCE_RATE_LIMITED',
    'SOURCE_ANSWER_INVALID',
    'DESTINATION_UNAVAILABLE',
  ] as const)('of code %s may be tried again', (code) => {
    expect(new ModuleError(code, 'No.').retryable).toBe(true);
  });
});

describe('ConfigurationError', () => {
  it('names all problems at once, each with its setting and where it came from', () => {
    const error = new ConfigurationError([
      { setting: 'module.apikey', problem: 'is missing' },
      { setting: 'arguments.frequency', problem: 'must be at least 1', origin: 'playbook.yaml' },
    ]);
    expect(error.code).toBe('CONFIGURATION_INVALID');
    expect(error.message).toBe(
      'Configuration error\n  module.apikey: is missing\n  arguments.frequency: must be at least 1 (from playbook.yaml)',
    );
    expect(error.problems).toHaveLength(2);
    expect(error.advice).not.toBe('');
  });
});

describe('isAbort', () => {
  it('tells a stop from a failure', () => {
    expect(isAbort(abortError())).toBe(true);
    expect(isAbort(Object.assign(new Error('x'), { name: 'AbortError' }))).toBe(true);
    expect(isAbort(new ModuleError('SOURCE_UNREACHABLE', 'AbortError'))).toBe(false);
    expect(isAbort(Object.assign(new Error('x'), { name: 'TimeoutError' }))).toBe(false);
    for (const thrown of [undefined, null, 'AbortError', { name: 'AbortError' }]) expect(isAbort(thrown)).toBe(false);
  });
});

describe('describeError', () => {
  it('tells the message, and the causes down to the innermost', () => {
    const innermost = new Error('connect ECONNREFUSED 127.0.0.1:1');
    const error = new ModuleError('SOURCE_UNREACHABLE', 'No answer', {
      cause: new Error('fetch failed', { cause: innermost }),
    });
    expect(describeError(error)).toBe('No answer: fetch failed: connect ECONNREFUSED 127.0.0.1:1');
  });

  it.each([
    ['text', 'text'],
    [7, '7'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('s'), 'Symbol(s)'],
  ])('answers for %p, which is no error', (thrown, description) => {
    expect(describeError(thrown)).toBe(description);
  });

  it('leaves a cause out that is no error', () => {
    expect(describeError(new Error('outer', { cause: 'inner' }))).toBe('outer');
  });
});
