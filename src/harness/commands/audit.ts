import { type Command, Option } from 'commander';

import type { ClosedInterval } from '../../sdk/checkpoint/owed-set.js';
import { createPipeline } from '../../sdk/connector.js';
import { DeadLetterArchive } from '../../sdk/dead-letter/dead-letter-archive.js';
import { abortError, ConfigurationError, type ErrorCode, isAbort, ModuleError } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { retry } from '../../sdk/http/retry.js';
import { RepairLane } from '../../sdk/lanes/repair-lane.js';
import type { Batch } from '../../sdk/pipeline/destination.js';
import type { Source } from '../../sdk/pipeline/source.js';
import { audit, auditRange, type AuditOptions, type AuditRow } from '../../sdk/reconciliation/audit.js';
import { latenessAdvice } from '../../sdk/reconciliation/lateness-advice.js';
import { formatTimestamp } from '../../sdk/time/timestamp.js';
import { createAuditPrinter } from '../audit-printer.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import {
  addOrganizationOption,
  loadOneStream,
  loadStreams,
  type OrganizationFlags,
  tellStream,
} from '../organization.js';
import { printJson, printLine } from '../output.js';
import { type OpenStream, withStream } from '../stream.js';
import { type GivenInstant, instant, lengthOfLines } from '../time-options.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { tellDamage } from './dead-letter/tell-damage.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

type AuditFlags = OrganizationFlags & {
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
  addOrganizationOption(addConfigurationOptions(command, world.triggers))
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
      if (flags.repair === true) {
        finish(await runAudit(await loadOneStream(world, wanted, flags), world, flags));
        return;
      }
      let worst: ExitCode = EXIT_CODE.ok;
      for (const stream of await loadStreams(world, wanted, flags)) {
        tellStream(stream, flags.json === true, world);
        worst = Math.max(worst, await runAudit(stream.configuration, world, flags)) as ExitCode;
        if (worst === EXIT_CODE.interrupted) break;
      }
      finish(worst);
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
  const options: AuditOptions = { state, source: patient(stream), horizonMs: parts.settlingHorizonMs };
  await parts.source.learnTime(requested);
  const { range, stepMs } = rangeOf(flags, parts.source.now(), world);
  const printer = createAuditPrinter(world.stdout, world.environment, stepMs);
  const isForPeople = flags.json !== true;
  const repair = flags.repair === true ? new AuditRepair(stream, flags.allowRepeats === true) : undefined;
  const rows: AuditRow[] = [];
  try {
    for await (const found of audit(range, stepMs, options, requested)) {
      const row = repair !== undefined && found.missing > 0 ? await repair.fetch(found, options) : found;
      rows.push(row);
      if (isForPeople) printer.print(row);
    }
  } catch (error) {
    throw await explainUncounted(error, parts.source, requested);
  }
  if (requested.aborted) throw abortError();
  tellDamage(await new DeadLetterArchive(context.storage).damage(), world);
  const lateness = state.lateness.toJSON();
  const advice = latenessAdvice(lateness, parts);
  const readToMs = state.owed.tailFromMs;
  const fetched = repair?.fetched;
  const missing = rows.reduce((sum, row) => sum + row.missing, 0);
  if (isForPeople) printer.end(rows, { lateness, advice, readToMs, fetched });
  else {
    const told = { missing, ...(fetched !== undefined && { fetched }), read_to: timeOf(readToMs) };
    printJson(world.stdout, { ...told, rows: rows.map(rowAsJson), lateness, advice });
  }
  return missing > 0 ? EXIT_CODE.failed : EXIT_CODE.ok;
}

/** The source, waiting for as long as it asks to be waited for, as a connector does. */
function patient({ parts: { source }, context }: OpenStream): AuditOptions['source'] {
  const { clock, random, log, stop } = context;
  return {
    now: () => source.now(),
    count: (window, signal) =>
      retry(() => source.count(window, signal), {
        policy: { firstDelayMs: 1000, longestDelayMs: 1000, deadlineMs: Infinity },
        ...{ clock, random, requested: stop.requested },
        isWorthIt: ({ retryable, retryAfterMs = 0 }) => retryable && retryAfterMs > 0,
        onRetry: ({ error, delayMs }) =>
          log.warning(`${error.message.replace(/\.?$/, '.')} Going on in ${Math.ceil(delayMs / 1000)} s`, {
            code: error.code,
          }),
      }),
  };
}

