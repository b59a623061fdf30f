import { resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { readText } from '../../sdk/configuration/lookup.js';
import { ConfigurationError } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import type { StopSignal } from '../../sdk/signals.js';
import { parseFaultScenario } from '../../simulators/faults/parse-fault-scenario.js';
import type { FaultScenario } from '../../simulators/faults/fault-scenario.js';
import { SYNTHETIC_SERVICE_ACCOUNT } from '../../simulators/jumpcloud/options.js';
import { startSimulators } from '../../simulators/serve.js';
import { accountLines } from '../account-lines.js';
import type { SimulatedAccount, StartedSimulators } from '../started-simulators.js';
import { alignColumns, paintFor, printJson, printLine } from '../output.js';
import type { Finish, HarnessWorld } from '../world.js';
import { helpText, USUAL_EXIT_CODES } from './help.js';
import { decimal, whole } from './number-options.js';

interface SimulateFlags {
  readonly port?: number;
  readonly events: number;
  readonly days: number;
  readonly live: number;
  readonly late: number;
  readonly seed: number;
  readonly scenario?: string;
  readonly platform?: true;
  readonly json?: true;
}

/** `simulate`: both ends of the wire on this machine, for whoever has neither. */
export function addSimulateCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  program
    .command('simulate')
    .description(`Play ${sourceName(world)} and a Sekoia intake on this machine, until Ctrl-C.`)
    .option('--port <NUMBER>', 'port of the API; the intake takes the next one (default: free ones)', whole(1, 65_534))
    .option('--events <NUMBER>', 'events that the API holds from the start', whole(0, 10_000_000), 10_000)
    .option('--days <NUMBER>', 'days before now over which they are spread', decimal(0.001, 90), 3)
    .option('--live <RATE>', 'events that happen each second from now on', decimal(0, 100_000), 1)
    .option('--late <SHARE>', 'share of events that become visible late, 0 to 1', decimal(0, 1), 0)
    .option('--seed <NUMBER>', 'equal seeds give equal events', whole(0, 2 ** 31 - 1), 1)
    .option('--scenario <FILE>', 'faults to play, a JSON file (schemas/fault-scenario.schema.json)')
    .addOption(
      new Option(
        '--platform',
        'play the whole platform around the built module instead, step by step, and end by itself',
      ).conflicts('port'),
    )
    .option('--json', 'as JSON: a document at the start, one at the end')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module simulate',
          'sekoia-module simulate --port 8801 --events 50000 --days 7 --live 20 --late 0.02',
          'sekoia-module simulate --platform',
          'sekoia-module simulate --platform --events 2000 --json 2>/dev/null',
        ],
        exitCodes: {
          ...USUAL_EXIT_CODES,
          '0': 'stopped by SIGTERM; with --platform: every step held',
          '1': 'it could not be done; with --platform: a step did not hold',
          '130': 'stopped by Ctrl-C',
        },
      }),
    )
    .action(async (flags: SimulateFlags) => finish(await simulate(flags, world)));
}

async function simulate(flags: SimulateFlags, world: HarnessWorld): Promise<ExitCode> {
  const scenario = await readScenario(flags.scenario, world);
  if (world.module !== undefined) assertForModules(flags);
  if (flags.platform === true) {
    const { simulatePlatform } = await import('./simulate-platform.js');
    const { events, days, live, late, seed, json = false } = flags;
    return simulatePlatform({ events, days, live, late, seed, json, ...(scenario && { scenario }) }, world);
  }
  const stopped = nextSignal(world);
  const simulators = await start(flags, scenario, world).catch((thrown: unknown) => {
    throw startProblem(thrown);
  });
  try {
    if (flags.json === true) printJson(world.stdout, simulators.addresses);
    else printStart(simulators, flags.days, world);
    const signal = await stopped;
    const account = simulators.drawUp();
    if (flags.json === true) printJson(world.stdout, account);
    else printAccount(account, world);
    return signal === 'SIGINT' ? EXIT_CODE.interrupted : EXIT_CODE.ok;
  } finally {
    await simulators.close();
  }
}

/** What only the simulators of this package's own module can play. */
function assertForModules({ platform, late }: SimulateFlags): void {
  const refuse = (setting: string, what: string): never => {
    throw new ConfigurationError([{ setting, problem: `${what} for the module of this package alone` }]);
  };
  if (platform === true) refuse('--platform', 'the whole platform is played');
  if (late > 0) refuse('--late', 'late events are played');
}

