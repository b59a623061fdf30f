import { resolve } from 'node:path';

import type { Command } from 'commander';

import { discover, type Discovery, type DiscoverPace } from '../../jumpcloud/discover.js';
import { type AccountSettings, parseAccount } from '../../jumpcloud/settings.js';
import { isSecret } from '../../sdk/configuration/schema.js';
import { ConfigurationError, isAbort, ModuleError } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { escapeControls } from '../../sdk/observability/escape-controls.js';
import { redactor } from '../../sdk/observability/redactor.js';
import { bytesPerDay, printDiscovery } from '../discovery-printer.js';
import { type ConfigurationFlags, loadAccount, type LoadedAccount } from '../load-configuration.js';
import { printJson, printLine } from '../output.js';
import { playbookFor } from '../playbook-text.js';
import { addAccountFlags } from '../setting-flags.js';
import type { Finish, HarnessWorld } from '../world.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';
import { whole } from './number-options.js';

/** JumpCloud keeps no more. */
const MOST_DAYS = 90;

type DiscoverFlags = ConfigurationFlags & {
  readonly days: number;
  readonly writePlaybook?: string;
  readonly force?: true;
  readonly json?: true;
};

/** `discover`: what an account has to collect, before anything is collected. */
export function addDiscoverCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const { MODULE_CONFIGURATION, CONFIGURATION_PATH, NO_COLOR } = CONFIGURATION_ENVIRONMENT;
  const command = program
    .command('discover')
    .description(
      'Tell which services an account has, how many events they produce, and what collecting them comes to. Needs the account only.',
    )
    .argument('[trigger]', 'the trigger: its docker_parameters, name or slug; may be left out where there is one only')
    .optionsGroup('Where the account is:')
    .option('--playbook <FILE>', 'playbook file, YAML or JSON; its arguments are not looked at')
    .option('--module-configuration <FILE>', 'the account, a JSON file');
  addAccountFlags(command, world.triggers);
  command
    .optionsGroup('Options:')
    .option('--days <N>', 'how many days to look back, 1 to 90', whole(1, MOST_DAYS), 30)
    .option('--write-playbook <FILE>', 'write a playbook file to begin with; secrets in it as ${VARIABLE}')
    .option('--force', 'with --write-playbook: replace a file that is there')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'MODULE_CONFIGURATION=\'{"apikey":"..."}\' sekoia-module discover',
          'sekoia-module discover --module-configuration account.json --days 7 --json',
          'sekoia-module discover --module-configuration account.json --write-playbook playbook.yaml',
        ],
        exitCodes: { ...USUAL_EXIT_CODES, '0': 'done, also where there are no events' },
        environment: { MODULE_CONFIGURATION, CONFIGURATION_PATH, NO_COLOR },
      }),
    )
    .action(async (wanted: string | undefined, flags: DiscoverFlags) =>
      finish(await runDiscover(world, wanted, flags)),
    );
}

async function runDiscover(world: HarnessWorld, wanted: string | undefined, flags: DiscoverFlags): Promise<ExitCode> {
  if (world.module !== undefined) {
    throw new ConfigurationError([{ setting: 'discover', problem: 'is for JumpCloud accounts, not for this module' }]);
  }
  const loaded = await loadAccount(world, wanted, flags);
  const account = parseAccount(loaded.account);
  const target = flags.writePlaybook === undefined ? undefined : resolve(world.workingDirectory, flags.writePlaybook);
  if (target !== undefined && flags.force !== true && (await world.fileSystem.read(target)) !== undefined) {
    const problem = `${target} is there already: --force replaces it`;
    throw new ConfigurationError([{ setting: '--write-playbook', problem }]);
  }
  for (const warning of loaded.warnings) printLine(world.stderr, `Warning: ${escapeControls(warning)}`);
  const pace = paceOf(loaded);
  const found = await ask(loaded, account, { days: flags.days, pace }, world);
  if (found === undefined) return EXIT_CODE.interrupted;
  if (flags.json === true) printJson(world.stdout, asJson(found));
  else printDiscovery(world.stdout, world.environment, found, pace);
  if (target !== undefined) {
    await world.fileSystem.writeAtomically(target, Buffer.from(playbookFor(loaded, found)));
    printLine(flags.json === true ? world.stderr : world.stdout, `Written: ${target}`);
  }
  return EXIT_CODE.ok;
}

/** @returns undefined where it was interrupted */
async function ask(
  { account: values, registration: { moduleSchema } }: LoadedAccount,
  account: AccountSettings,
  options: { readonly days: number; readonly pace: DiscoverPace },
  { clock, random, signals, openTransport }: HarnessWorld,
): Promise<Discovery | undefined> {
  const secrets = Object.entries(values).flatMap(([name, value]) =>
    isSecret(moduleSchema, name) && typeof value === 'string' ? [value.trim()] : [],
  );
  const redact = redactor(secrets);
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  signals.on('SIGINT', interrupt);
  signals.on('SIGTERM', interrupt);
  const transport = openTransport();
  try {
    const found = await discover(account, options, { clock, random, transport, signal: interrupted.signal });
    return { ...found, remarks: found.remarks.map(redact) };
  } catch (thrown) {
    if (isAbort(thrown) && interrupted.signal.aborted) return undefined;
    if (!(thrown instanceof ModuleError)) throw thrown;
    const { advice, code } = thrown;
    throw new ModuleError(code, redact(thrown.message), {
      cause: thrown.cause,
      ...(advice !== undefined && { advice }),
    });
  } finally {
    signals.off('SIGINT', interrupt);
    signals.off('SIGTERM', interrupt);
    await transport.close();
  }
}

/** What a collection keeps to where nobody sets it. */
function paceOf({ registration: { argumentsSchema } }: LoadedAccount): DiscoverPace {
  const defaultOf = (name: string): number => Number(argumentsSchema.properties[name]?.default);
  return { requestsPerSecond: defaultOf('requests_per_second'), eventsPerRequest: defaultOf('page_size') };
}

function asJson({ days, services, isListed, eventsKept, backfillMs, remarks }: Discovery): Record<string, unknown> {
  const sum = (of: (service: Discovery['services'][number]) => number): number =>
    Math.round(services.reduce((total, service) => total + of(service), 0));
  return {
    days,
    listed: isListed,
    services: services.map((service) => ({
      name: service.name,
      state: service.state,
      listed: service.isListed ?? null,
      known: service.isKnown,
      outside_all: service.isOutsideAll,
      events: service.events,
      events_last_day: service.eventsLastDay,
      events_a_day: Math.round(service.eventsPerDay),
      events_peak_day: service.eventsPeakDay,
      bytes_an_event: service.bytesPerEvent === undefined ? null : Math.round(service.bytesPerEvent),
      bytes_a_day: bytesPerDay(service) === undefined ? null : Math.round(bytesPerDay(service) ?? 0),
    })),
    events_a_day: sum(({ eventsPerDay }) => eventsPerDay),
    bytes_a_day: sum((service) => bytesPerDay(service) ?? 0),
    backfill: { events: eventsKept, seconds: Math.ceil(backfillMs / 1000) },
    remarks,
  };
}
