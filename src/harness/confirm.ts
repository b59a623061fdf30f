import { createInterface } from 'node:readline/promises';

import { ConfigurationError } from '../sdk/errors.js';
import type { HarnessWorld } from './world.js';

/**
 * Asks before something that cannot be taken back: yes where `--yes` was given or a person says so.
 * @throws ConfigurationError where nobody can be asked
 */
export async function confirmed(question: string, yes: boolean, { stdin, stderr }: HarnessWorld): Promise<boolean> {
  if (yes) return true;
  if (stdin?.isTTY !== true) {
    throw new ConfigurationError([{ setting: '--yes', problem: 'is needed where nobody can be asked' }]);
  }
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}
