import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from '@jest/globals';

const KEYS = JSON.parse(readFileSync(new URL('known-keys.json', import.meta.url), 'utf8')) as readonly string[];
/** What a connector writes; as in scripts/scan-secrets.mjs. */
const STATE = /(^|\/)(context\.json|(ledger|proofs|dead-letter|backup|damaged)\/[^/]+)$/;

/**
 * New empty directories, removed after the tests of the file, which fail where a key is left in the state of a data path.
 * Call at the top of a test file.
 */
export function temporaryDirectories(): () => string {
  const made: string[] = [];
  afterAll(() => {
    const holding = made.flatMap(stateWithKey);
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
    if (holding.length > 0) throw new Error(`A key is in ${holding.join(', ')}`);
  });
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'sekoia-test-'));
    made.push(directory);
    return directory;
  };
}

/** The documents of data paths below a directory that hold a key. */
export function stateWithKey(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => STATE.test(name));
  return names
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile())
    .filter((file) => KEYS.some((key) => readFileSync(file, 'latin1').includes(key)));
}
