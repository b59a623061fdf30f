/**
 * `npm run organizations:prove`: many organizations in one process of the built connector, three of which fail in different
 * ways and recover. Exit codes: 0 all bounds held, 1 one did not, 2 a flag is wrong.
 */
import { positive, script, whole } from '../flags.js';
import { table } from '../table.js';
import { Undo } from '../undo.js';
import { findingsOf, type ManyOptions, runMany } from './run-many.js';

interface Flags {
  readonly organizations: number;
  readonly frequency: number;
  readonly requestsPerSecond: number;
  readonly rate: number;
  readonly cycles: number;
  readonly memoryBound: number;
}

const EXAMPLES = `
Example:
  npm run organizations:prove -- --organizations 100 --frequency 10

Leaves with 0 where all bounds held, 1 where one did not, 2 where a flag is wrong.`;

const { frequency, rate, memoryBound, ...rest } = script(
  'organizations:prove',
  'Many organizations in one process of the built connector, three of which fail in different ways and recover',
)
  .option('--organizations <number>', 'how many, beside the provider', whole, 1000)
  .option('--frequency <seconds>', 'how often each is read', positive, 60)
  .option('--requests-per-second <number>', 'what the API allows', positive, 10)
  .option('--rate <number>', 'live events a second, of all of them together', positive, 5)
  .option('--cycles <number>', 'for how many cycles each part is watched', positive, 2)
  .option('--memory-bound <megabytes>', 'what the process may take', positive, 300)
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>();
const options: ManyOptions = {
  ...{ ...rest, frequencySeconds: frequency, eventsPerSecond: rate, memoryBoundBytes: memoryBound * 1e6 },
};

const startedAtMs = performance.now();
const tell = (line: string): void => {
  const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1).padStart(6);
  process.stderr.write(`${minutes} min  ${line}\n`);
};
const outcome = await runMany(options, { undo: Undo.untilExit(), tell });
const found = findingsOf(outcome, options);
const seconds = (value: number): string => `${value.toFixed(1)} s`;
process.stdout.write(
  `${table([
    ['organizations, the provider included', outcome.streams],
    ['each is read every', seconds(outcome.cycleSeconds)],
    ['lag while all are well, mean', seconds(outcome.well.meanLag)],
    ['lag while all are well, worst', seconds(outcome.well.worstLag)],
    ['lag of the others while three fail, mean', seconds(outcome.sick.meanLag)],
    ['lag of the others while three fail, worst', seconds(outcome.sick.worstLag)],
    ['organizations that were shown as failing', outcome.failing],
    ['requests a second, mean', outcome.requestsPerSecond.toFixed(2)],
    ['requests in one second, most', outcome.mostRequestsInASecond],
    ['resident memory once all have begun, MB', (outcome.settledBytes / 1e6).toFixed(0)],
    ['resident memory, most, MB', (outcome.mostBytes / 1e6).toFixed(0)],
    ['processor time, seconds a minute', outcome.processorSecondsAMinute.toFixed(2)],
    ['events held', outcome.account.held],
    ['events lost', outcome.account.lost],
    ['events delivered twice', outcome.account.duplicated],
  ])}\n`,
);
for (const finding of found) process.stdout.write(`NOT HELD: ${finding}\n`);
process.exit(found.length > 0 ? 1 : 0);