async function start(
  flags: SimulateFlags,
  scenario: FaultScenario | undefined,
  world: HarnessWorld,
): Promise<StartedSimulators> {
  if (world.module !== undefined) {
    const { startForModule } = await import('./simulate-module.js');
    return startForModule(world, { ...flags, scenario });
  }
  const { port, events, days, live, late, seed } = flags;
  const simulators = await startSimulators({
    ...{ events, days, seed, liveEventsPerSecond: live, lateShare: late },
    jumpcloud: { serviceAccount: SYNTHETIC_SERVICE_ACCOUNT },
    ...(scenario && { scenario }),
    ...(port !== undefined && { ports: { jumpcloud: port, sekoia: port + 1 } }),
  });
  const { jumpcloudUrl, apiKey, intakeUrl, intakeKey } = simulators;
  const { clientId, clientSecret } = SYNTHETIC_SERVICE_ACCOUNT;
  const tokenUrl = `${jumpcloudUrl}/oauth2/token`;
  const [organizationId = ''] = simulators.generator.organizations.filter((id) => id !== null);
  return {
    addresses: { jumpcloudUrl, apiKey, tokenUrl, clientId, clientSecret, organizationId, intakeUrl, intakeKey },
    rows: [
      ['JumpCloud Directory Insights', jumpcloudUrl, `key ${apiKey}`],
      ['or by service account', tokenUrl, `client_id ${clientId}, client_secret ${clientSecret}`],
      ['', '', `organization_id ${organizationId}`],
      ['Sekoia intake', intakeUrl, `key ${intakeKey}`],
    ],
    account: { base_url: jumpcloudUrl, apikey: apiKey },
    arguments: { intake_server: intakeUrl, intake_key: intakeKey, frequency: 5 },
    drawUp: () => simulators.account(),
    close: () => simulators.close(),
  };
}

function sourceName({ module }: HarnessWorld): string {
  return module === undefined ? 'JumpCloud Directory Insights' : 'the source of this module';
}

/** A port that somebody else has is a wrong argument; anything else is a defect. */
function startProblem(thrown: unknown): unknown {
  const { code, port } = thrown as { code?: string; port?: number };
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return thrown;
  const problem = `port ${port ?? ''} ${code === 'EACCES' ? 'needs more rights' : 'is in use'}: choose another with --port`;
  return new ConfigurationError([{ setting: 'port', problem }]);
}

async function readScenario(given: string | undefined, world: HarnessWorld): Promise<FaultScenario | undefined> {
  if (given === undefined) return undefined;
  const path = resolve(world.workingDirectory, given);
  const text = await readText(world.fileSystem, path, 'scenario');
  const problem = (text: string): ConfigurationError =>
    new ConfigurationError([{ setting: 'scenario', problem: text, origin: `file ${path}` }]);
  if (text === undefined) throw problem('there is no such file');
  try {
    return parseFaultScenario(JSON.parse(text));
  } catch (thrown) {
    throw problem(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** From now on the first signal ends the wait; a second one has its usual effect. */
function nextSignal({ signals }: HarnessWorld): Promise<StopSignal> {
  return new Promise((resolve) => {
    const listenTo = (signal: StopSignal): void => {
      const heard = (): void => {
        signals.off(signal, heard);
        resolve(signal);
      };
      signals.on(signal, heard);
    };
    listenTo('SIGINT');
    listenTo('SIGTERM');
  });
}

function printStart(simulators: StartedSimulators, days: number, { stdout, environment }: HarnessWorld): void {
  const paint = paintFor(stdout, environment);
  const account = JSON.stringify(simulators.account);
  const args = JSON.stringify(simulators.arguments);
  for (const line of alignColumns(simulators.rows)) printLine(stdout, line);
  printLine(stdout);
  printLine(stdout, paint('dim', 'To collect from it, in another terminal:'));
  printLine(stdout);
  printLine(stdout, `  MODULE_CONFIGURATION='${account}' \\`);
  printLine(stdout, `  CONNECTOR_CONFIGURATION='${args}' \\`);
  printLine(stdout, `  npx sekoia-module run --start-from ${Math.ceil(days * 24)}h --data-path "$(mktemp -d)"`);
  printLine(stdout);
  printLine(stdout, paint('dim', 'Ctrl-C ends it and prints what was delivered.'));
}

function printAccount(account: SimulatedAccount, { stdout, environment }: HarnessWorld): void {
  const paint = paintFor(stdout, environment);
  printLine(stdout);
  printLine(stdout, paint('bold', 'Events'));
  for (const line of accountLines(account)) printLine(stdout, `  ${line}`);
}
