import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Account } from '../../simulators/account.js';
import type { FaultScenario } from '../../simulators/faults/fault-scenario.js';
import type { LogLine, TaskReport } from '../../simulators/sekoia/platform/bodies.js';
import { SYNTHETIC_TOKEN } from '../../simulators/sekoia/platform/services.js';
import { type PlatformSimulator, startPlatformSimulator } from '../../simulators/sekoia/platform/simulator.js';
import type { Supervisor, SupervisorEvent } from '../../simulators/sekoia/platform/supervisor.js';
import { intakeBasePath } from '../../simulators/sekoia/regions.js';
import { startSimulators, type Simulators } from '../../simulators/serve.js';
import type { HarnessWorld } from '../world.js';
import { createItem, type ItemSettings } from './item.js';
import { hold, type PlayedStep, Steps } from './steps.js';

export interface PlayOptions {
  readonly events: number;
  readonly days: number;
  /** Events that happen each second. */
  readonly live: number;
  /** Share of events that become visible late. */
  readonly late: number;
  readonly seed: number;
  readonly scenario?: FaultScenario;
}

/** How the module lived on the platform. */
export interface PlatformPlay {
  readonly passed: boolean;
  /** Up to the first that did not hold. */
  readonly steps: readonly PlayedStep[];
  readonly logTab: readonly LogLine[];
  readonly account: Account;
}

export interface PlayAudience {
  /** Ends the play. */
  readonly requested: AbortSignal;
  readonly onStep: (step: PlayedStep) => void;
}

const WRONG_KEY = 'synthetic-api-key-that-was-revoked';
/** Late events of the play are up to so late, milliseconds. */
const LATEST_MS = 3_000;
const BATCH = 100;
/** Four batches of the live stream, twelve of the backlog. */
const MOST_UNDER_WAY = 16 * BATCH;
const RULES = { graceMs: 10_000, probeEveryMs: 500, probeTimeoutMs: 1_000, failedProbes: 2, restartAfterMs: 500 };
const START_MS = 60_000;
const DELIVERY_MS = 600_000;

/**
 * Plays Sekoia's platform around the built module: validates its account, starts it while the platform alone has its
 * secrets, lets it deliver, freezes it so that the probe has it started anew, takes its key away, and stops it.
 * @returns undefined where it was ended before
 */
