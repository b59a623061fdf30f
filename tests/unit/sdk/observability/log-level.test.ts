import { describe, expect, it } from '@jest/globals';

import { logLevelOf, parseLogLevel, withEnvironmentLogLevel } from '../../../../src/sdk/observability/log-level.js';

describe('parseLogLevel', () => {
  it.each([
    ['debug', 'debug'],
    [' Warning\n', 'warning'],
    ['WARN', 'warning'],
    ['fatal', 'critical'],
    ['0', 'debug'],
    ['10', 'debug'],
    ['15', 'info'],
    ['20', 'info'],
    ['30', 'warning'],
    ['40', 'error'],
    ['50', 'critical'],
    ['100', 'critical'],
    ['', undefined],
    ['loud', undefined],
    ['-10', undefined],
  ])('reads %j as %s', (text, level) => {
    expect(parseLogLevel(text)).toBe(level);
  });
});

describe('withEnvironmentLogLevel', () => {
  const log_level = { enum: ['debug', 'info', 'warning', 'error'] };
  const schema = { type: 'object', properties: { log_level } } as const;
  const given = { layers: [{ values: { log_level: 'error' }, originOf: () => 'file' }] };

  it('lies below what is configured', () => {
    const { layers } = withEnvironmentLogLevel(given, schema, { LOG_LEVEL: '10' });
    expect(layers.map(({ values }) => values['log_level'])).toEqual(['debug', 'error']);
    expect(layers[0]!.originOf('log_level')).toBe('environment variable LOG_LEVEL');
  });

  it('stays within what the setting allows', () => {
    expect(withEnvironmentLogLevel(given, schema, { LOG_LEVEL: '50' }).layers[0]!.values).toEqual({
      log_level: 'error',
    });
  });

  it('says nothing where the variable names no level, or the trigger has no such setting', () => {
    expect(withEnvironmentLogLevel(given, schema, { LOG_LEVEL: 'loud' })).toBe(given);
    expect(withEnvironmentLogLevel(given, schema, {})).toBe(given);
    expect(withEnvironmentLogLevel(given, { type: 'object', properties: {} }, { LOG_LEVEL: '10' })).toBe(given);
  });
});

describe('logLevelOf', () => {
  it('takes the level out of the arguments, or info', () => {
    expect(logLevelOf({ log_level: 'debug' })).toBe('debug');
    expect(logLevelOf({})).toBe('info');
  });
});
