/**
 * `npm run soak`: the built connector at work for a long time, with nothing wrong, measured.
 * Exit codes: 0 flat and nothing lost, 1 something was found, 2 a flag is wrong.
 */
import { positive, script, whole } from './flags.js';
import { ConnectorLog } from './processes/connector-log.js';
import { runSoak, soakFindings, type SoakOptions } from './soak/run-soak.js';
import { soakReport } from './soak/soak-report.js';
import { Undo } from './undo.js';

interface Flags extends Omit<SoakOptions, 'durationMs' | 'eventsPerSecond'> {
  readonly minutes: number;
  readonly rate: number;
  readonly log?: string;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  npm run soak -- --minutes 30 --rate 100
  npm run soak -- --minutes 2 --json

Leaves with 0 where it stays flat and loses nothing, 1 where something was found, 2 where a flag is wrong.`;

const {
  minutes,
  rate,
  log: logFile,
  json,
  ...rest
} = script('soak', 'The built connector at work for a long time, with nothing wrong, measured')
  .option('--minutes <number>', 'how long', positive, 30)
  .option('--seed <number>', 'what the events are drawn from', whole, 1)
  .option('--rate <number>', 'live events a second', positive, 200)
  .option('--backlog <number>', 'events that are there at the start', whole, 50_000)
  .option('--log <file>', "keeps the connector's log")
  .option('--json', 'a document instead of a report')
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>();
const options: SoakOptions = { ...rest, durationMs: minutes * 60_000, eventsPerSecond: rate };

const startedAtMs = performance.now();
const log = new ConnectorLog(logFile);
const tell = (line: string): void => {
  const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1).padStart(6);
  process.stderr.write(`${minutes} min  ${line}\n`);
};
const outcome = await runSoak(options, { undo: Undo.untilExit(), log, tell });
const found = soakFindings(outcome);
if (found.length > 0) process.stderr.write(`\nThe connector's last words:\n${log.lastLines.join('\n')}\n`);
const document = JSON.stringify({ ...outcome, findings: found }, null, 2);
process.stdout.write(json ? `${document}\n` : soakReport(outcome));
process.exit(found.length > 0 ? 1 : 0);
