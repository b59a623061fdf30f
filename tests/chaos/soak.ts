/**
 * `npm run soak`: the built connector at work for a long time, with nothing wrong, measured.
 * Exit codes: 0 flat and nothing lost, 1 something was found, 2 a flag is wrong.
 */
import { type RunFlags, runOptionsOf, connectorScript } from './flags.js';
import { ConnectorLog } from './processes/connector-log.js';
import { runSoak, soakFindings } from './soak/run-soak.js';
import { soakReport } from './soak/soak-report.js';
import { Undo } from './undo.js';

const EXAMPLES = `
Examples:
  npm run soak -- --minutes 30 --rate 100
  npm run soak -- --minutes 2 --json

Leaves with 0 where it stays flat and loses nothing, 1 where something was found, 2 where a flag is wrong.`;

const flags = connectorScript('soak', 'The built connector at work for a long time, with nothing wrong, measured', {
  minutes: 30,
  rate: 200,
  backlog: 50_000,
})
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<RunFlags>();

const startedAtMs = performance.now();
const log = new ConnectorLog(flags.log);
const tell = (line: string): void => {
  const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1).padStart(6);
  process.stderr.write(`${minutes} min  ${line}\n`);
};
const outcome = await runSoak(runOptionsOf(flags), { undo: Undo.untilExit(), log, tell });
const found = soakFindings(outcome);
if (found.length > 0) process.stderr.write(`\nThe connector's last words:\n${log.lastLines.join('\n')}\n`);
const json = JSON.stringify({ ...outcome, findings: found }, null, 2);
process.stdout.write(flags.json ? `${json}\n` : soakReport(outcome));
process.exit(found.length > 0 ? 1 : 0);
