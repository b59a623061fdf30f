/**
 * `npm run chaos`: the built connector between both simulators while processes, network and disk fail by a seed.
 * Exit codes: 0 all is well, 1 something was found, 2 a flag is wrong.
 */
import { chaosReport } from './chaos-report.js';
import { positive, readFlags } from './flags.js';
import { ConnectorLog } from './processes/connector-log.js';
import { type ChaosOptions, runChaos } from './run-chaos.js';
import { Undo } from './undo.js';
import { findings } from './verdict.js';

interface Flags {
  readonly options: ChaosOptions;
  readonly json: boolean;
  readonly log: string | undefined;
}

const flags = readFlags<Flags>(
  {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    rate: { type: 'string' },
    backlog: { type: 'string' },
    only: { type: 'string' },
    log: { type: 'string' },
    'beyond-overlap': { type: 'boolean' },
    json: { type: 'boolean' },
  },
  (values) => ({
    options: {
      durationMs: positive('minutes', values['minutes'], 5) * 60_000,
      seed: positive('seed', values['seed'], 1),
      eventsPerSecond: positive('rate', values['rate'], 100),
      backlog: positive('backlog', values['backlog'], 20_000),
      beyondOverlap: values['beyond-overlap'] === true,
      ...(typeof values['only'] === 'string' && { only: new Set(values['only'].split(',')) }),
    },
    json: values['json'] === true,
    log: typeof values['log'] === 'string' ? values['log'] : undefined,
  }),
);

const startedAtMs = performance.now();
const log = new ConnectorLog(flags.log);
const tell = (line: string): void => {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(7);
  process.stderr.write(`${seconds} s  ${line}\n`);
};
const outcome = await runChaos(flags.options, { undo: Undo.untilExit(), log, tell });
const found = findings(outcome);
if (found.length > 0) process.stderr.write(`\nThe connector's last words:\n${log.lastLines.join('\n')}\n`);
const report = chaosReport(outcome, log.levels);
process.stdout.write(flags.json ? `${JSON.stringify({ ...outcome, findings: found }, null, 2)}\n` : report);
process.exit(found.length > 0 ? 1 : 0);
