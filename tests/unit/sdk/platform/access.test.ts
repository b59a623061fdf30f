import { describe, expect, it } from '@jest/globals';

import { createLookup } from '../../../../src/sdk/configuration/lookup.js';
import { findPlatformAccess } from '../../../../src/sdk/platform/access.js';
import { MemoryFiles } from '../../../support/memory-files.js';

function find(environment: Record<string, string>, files: Record<string, string> = {}) {
  return findPlatformAccess(createLookup({ environment, fileSystem: new MemoryFiles(files) }));
}

describe('the platform', () => {
  it('is reached by token and callback, from which the other addresses follow', async () => {
    const environment = { TOKEN: ' t0ken \n', URL_CALLBACK: 'http://symphony:8000/api/callback\n' };
    expect(await find(environment)).toEqual({
      token: 't0ken',
      callbackUrl: 'http://symphony:8000/api/callback',
      logsUrl: 'http://symphony:8000/api/logs',
      secretsUrl: 'http://symphony:8000/api/secrets',
    });
  });

  it('may say where they are, and files go before the environment', async () => {
    const files = { '/symphony/token': 'from-file\n', '/symphony/url_logs': 'https://logs.test/x' };
    const environment = { TOKEN: 'other', URL_CALLBACK: 'https://a.test/callback', URL_SECRETS: 'https://s.test/y' };
    expect(await find(environment, files)).toMatchObject({
      token: 'from-file',
      logsUrl: 'https://logs.test/x',
      secretsUrl: 'https://s.test/y',
    });
  });

  it('has no other addresses where the callback does not show them', async () => {
    expect(await find({ TOKEN: 't', URL_CALLBACK: 'https://a.test/hook' })).toEqual({
      token: 't',
      callbackUrl: 'https://a.test/hook',
      logsUrl: undefined,
      secretsUrl: undefined,
    });
  });

  it.each<Record<string, string>>([
    {},
    { TOKEN: 't' },
    { URL_CALLBACK: 'https://a.test/callback' },
    { TOKEN: ' \n', URL_CALLBACK: 'https://a.test/callback' },
    { TOKEN: 't', URL_LOGS: 'https://a.test/logs' },
  ])('is not there with %j', async (environment) => {
    expect(await find(environment)).toBeUndefined();
  });

  it.each([
    [{ TOKEN: 't', URL_CALLBACK: 'callback' }, /url_callback: must be an address.*URL_CALLBACK/s],
    [{ TOKEN: 'two words', URL_CALLBACK: 'https://a.test/callback' }, /token: contains a blank/],
    [{ TOKEN: 't', URL_CALLBACK: 'https://a.test/callback', URL_LOGS: 'ftp://x' }, /url_logs: must be an address/],
  ])('is refused where it cannot be one: %j', async (environment, message) => {
    await expect(find(environment)).rejects.toThrow(message);
    await expect(find(environment)).rejects.not.toThrow(/two words/);
  });
});
