import { DAMAGE_ADVICE, type DamagedLine } from '../../../sdk/dead-letter/dead-letter-archive.js';
import { paintFor, printLine } from '../../output.js';
import type { HarnessWorld } from '../../world.js';

/** Says where the dead letter cannot be read. Nothing of it is lost by that: the line stays for whoever can mend it. */
export function tellDamage(damaged: readonly DamagedLine[], { stderr, environment }: HarnessWorld): void {
  const paint = paintFor(stderr, environment);
  for (const { file, line, bytes } of damaged) {
    const text = `${file}, line ${line}: ${bytes} bytes cannot be read as an entry and are left as they are`;
    printLine(stderr, `${paint('yellow', 'Warning')}: ${text}`);
  }
  if (damaged.length > 0) printLine(stderr, DAMAGE_ADVICE);
}
