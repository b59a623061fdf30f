/** `npm run bench`: all of it in a short form, or one part by its name. */
import { Argument } from 'commander';

import { benchCommand, whole, type Flags } from './flags.js';
import { measureFreshness } from './freshness.js';
import { measureGrowth } from './growth.js';
import { guard } from './guard.js';
import { saveResults, type Measured } from './results.js';
import { measureStartup } from './startup.js';
import { measureThroughput } from './throughput.js';

interface BenchFlags extends Flags {
  readonly seconds: number;
  readonly withoutPlain?: true;
  readonly full?: true;
  readonly record?: true;
}

const EXAMPLES = `
Examples:
  npm run bench                                             all but the guard, in a short form
  npm run bench:throughput -- --events 2000000 --rounds 1 --without-plain
                                                            a longer backlog, once
  npm run bench:growth -- --full                            up to 10,000,000 events
  npm run bench:freshness -- --seconds 30                   each rate for half a minute`;

const parts = {
  throughput: ({ events, rounds, withoutPlain }: BenchFlags) =>
    measureThroughput({
      events: isShort ? events / 2 : events,
      rounds,
      withoutPlain: withoutPlain === true,
    }),
  growth: ({ full }: BenchFlags) => measureGrowth({ maxEvents: full ? 10_000_000 : isShort ? 100_000 : 1_000_000 }),
  freshness: ({ seconds }: BenchFlags) => measureFreshness(seconds),
  startup: () => measureStartup({ rounds: isShort ? 3 : 11 }),
} satisfies Record<string, (flags: BenchFlags) => Promise<Measured>>;

const names = Object.keys(parts) as (keyof typeof parts)[];
const command = benchCommand(
  'bench',
  'What the connector costs, beside others that move the same events in the same minute',
)
  .addArgument(new Argument('[part]', 'what is measured').choices(['all', ...names, 'guard']).default('all'))
  .option('--seconds <number>', 'how long each rate is watched (freshness)', whole, 12)
  .option(
    '--without-plain',
    'leaves out the plain program, which takes five minutes for a million events far away (throughput)',
  )
  .option('--full', 'up to 10 million events (growth)')
  .option('--record', 'keeps what it measures as the figures to compare with (guard)')
  .addHelpText('after', EXAMPLES)
  .parse();
const [part] = command.processedArgs as [string];
const flags = command.opts<BenchFlags>();
const isShort = part === 'all';

if (part === 'guard') {
  process.exitCode = (await guard(flags)) ? 0 : 1;
} else {
  for (const name of names) if (isShort || name === part) saveResults(nameOf(name), await parts[name](flags));
}

/** What is left out is not kept in the place of the whole. */
function nameOf(name: string): string {
  return flags.withoutPlain && name === 'throughput' ? `${name}-without-plain` : name;
}
