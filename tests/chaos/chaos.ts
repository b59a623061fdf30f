/**
 * `npm run chaos`: the built connector between both simulators while processes, network and disk fail by a seed.
 * Exit codes: 0 all is well, 1 something was found, 2 a flag is wrong.
 */
import { chaosReport } from './chaos-report.js';
import { positive, script, someOf, whole } from './flags.js';
import { ConnectorLog } from './processes/connector-log.js';
import { INCIDENTS } from './plan/plan.js';
import { type ChaosOptions, runChaos } from './run-chaos.js';
import { Undo } from './undo.js';
import { findings } from './verdict.js';

interface Flags extends Omit<ChaosOptions, 'durationMs' | 'eventsPerSecond' | 'beyondOverlap'> {
  readonly minutes: number;
  readonly rate: number;
  readonly beyondOverlap?: true;
  readonly log?: string;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  npm run chaos -- --minutes 10 --seed 7
  npm run chaos -- --only 'kill, disk full' --rate 200
  npm run chaos -- --beyond-overlap --log connector.log

Leaves with 0 where all is well, 1 where something was found, 2 where a flag is wrong.`;

const {
  minutes,
  rate,
  beyondOverlap,
  log: logFile,
  json,
  ...rest
} = script('chaos', 'The built connector between both simulators while processes, network and disk fail by a seed')
  .option('--minutes <number>', 'how long things go wrong', positive, 5)
  .option('--seed <number>', 'what the plan is drawn from', whole, 1)
  .option('--rate <number>', 'live events a second', positive, 100)
  .option('--backlog <number>', 'events that are there at the start', whole, 20_000)
  .option('--only <names>', `some kinds alone: ${[...INCIDENTS].join(', ')}`, someOf(INCIDENTS))
  .option('--beyond-overlap', 'some events come later than "overlap": only counts can find them')
  .option('--log <file>', "keeps the connector's log")
  .option('--json', 'a document instead of a report')
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>();
const options: ChaosOptions = {
  ...{ ...rest, durationMs: minutes * 60_000, eventsPerSecond: rate, beyondOverlap: beyondOverlap === true },
};

const startedAtMs = performance.now();
const log = new ConnectorLog(logFile);
const tell = (line: string): void => {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(7);
  process.stderr.write(`${seconds} s  ${line}\n`);
};
const outcome = await runChaos(options, { undo: Undo.untilExit(), log, tell });
const found = findings(outcome);
if (found.length > 0) process.stderr.write(`\nThe connector's last words:\n${log.lastLines.join('\n')}\n`);
const report = chaosReport(outcome, log.levels);
process.stdout.write(json ? `${JSON.stringify({ ...outcome, findings: found }, null, 2)}\n` : report);
process.exit(found.length > 0 ? 1 : 0);