/** A source may show events and yet not count them: then what it says of the key or the role misleads. */
async function explainUncounted(error: unknown, source: Source, signal: AbortSignal): Promise<unknown> {
  if (!(error instanceof ModuleError) || !UNCOUNTED.includes(error.code)) return error;
  if (!(await showsEvents(source, signal))) return error;
  return new ModuleError(error.code, `The API shows events, but refuses to count them: ${error.message}`, {
    cause: error,
    advice:
      'Without counts there is no audit and no proof. Key and role are not at fault, since events are shown: ask JumpCloud ' +
      'why POST /events/count is refused. Collection goes on meanwhile: the connector reads the last hour again at each ' +
      'reconcile_every, and does not find what becomes visible later than that.',
  });
}

const UNCOUNTED: readonly ErrorCode[] = [
  ...(['SOURCE_ROLE_REFUSED', 'SOURCE_REQUEST_REFUSED', 'SOURCE_NOT_FOUND', 'SOURCE_NOT_LICENSED'] as const),
  ...(['SOURCE_UNAVAILABLE', 'SOURCE_ANSWER_INVALID'] as const),
];

async function showsEvents(source: Source, signal: AbortSignal): Promise<boolean> {
  const toMs = source.now();
  try {
    // The first piece is enough; leaving early closes the connection.
    for await (const page of source.read({ fromMs: toMs - 60_000, toMs }, signal)) if (page.events.count > 0) break;
    return true;
  } catch (error) {
    if (error instanceof ModuleError) return false;
    throw error;
  }
}

function rowAsJson({ fromMs, toMs, source, deadLettered, ...rest }: AuditRow): Record<string, unknown> {
  return { from: timeOf(fromMs), to: timeOf(toMs), source: source ?? null, dead_lettered: deadLettered, ...rest };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : formatTimestamp(ms);
}

/** Whole hours or days around what was asked for; where that is more, it is said. */
function rangeOf(
  { from = instant('24h'), to = instant('now'), by, json }: AuditFlags,
  nowMs: number,
  { stderr }: HarnessWorld,
): { range: ClosedInterval; stepMs: number } {
  const [fromMs, toMs] = [from(nowMs), Math.min(to(nowMs), nowMs)];
  if (fromMs >= toMs) {
    throw new ConfigurationError([{ setting: '--from', problem: 'must lie before --to, and before now' }]);
  }
  const [length, stepMs] = lengthOfLines(fromMs, toMs, by);
  const range = { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(toMs / stepMs) * stepMs };
  if (range.fromMs < fromMs || (range.toMs > toMs && toMs < nowMs)) {
    const told = `${formatTimestamp(range.fromMs)} to ${formatTimestamp(Math.min(range.toMs, nowMs))}`;
    if (json !== true) printLine(stderr, `Whole ${length}s are compared: ${told}.`);
  }
  return { range, stepMs };
}

/** Fetches what lines lack, and looks again. */
class AuditRepair {
  /** Events fetched and delivered so far. */
  fetched = 0;
  readonly #lane: RepairLane<Batch>;
  readonly #context: OpenStream['context'];

  constructor(
    { parts, state, context }: OpenStream,
    private readonly mayRepeat: boolean,
  ) {
    this.#lane = new RepairLane(parts, createPipeline(parts, context, state), context);
    this.#context = context;
  }

  async fetch(row: AuditRow, options: AuditOptions): Promise<AuditRow> {
    const { log, stop } = this.#context;
    const { delivered, leftAlone } = await this.#lane.repair(row, this.mayRepeat);
    this.fetched += delivered;
    for (const { fromMs, toMs } of leftAlone) {
      const range = { from: formatTimestamp(fromMs), to: formatTimestamp(toMs) };
      log.warning('The ids of an hour are forgotten: --allow-repeats fetches it, and delivers all of it again', range);
    }
    return auditRange(row, options, stop.requested);
  }
}
