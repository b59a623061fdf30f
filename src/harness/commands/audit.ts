import { type Command, Option } from 'commander';

import { createPipeline } from '../../sdk/connector.js';
import { abortError, ConfigurationError, isAbort } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { RepairLane } from '../../sdk/lanes/repair-lane.js';
import { audit, auditRange, type AuditOptions, type AuditRow } from '../../sdk/reconciliation/audit.js';
import { latenessAdvice } from '../../sdk/reconciliation/lateness-advice.js';
import { formatTimestamp } from '../../sdk/time/timestamp.js';
import { createAuditPrinter } from '../audit-printer.js';
import { loadConfiguration, type ConfigurationFlags, type LoadedConfiguration } from '../load-configuration.js';
import { printJson } from '../output.js';
import { type OpenStream, withStream } from '../stream.js';
import { type GivenInstant, instant } from '../time-options.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longer ranges are told by the day. */
const LONGEST_BY_HOUR_MS = 2 * DAY_MS;

type AuditFlags = ConfigurationFlags & {
  readonly from?: GivenInstant;
  readonly to?: GivenInstant;
  readonly by?: 'hour' | 'day';
  readonly repair?: true;
  readonly allowRepeats?: true;
  readonly json?: true;
};

/** `audit`: what the API holds against what was delivered, and fetching what is missing. */
export function addAuditCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program
    .command('audit')
    .description(
      'Compare what the source holds with what was delivered, by the hour or day. Works beside a connector.',
    );
  addConfigurationOptions(command, world.triggers)
    .option('--from <TIME>', 'beginning: so long ago, a date, a time (default: 24h)', instant)
    .option('--to <TIME>', 'end (default: now)', instant)
    .addOption(
      new Option('--by <LENGTH>', 'a line for each (default: hour up to two days, else day)').choices(['hour', 'day']),
    )
    .option('--repair', 'fetch and deliver what is missing; the connector must be stopped')
    .option('--allow-repeats', 'with --repair: also hours whose ids are forgotten, delivering all their events again')
    .option('--json', 'as JSON')
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module audit --playbook playbook.yaml',
          'sekoia-module audit --playbook playbook.yaml --from 30d --json',
          'sekoia-module audit --playbook playbook.yaml --from 2030-01-02 --to 2030-01-03 --repair',
        ],
        exitCodes: {
          ...USUAL_EXIT_CODES,
          '0': 'nothing is missing',
          '1': 'something is missing, or the source could not be asked',
        },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: AuditFlags) => {
      const configuration = await loadConfiguration(world, wanted, flags);
      finish(await runAudit(configuration, world, flags));
    });
}

async function runAudit(configuration: LoadedConfiguration, world: HarnessWorld, flags: AuditFlags): Promise<ExitCode> {
  try {
    return await withStream(configuration, world, flags.repair === true ? 'write' : 'read', (stream) =>
      auditStream(stream, world, flags),
    );
  } catch (thrown) {
    if (isAbort(thrown)) return EXIT_CODE.interrupted;
    throw thrown;
  }
}

async function auditStream(stream: OpenStream, world: HarnessWorld, flags: AuditFlags): Promise<ExitCode> {
  const { parts, state, context } = stream;
  const { requested } = context.stop;
  const options: AuditOptions = { state, source: parts.source, horizonMs: parts.settlingHorizonMs };
  await parts.source.learnTime(requested);
  const { range, stepMs } = rangeOf(flags, parts.source.now());
  const printer = createAuditPrinter(world.stdout, world.environment, stepMs);
  const isForPeople = flags.json !== true;
  const repair = flags.repair === true ? repairOf(stream, flags) : undefined;
  const rows: AuditRow[] = [];
  if (isForPeople) printer.begin();
  for await (const found of audit(range, stepMs, options, requested)) {
    const row = repair !== undefined && found.missing > 0 ? await repair(found, options) : found;
    rows.push(row);
    if (isForPeople) printer.print(row);
  }
  if (requested.aborted) throw abortError();
  const lateness = state.lateness.toJSON();
  const advice = latenessAdvice(lateness, parts);
  const readToMs = state.owed.tailFromMs;
  const missing = rows.reduce((sum, row) => sum + row.missing, 0);
  if (isForPeople) printer.end(rows, { lateness, advice, readToMs });
  else printJson(world.stdout, { missing, read_to: timeOf(readToMs), rows: rows.map(rowAsJson), lateness, advice });
  return missing > 0 ? EXIT_CODE.failed : EXIT_CODE.ok;
}

function rowAsJson({ fromMs, toMs, source, deadLettered, ...rest }: AuditRow): Record<string, unknown> {
  return { from: timeOf(fromMs), to: timeOf(toMs), source: source ?? null, dead_lettered: deadLettered, ...rest };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : formatTimestamp(ms);
}

/** Whole hours or days around what was asked for. */
function rangeOf(
  { from = instant('24h'), to = instant('now'), by }: AuditFlags,
  nowMs: number,
): { range: { fromMs: number; toMs: number }; stepMs: number } {
  const [fromMs, toMs] = [from(nowMs), Math.min(to(nowMs), nowMs)];
  if (fromMs >= toMs) {
    throw new ConfigurationError([{ setting: '--from', problem: 'must lie before --to, and before now' }]);
  }
  const length = by ?? (toMs - fromMs > LONGEST_BY_HOUR_MS ? 'day' : 'hour');
  const stepMs = length === 'day' ? DAY_MS : HOUR_MS;
  const range = { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(toMs / stepMs) * stepMs };
  return { range, stepMs };
}

/** Fetches what a line lacks, and looks again. */
function repairOf(
  { parts, state, context }: OpenStream,
  { allowRepeats }: AuditFlags,
): (row: AuditRow, options: AuditOptions) => Promise<AuditRow> {
  const lane = new RepairLane(parts, createPipeline(parts, context, state), context);
  return async (row, options) => {
    const { leftAlone } = await lane.repair(row, allowRepeats === true);
    for (const { fromMs, toMs } of leftAlone) {
      context.log.warning(
        'The ids of an hour are forgotten: --allow-repeats fetches it, and delivers all of it again',
        {
          from: formatTimestamp(fromMs),
          to: formatTimestamp(toMs),
        },
      );
    }
    return auditRange(row, options, context.stop.requested);
  };
}
