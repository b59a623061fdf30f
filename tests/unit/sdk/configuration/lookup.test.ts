import { describe, expect, it } from '@jest/globals';
import { createLookup, readText, type Lookup } from '../../../../src/sdk/configuration/lookup.js';
import { ConfigurationError } from '../../../../src/sdk/errors.js';
import type { Environment } from '../../../../src/sdk/ports.js';

type Files = Record<string, string | Uint8Array | Error>;

function lookupIn(files: Files, environment: Environment = {}, directory?: string): Lookup {
  return createLookup({ fileSystem: fileSystemOf(files), environment, ...(directory !== undefined && { directory }) });
}

function fileSystemOf(files: Files) {
  return {
    async read(path: string) {
      const content = files[path];
      if (content instanceof Error) throw content;
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: failed, open '/symphony/token'`), { code });
}

async function problemsOf(pending: Promise<unknown>) {
  const thrown: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(ConfigurationError);
  return (thrown as ConfigurationError).problems;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a look-up', () => {
  it('finds a file in the configuration directory, in lower case', async () => {
    const lookup = lookupIn({ '/symphony/token': 'abc' });
    expect(await lookup.text('TOKEN')).toEqual({ value: 'abc', origin: 'file /symphony/token' });
  });

  it('finds an environment variable, in upper case', async () => {
    const lookup = lookupIn({}, { TOKEN: 'abc', token: 'not this one' });
    expect(await lookup.text('token')).toEqual({ value: 'abc', origin: 'environment variable TOKEN' });
  });

  it('prefers the file to the variable', async () => {
    const lookup = lookupIn({ '/symphony/token': 'file' }, { TOKEN: 'variable' });
    expect((await lookup.text('token'))?.value).toBe('file');
  });

  it('looks in another directory when told to', async () => {
    const lookup = lookupIn({ '/etc/module/token': 'abc' }, {}, '/etc/module/');
    expect((await lookup.text('token'))?.origin).toBe('file /etc/module/token');
    expect(lookup.placesOf('token')).toBe('file /etc/module/token or environment variable TOKEN');
  });

  it('looks where the environment says that the configuration is', async () => {
    const files = { '/run/secrets/token': 'abc', '/symphony/token': 'not this one' };
    const lookup = lookupIn(files, { CONFIGURATION_PATH: '/run/secrets' });
    expect(await lookup.text('token')).toEqual({ value: 'abc', origin: 'file /run/secrets/token' });
    expect((await lookupIn(files, { CONFIGURATION_PATH: '' }).text('token'))?.origin).toBe('file /symphony/token');
  });

  it('says undefined for what is nowhere, and for an empty variable', async () => {
    const lookup = lookupIn({}, { TOKEN: '', MODULE_CONFIGURATION: '' });
    expect(await lookup.text('token')).toBeUndefined();
    expect(await lookup.json('module_configuration')).toBeUndefined();
  });

  it('passes over a directory of that name, which is no regular file', async () => {
    const lookup = lookupIn({ '/symphony/token': systemError('EISDIR') }, { TOKEN: 'variable' });
    expect((await lookup.text('token'))?.value).toBe('variable');
  });

  it('does not pass over a file that may not be read', async () => {
    const lookup = lookupIn({ '/symphony/token': systemError('EACCES') }, { TOKEN: 'variable' });
    expect(await problemsOf(lookup.text('token'))).toEqual([
      { setting: 'token', problem: 'cannot be read (EACCES)', origin: 'file /symphony/token' },
    ]);
  });

  it('cuts newlines off the end of a text, and nothing else', async () => {
    const lookup = lookupIn({ '/symphony/token': ' a b \r\n\n' }, { INTAKE_URL: 'https://intake\n' });
    expect((await lookup.text('token'))?.value).toBe(' a b ');
    expect((await lookup.text('intake_url'))?.value).toBe('https://intake');
  });

  it('names bytes that are no text', async () => {
    const lookup = lookupIn({ '/symphony/token': new Uint8Array([0xff, 0xfe]) });
    expect(await problemsOf(lookup.text('token'))).toEqual([
      { setting: 'token', problem: 'is not UTF-8 text', origin: 'file /symphony/token' },
    ]);
  });
});

describe('a look-up of JSON', () => {
  it('parses a file', async () => {
    const lookup = lookupIn({ '/symphony/module_configuration': '\uFEFF{"apikey":"k"}\n' });
    expect(await lookup.json('module_configuration')).toEqual({
      value: { apikey: 'k' },
      origin: 'file /symphony/module_configuration',
    });
  });

  it.each([
    ['plain', '{"apikey":"ké"}'],
    ['in base64', base64('{"apikey":"ké"}')],
    ['in base64 with line breaks', base64('{"apikey":"ké"}').replace(/(.{8})/g, '$1\n')],
    ['in base64 without padding', base64('{"apikey":"ké"}').replace(/=+$/, '')],
  ])('parses a variable %s', async (_, text) => {
    const lookup = lookupIn({}, { MODULE_CONFIGURATION: text });
    expect((await lookup.json('module_configuration'))?.value).toEqual({ apikey: 'ké' });
  });

  it('does not take base64 in a file', async () => {
    const lookup = lookupIn({ '/symphony/module_configuration': base64('{"apikey":"k"}') });
    expect(await problemsOf(lookup.json('module_configuration'))).toEqual([
      {
        setting: 'module_configuration',
        problem: 'is not JSON (20 characters)',
        origin: 'file /symphony/module_configuration',
      },
    ]);
  });

  it.each([
    '{"apikey":"TOP-SECRET"',
    "{'apikey':'TOP-SECRET'}",
    base64('{"apikey":"TOP-SECRET"'),
    `!${base64('{"apikey":"TOP-SECRET"}')}`,
  ])('names a broken variable without quoting it', async (text) => {
    const [problem, ...others] = await problemsOf(
      lookupIn({}, { MODULE_CONFIGURATION: text }).json('module_configuration'),
    );
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      setting: 'module_configuration',
      origin: 'environment variable MODULE_CONFIGURATION',
    });
    expect(problem?.problem).toMatch(/^is not JSON or base64 of it \(\d+ characters\)$/);
  });
});

describe('readText', () => {
  it('knows no difference between an empty file and any other', async () => {
    expect(await readText(fileSystemOf({ '/a': '' }), '/a', 'x')).toBe('');
    expect(await readText(fileSystemOf({}), '/a', 'x')).toBeUndefined();
  });
});