export async function playPlatform(
  options: PlayOptions,
  world: HarnessWorld,
  { requested, onStep }: PlayAudience,
): Promise<PlatformPlay | undefined> {
  const { clock } = world;
  const steps = new Steps(clock, requested, onStep);
  let endsAtMs = Infinity;
  const simulators = await startSimulators({
    ...{ events: options.events, days: options.days, seed: options.seed },
    ...{ liveEventsPerSecond: options.live, lateShare: options.late, lateMs: { min: 500, max: LATEST_MS } },
    ...(options.scenario && { scenario: options.scenario }),
    // Slow enough for the freeze to come while batches are under way.
    latencyMs: { jumpcloud: 20, sekoia: 200 },
    // That a trimmed copy of such an event is sent is another story.
    generator: { oversizedShare: 0 },
    sekoia: { basePath: intakeBasePath('FRA2') },
    // The simulated world stops before the end, so that the account is drawn up of a still picture.
    now: () => Math.min(clock.now(), endsAtMs),
  });
  const directory = await mkdtemp(join(tmpdir(), 'sekoia-module-platform-'));
  const scenario = options.scenario && { scenario: options.scenario };
  const { supervisors, platforms, open } = createLodge();
  try {
    const { apiKey, intakeKey } = simulators;
    const [command = ''] = world.triggers.map(({ trigger }) => trigger.command);
    const item = createItem({ packageDirectory: world.packageDirectory, directory, command, rules: RULES });
    const settings = settingsFor(simulators, options);

    for (const [name, key, isValid] of [
      ['Validates an account whose key works', apiKey, true],
      ['Refuses an account whose key does not', WRONG_KEY, false],
    ] as const) {
      await steps.take(name, async () => {
        const platform = await open({ secrets: { apikey: key }, moduleConfiguration: settings.module, ...scenario });
        const { code, inTime, output } = await item.validate(settings, platform);
        hold(inTime && code === 0, `the process ended with ${code ?? 'a signal'}: ${output}`);
        return validationResult(platform.reports, isValid);
      });
    }

    const platform = await open({
      secrets: { apikey: apiKey },
      ...scenario,
      onLogLine: ({ level }) => {
        if (level === 'critical') void supervisors.at(-1)?.stop('critical');
      },
    });
    const { received } = simulators.sekoia;
    const startItem = async (): Promise<Supervisor> => {
      const supervisor = await item.start(settings, platform);
      supervisors.push(supervisor);
      return supervisor;
    };

    await steps.take('Starts with its secrets on the platform alone, and delivers', async () => {
      const { history } = await startItem();
      await steps.until(() => happened(history, 'alive') > 0, START_MS, 'an answer 200 of /health');
      const some = Math.ceil(options.events / 4);
      await steps.until(() => received.events >= some, DELIVERY_MS, 'a quarter of the events');
      await steps.until(() => platform.logs.length > 0, START_MS, 'a line in the log tab');
      hold(platform.stats.byEndpoint[secretsPath(platform)] !== undefined, 'it never asked for the secrets');
      return `${received.events} events so far`;
    });

    await steps.take('Freezes; the probe has it started anew', async () => {
      const [supervisor] = supervisors;
      hold(supervisor !== undefined, 'there is no process');
      const frozen = supervisor.pid;
      process.kill(frozen, 'SIGSTOP');
      const { history } = supervisor;
      await steps
        .until(() => happened(history, 'alive') > 1, START_MS, 'a second process that is alive')
        .finally(() => thaw(supervisor, frozen));
      hold(
        history.some(({ kind }) => kind === 'probe-failed'),
        'the probe saw nothing of it',
      );
      return `process ${frozen} gave no answer, process ${supervisor.pid} goes on`;
    });

    await steps.take('Delivers everything, and repeats no more than was under way', async () => {
      endsAtMs = clock.now();
      await steps.until(() => simulators.account().lost === 0, DELIVERY_MS, 'every event at the intake');
      const { held, duplicated, unknown } = simulators.account();
      hold(duplicated <= MOST_UNDER_WAY, `${duplicated} events were repeated, more than ${MOST_UNDER_WAY}`);
      hold(unknown === 0, `${unknown} events were altered`);
      return `${held} events, ${duplicated} of them repeated by the restart`;
    });

    await steps.take('Ends within the grace period', async () => {
      const [supervisor] = supervisors;
      hold(supervisor !== undefined, 'there is no process');
      const { code } = await supervisor.stop('asked');
      hold(code === 0, `it ended with ${code ?? 'a signal'}`);
      return describeEnd(supervisor);
    });

    await steps.take('Says critical once its key is revoked, and is stopped for it', async () => {
      platform.replaceSecrets({ apikey: WRONG_KEY });
      const supervisor = await startItem();
      await steps.until(() => happened(supervisor.history, 'ended') > 0, START_MS, 'a critical line in the log tab');
      hold(happened(supervisor.history, 'started') === 1, 'it was started again before');
      const line = platform.logs.find(({ level }) => level === 'critical');
      hold(line !== undefined, 'there is no critical line in the log tab');
      return `${describeEnd(supervisor)}, for: ${firstSentence(line.message)}`;
    });

    await steps.take('Keeps its secrets out of the log tab and of its output', () => {
      const texts = [...platform.logs.map(({ message }) => message), ...supervisors.map(({ output }) => output)];
      for (const secret of [apiKey, WRONG_KEY, intakeKey, SYNTHETIC_TOKEN]) {
        hold(!texts.some((text) => text.includes(secret)), 'one of them is there');
      }
      return `${platform.logs.length} lines in the log tab`;
    });

    if (requested.aborted) return undefined;
    const account = simulators.account();
    return { passed: steps.allHeld, steps: steps.taken, logTab: platform.logs, account };
  } finally {
    await Promise.all(supervisors.map((supervisor) => supervisor.stop('asked')));
    await Promise.all(platforms.map((platform) => platform.close()));
    await simulators.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Lets a process that is still frozen obey its end. */
function thaw(supervisor: Supervisor, frozen: number): void {
  if (supervisor.pid !== frozen) return;
  try {
    process.kill(frozen, 'SIGCONT');
  } catch (thrown) {
    // It is gone already.
    if ((thrown as { code?: unknown }).code !== 'ESRCH') throw thrown;
  }
}

/** Keeps what has to be ended. */
function createLodge(): {
  readonly supervisors: Supervisor[];
  readonly platforms: PlatformSimulator[];
  readonly open: typeof startPlatformSimulator;
} {
  const platforms: PlatformSimulator[] = [];
  const open: typeof startPlatformSimulator = async (options) => {
    const platform = await startPlatformSimulator(options);
    platforms.push(platform);
    return platform;
  };
  return { supervisors: [], platforms, open };
}

function settingsFor(simulators: Simulators, { days }: PlayOptions): ItemSettings {
  return {
    module: { base_url: simulators.jumpcloudUrl },
    arguments: {
      intake_key: simulators.intakeKey,
      start_from: `${Math.ceil(days * 24) + 1}h`,
      frequency: 1,
      chunk_size: BATCH,
    },
    intakeUrl: simulators.intakeUrl,
  };
}

function validationResult(reports: readonly TaskReport[], isValid: boolean): string {
  const [first, last] = reports;
  hold(reports.length === 2 && first?.status === 'running', 'it did not say running, then finished');
  hold(last?.status === 'finished' && last.results['success'] === isValid, `it did not say success: ${isValid}`);
  hold(isValid || last.error !== undefined, 'it did not say what is wrong');
  return last.error === undefined ? 'success' : firstSentence(last.error);
}

function firstSentence(text: string): string {
  return text.split(/\.\s|\n/, 1)[0] ?? '';
}

function happened(history: readonly SupervisorEvent[], kind: SupervisorEvent['kind']): number {
  return history.filter((event) => event.kind === kind).length;
}

function secretsPath({ callbackUrl }: PlatformSimulator): string {
  return new URL(callbackUrl).pathname.replace('/callback', '/secrets');
}

/** How long it took to end; the step fails where it had to be killed. */
function describeEnd({ history }: Supervisor): string {
  const end = history.at(-1);
  hold(end?.kind === 'ended' && 'killed' in end, 'it ended by itself');
  hold(!end.killed, `it had to be killed after ${RULES.graceMs / 1000} s`);
  return `${(end.tookMs / 1000).toFixed(1)} s after SIGTERM`;
}
