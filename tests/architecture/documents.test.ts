import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { ERROR_CODES } from '../../src/sdk/errors.js';
import { VERSION } from '../../src/jumpcloud/user-agent.js';

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

describe('documents and code say the same', () => {
  it('docs/errors.md lists exactly the error codes, with who has to act and whether a retry can help', () => {
    const rows = read('docs/errors.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
    const documented = rows.map(([, code, retryable, audience, when]) => [code, retryable, audience, when]);
    const known = Object.entries(ERROR_CODES).map(([code, { retryable, audience, when }]) => [
      code,
      retryable ? 'yes' : 'no',
      audience,
      when,
    ]);
    expect(documented).toEqual(known);
  });

  it('package, manifest, user agent and the newest release of the changelog have one version', () => {
    const versions = ['package.json', 'manifest.json'].map(
      (path) => (JSON.parse(read(path)) as { version: string }).version,
    );
    const [, newest] = /^## \[(?!Unreleased)(.+?)\]/m.exec(read('CHANGELOG.md')) ?? [];
    expect(new Set([...versions, newest, VERSION])).toEqual(new Set([VERSION]));
  });

  it('the README names the two commands that CI and newcomers run, each on a line of its own', () => {
    const lines = read('README.md').split('\n');
    expect(lines).toContain('npm ci && npm run demo');
    expect(lines).toContain('npm ci && npm test');
  });

  it('what docs/security.md says that keeps a promise is there', () => {
    const named = Array.from(
      read('docs/security.md').matchAll(/`((?:src|tests|scripts)\/[^`]+)`/g),
      ([, path = '']) => path,
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('the messages that the README explains are those of the sources', () => {
    const sources = sourceTexts();
    const quoted = quotedMessages(read('README.md'));
    expect(quoted.length).toBeGreaterThan(5);
    expect(quoted.filter((message) => !occurs(message, sources))).toEqual([]);
  });
});

/** The text of every source file, with string literals that go over several lines joined. */
function sourceTexts(): string[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => read(`src/${path}`).replace(/['`] \+\s*['`]/g, ''));
}

/** What the first column of the troubleshooting table has in backticks. */
function quotedMessages(readme: string): string[] {
  const [, section = ''] = /^## Troubleshooting$(.*?)^## /ms.exec(readme) ?? [];
  const cells = section.split('\n').flatMap((line) => (line.startsWith('|') ? [line.split('|')[1] ?? ''] : []));
  return cells.flatMap((cell) => Array.from(cell.matchAll(/`(.+?)`/g), ([, message = '']) => message));
}

/** Whether a source has such a text, `...` standing for anything. Numbers are what templates put in: any will do. */
function occurs(message: string, sources: readonly string[]): boolean {
  const escaped = message.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('\\.\\.\\.', '[^\\n]*?');
  const pattern = new RegExp(escaped.replace(/\d+/g, '(?:$&|\\$\\{[^}]*\\})'));
  return sources.some((text) => pattern.test(text));
}
