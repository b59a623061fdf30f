/**
 * `npm run soak`: the built connector at work for a long time, with nothing wrong, measured.
 * Exit codes: 0 flat and nothing lost, 1 something was found, 2 a flag is wrong.
 */
import { positive, readFlags } from './flags.js';
import { ConnectorLog } from './processes/connector-log.js';
import { runSoak, soakFindings, type SoakOptions } from './soak/run-soak.js';
import { soakReport } from './soak/soak-report.js';
import { Undo } from './undo.js';

interface Flags {
  readonly options: SoakOptions;
  readonly json: boolean;
  readonly log: string | undefined;
}

const flags = readFlags<Flags>(
  {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    rate: { type: 'string' },
    backlog: { type: 'string' },
    log: { type: 'string' },
    json: { type: 'boolean' },
  },
  (values) => ({
    options: {
      durationMs: positive('minutes', values['minutes'], 30) * 60_000,
      seed: positive('seed', values['seed'], 1),
      eventsPerSecond: positive('rate', values['rate'], 200),
      backlog: positive('backlog', values['backlog'], 50_000),
    },
    json: values['json'] === true,
    log: typeof values['log'] === 'string' ? values['log'] : undefined,
  }),
);

const startedAtMs = performance.now();
const log = new ConnectorLog(flags.log);
const tell = (line: string): void => {
  const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1).padStart(6);
  process.stderr.write(`${minutes} min  ${line}\n`);
};
const outcome = await runSoak(flags.options, { undo: Undo.untilExit(), log, tell });
const found = soakFindings(outcome);
if (found.length > 0) process.stderr.write(`\nThe connector's last words:\n${log.lastLines.join('\n')}\n`);
const json = JSON.stringify({ ...outcome, findings: found }, null, 2);
process.stdout.write(flags.json ? `${json}\n` : soakReport(outcome));
process.exit(found.length > 0 ? 1 : 0);
