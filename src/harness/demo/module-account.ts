import type { IntakeSimulator } from '../../simulators/sekoia/simulator.js';
import type { DemoAccount } from './account.js';

/** What became of each event that a module's simulator has shown. */
export function drawUpModuleAccount(options: {
  readonly shown: Iterable<string>;
  readonly received: Pick<IntakeSimulator['received'], 'events' | 'count'>;
  /** Texts, one character for each byte. */
  readonly deadLetter: ReadonlySet<string>;
  readonly retried: number;
}): DemoAccount {
  const { received, deadLetter, retried } = options;
  let [held, delivered, deadLettered, deliveries, duplicated] = [0, 0, 0, 0, 0];
  for (const text of options.shown) {
    const times = received.count(text);
    const isKept = deadLetter.has(Buffer.from(text).toString('latin1'));
    held += 1;
    deliveries += times;
    if (times > 0) delivered += 1;
    else if (isKept) deadLettered += 1;
    duplicated += Math.max(0, times - 1) + (times > 0 && isKept ? 1 : 0);
  }
  const lost = held - delivered - deadLettered;
  const altered = received.events - deliveries;
  const balanced = lost === 0 && duplicated === 0 && altered === 0;
  return { held, delivered, trimmed: 0, deadLettered, lost, duplicated, altered, retried, balanced };
}
