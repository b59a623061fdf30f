import type { Command } from 'commander';

import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { stopOnSignals } from '../../sdk/signals.js';
import { Stop } from '../../sdk/stop.js';
import { Narrator, count } from '../demo/narrator.js';
import type { DemoAccount } from '../demo/account.js';
import { accountRows, runDemo, type DemoOptions } from '../demo/run-demo.js';
import { runModuleDemo } from '../demo/run-module-demo.js';
import { alignColumns, paintFor, printJson, printLine } from '../output.js';
import type { Finish, HarnessWorld } from '../world.js';
import { helpText, USUAL_EXIT_CODES } from './help.js';
import { decimal, whole } from './number-options.js';

/** `demo`: the whole way, end to end, for whoever has neither a JumpCloud tenant nor a Sekoia account. */
export function addDemoCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  program
    .command('demo')
    .description(
      'Collect simulated events end to end on this machine, through faults and a restart, and account for each of them.',
    )
    .option('--events <NUMBER>', 'events that wait in the API at the start', whole(0, 10_000_000), 50_000)
    .option('--days <NUMBER>', 'days before now over which they are spread', whole(1, 80), 5)
    .option('--live <RATE>', 'events that happen each second from then on', decimal(0, 10_000), 20)
    .option('--seconds <NUMBER>', 'how long it goes on once the waiting events are delivered', decimal(0, 86_400), 10)
    .option('--seed <NUMBER>', 'equal seeds give equal events', whole(0, 2 ** 31 - 1), 1)
    .option('--json', 'the account as JSON on standard output, the story on standard error')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module demo',
          'sekoia-module demo --events 500000 --seconds 60',
          'sekoia-module demo --json 2>/dev/null',
        ],
        exitCodes: { ...USUAL_EXIT_CODES, '0': 'the account balances', '1': 'it does not' },
      }),
    )
    .action(async (flags: DemoOptions & { json?: true }) => finish(await demo(flags, world)));
}

async function demo(flags: DemoOptions & { json?: true }, world: HarnessWorld): Promise<ExitCode> {
  const { stdout, stderr, environment, clock } = world;
  const narrator = new Narrator(flags.json === true ? stderr : stdout, environment, clock);
  const stop = new Stop();
  const signals = stopOnSignals({ source: world.signals, stop, clock, log: narrator.log, graceMs: 10_000 });
  try {
    if (flags.json !== true) introduce(flags, world);
    const account = await (world.module === undefined ? runDemo : runModuleDemo)(flags, narrator, world, stop);
    if (account === undefined) return signals.received === 'SIGTERM' ? EXIT_CODE.ok : EXIT_CODE.interrupted;
    if (flags.json === true) printJson(stdout, account);
    else printAccount(account, world);
    return account.balanced ? EXIT_CODE.ok : EXIT_CODE.failed;
  } finally {
    signals.release();
  }
}

function introduce({ events, days, live }: DemoOptions, { stdout, environment, module }: HarnessWorld): void {
  const paint = paintFor(stdout, environment);
  printLine(stdout, paint('bold', module === undefined ? OWN_ENDS : MODULE_ENDS));
  printLine(
    stdout,
    `${count(events)} events of ${daysText(days)} wait in the API. ${live} more happen each second${module === undefined ? '; the API shows a tenth of them late' : ''}.`,
  );
  printLine(
    stdout,
    'Both sides fail now and then, and some events are refused. The connector is stopped once on its way.',
  );
  printLine(
    stdout,
    paint('dim', `"behind" is the age of the oldest event still owed. Ends by itself; Ctrl-C ends it sooner.`),
  );
  printLine(stdout);
}

function printAccount(account: DemoAccount, { stdout, environment }: HarnessWorld): void {
  const paint = paintFor(stdout, environment);
  const rows = accountRows(account);
  const width = Math.max(...rows.map(([, value]) => value.length));
  printLine(stdout);
  printLine(stdout, paint('bold', 'Events'));
  for (const line of alignColumns(rows.map(([name, value]) => [name, value.padStart(width)])))
    printLine(stdout, `  ${line}`);
  printLine(stdout);
  printLine(stdout, account.balanced ? paint('green', BALANCED) : paint('red', UNBALANCED));
}

const OWN_ENDS = 'JumpCloud and Sekoia are simulated on this machine; the connector between them is the real one.';
const MODULE_ENDS = 'The source and Sekoia are simulated on this machine; the connector between them is the real one.';
const BALANCED =
  'The account balances: every event was delivered exactly once, byte for byte, or is in the dead letter, whole.';
const UNBALANCED = 'The account does not balance: lost, duplicated and altered should all be 0.';

function daysText(days: number): string {
  return days === 1 ? 'one day' : `${days} days`;
}
