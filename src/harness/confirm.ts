import { ConfigurationError } from '../sdk/errors.js';
import type { HarnessWorld } from './world.js';

/**
 * Asks before something that cannot be taken back: yes where `--yes` was given or a person says so.
 * @throws ConfigurationError where nobody can be asked
 */
export async function confirmed(question: string, yes: boolean, { ask }: HarnessWorld): Promise<boolean> {
  if (yes) return true;
  if (ask === undefined) {
    throw new ConfigurationError([{ setting: '--yes', problem: 'is needed where nobody can be asked' }]);
  }
  return /^y(es)?$/i.test(((await ask(`${question} [y/N] `)) ?? '').trim());
}
