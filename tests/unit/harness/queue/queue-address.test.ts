import { describe, expect, it } from '@jest/globals';

import { readQueueAddress } from '../../../../src/harness/queue/queue-address.js';
import { ConfigurationError } from '../../../../src/sdk/errors.js';

const ENVIRONMENT = { WORD: 'p@ss:/?#', WHOLE: 'rediss://user:p%40ss@queue.example:7000/3' };

describe('the address of a queue', () => {
  it.each([
    ['redis://queue.example', { host: 'queue.example', port: 6379, database: 0, tls: false, password: undefined }],
    ['rediss://queue.example:7000/15', { host: 'queue.example', port: 7000, database: 15, tls: true }],
    ['redis://[2001:db8::1]:7000', { host: '2001:db8::1', port: 7000, description: 'redis://[2001:db8::1]:7000/0' }],
    ['redis://somebody@queue.example/', { username: 'somebody', password: undefined, database: 0 }],
    // As it is, whatever is in it.
    ['redis://somebody:${WORD}@queue.example', { username: 'somebody', password: 'p@ss:/?#' }],
    ['redis://:${WORD}@queue.example', { username: undefined, password: 'p@ss:/?#' }],
    ['${WHOLE}', { host: 'queue.example', port: 7000, username: 'user', password: 'p@ss', database: 3, tls: true }],
  ])('%s', (text, expected) => {
    const address = readQueueAddress(text, ENVIRONMENT);
    expect(address).toMatchObject(expected);
    expect(address.description).not.toMatch(/p@ss|p%40ss|user|somebody/);
  });

  it.each([
    ['another protocol', 'https://queue.example'],
    ['no address', 'queue.example'],
    ['no host', 'redis:///1'],
    ['a database that is no number', 'redis://queue.example/jobs'],
    ['parameters', 'redis://queue.example?db=1'],
    ['a variable that is not set', 'redis://:${NOBODY}@queue.example'],
    ['a whole that is not set', '${NOBODY}'],
    ['a password in plain sight', 'redis://:secret-word@queue.example'],
    ['a password half in plain sight', 'redis://:secret-word${WORD}@queue.example'],
    ['a broken escape', 'redis://:%zz@queue.example'],
  ])('is refused with %s, and not quoted', (_, text) => {
    const read = (): unknown => readQueueAddress(text, ENVIRONMENT);
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(/--queue/);
    expect(read).not.toThrow(/secret-word/);
  });
});
