/**
 * `npm run chaos`: the built connector between both simulators while processes, network and disk fail by a seed.
 * Exit codes: 0 all is well, 1 something was found, 2 a flag is wrong.
 */
import { chaosReport } from './chaos-report.js';
import { type RunFlags, runOptionsOf, connectorScript, someOf } from './flags.js';
import { ConnectorLog } from './processes/connector-log.js';
import { INCIDENTS } from './plan/plan.js';
import { type ChaosOptions, runChaos } from './run-chaos.js';
import { Undo } from './undo.js';
import { findings } from './verdict.js';

interface Flags extends RunFlags {
  readonly only?: ReadonlySet<string>;
  readonly beyondOverlap?: true;
}

const EXAMPLES = `
Examples:
  npm run chaos -- --minutes 10 --seed 7
  npm run chaos -- --only 'kill, disk full' --rate 200
  npm run chaos -- --beyond-overlap --log connector.log

Leaves with 0 where all is well, 1 where something was found, 2 where a flag is wrong.`;

const flags = connectorScript(
  'chaos',
  'The built connector between both simulators while processes, network and disk fail by a seed',
  { minutes: 5, rate: 100, backlog: 20_000 },
)
  .option('--only <names>', `some kinds alone: ${[...INCIDENTS].join(', ')}`, someOf(INCIDENTS))
  .option('--beyond-overlap', 'some events come later than "overlap": only counts can find them')
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>();
const { only, beyondOverlap = false } = flags;
const options: ChaosOptions = { ...runOptionsOf(flags), beyondOverlap, ...(only && { only }) };

const startedAtMs = performance.now();
const log = new ConnectorLog(flags.log);
const tell = (line: string): void => {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(7);
  process.stderr.write(`${seconds} s  ${line}\n`);
};
const outcome = await runChaos(options, { undo: Undo.untilExit(), log, tell });
const found = findings(outcome);
if (found.length > 0) process.stderr.write(`\nThe connector's last words:\n${log.lastLines.join('\n')}\n`);
const report = chaosReport(outcome, log.levels);
process.stdout.write(flags.json ? `${JSON.stringify({ ...outcome, findings: found }, null, 2)}\n` : report);
process.exit(found.length > 0 ? 1 : 0);
