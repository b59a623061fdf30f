import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jumpcloudDirectoryInsightsConnector as connector } from '../../jumpcloud/connector.js';
import { PROTECTED_MEMBERS } from '../../jumpcloud/protected-members.js';
import { MAX_EVENT_BYTES } from '../../sdk/intake/limits.js';
import { trimEvent } from '../../sdk/json/trim-event.js';
import type { ConnectorSettings } from '../../jumpcloud/settings.js';
import type { Stop } from '../../sdk/stop.js';
import { startSimulators, type Simulators } from '../../simulators/serve.js';
import { drawUpDemoAccount, readDeadLetter, type DemoAccount } from './account.js';
import { collector } from './collector.js';
import { count, type Narrator } from './narrator.js';
import { DEMO_SCENARIO } from './demo-scenario.js';
import type { HarnessWorld } from '../world.js';

export interface DemoOptions {
  readonly events: number;
  readonly days: number;
  /** Events that happen each second while it runs. */
  readonly live: number;
  /** How long the live part lasts, seconds. */
  readonly seconds: number;
  readonly seed: number;
}

/** The live part's late events are up to so late, milliseconds. */
const LATEST_MS = 6_000;
/** Cycles of the connector, milliseconds. */
const FREQUENCY_MS = 1_000;

/**
 * Plays both ends on loopback, runs the real connector between them over real sockets, stops it once in the middle and
 * starts it again, and compares at the end what the API has shown with what the intake and the dead letter have, byte by
 * byte.
 * @returns undefined where `stop` was requested before the end
 */
export async function runDemo(
  options: DemoOptions,
  narrator: Narrator,
  world: HarnessWorld,
  stop: Stop,
): Promise<DemoAccount | undefined> {
  const { clock } = world;
  const wasStopped = (): boolean => stop.requested.aborted;
  const startedAtMs = clock.now();
  let endsAtMs = Infinity;
  const examples = exampleChooser(options.events);
  const simulators = await startSimulators({
    ...{ events: options.events, days: options.days, seed: options.seed, liveEventsPerSecond: options.live },
    ...{ lateShare: 0.1, lateMs: { min: 500, max: LATEST_MS }, scenario: DEMO_SCENARIO },
    generator: { oversizedShare: 0.0001 },
    sekoia: { keepText: examples },
    // The simulated world stops at the end of the live part, so that the account is drawn up of a still picture.
    now: () => Math.min(clock.now(), endsAtMs),
  });
  const dataPath = await mkdtemp(join(tmpdir(), 'sekoia-module-demo-'));
  const ticker = new AbortController();
  const ticking = tick(narrator, simulators, clock, ticker.signal);
  try {
    // Filling the API takes a while, and a stop in the meantime has nobody else to hear it.
    if (wasStopped()) return undefined;
    const settings = settingsFor(options, simulators, clock.now());
    const collect = collector({ trigger: connector, settings, narrator, world, dataPath, stop });
    await collect(({ delivered, deadLettered }) => delivered + deadLettered >= options.events * 0.4);
    if (wasStopped()) return undefined;
    narrator.say('The connector was stopped on purpose. Starting it again on the same data path');
    let stillCycles = 0;
    await collect((_, caughtUpToMs) => {
      // A cycle ends with its window, of which a backlog takes many.
      if (caughtUpToMs < startedAtMs || narrator.isBehind) return false;
      if (endsAtMs === Infinity) {
        endsAtMs = clock.now() + options.seconds * 1000;
        narrator.say(`The backlog is delivered. What happens from now on is followed for ${options.seconds} s`);
      }
      if (clock.now() > endsAtMs) stillCycles += 1;
      return stillCycles > 2;
    });
    if (wasStopped()) return undefined;
    const deadLetter = await readDeadLetter(dataPath);
    const { retried } = narrator.tally;
    return drawUpDemoAccount({ simulators, deadLetter, trim: trimmedCopy, nowMs: endsAtMs, retried });
  } finally {
    ticker.abort();
    await ticking;
    await simulators.close();
    await rm(dataPath, { recursive: true, force: true });
  }
}

/** What the connector is to send of an event over the intake's limit. */
function trimmedCopy(event: Uint8Array): Uint8Array | undefined {
  return event.length > MAX_EVENT_BYTES
    ? trimEvent(event, { limitBytes: MAX_EVENT_BYTES, protectedMembers: PROTECTED_MEMBERS })
    : undefined;
}

/** The settings of the demo's connector. */
function settingsFor({ days }: DemoOptions, simulators: Simulators, nowMs: number): ConnectorSettings {
  const { settings } = connector.configure(
    {
      module: { base_url: simulators.jumpcloudUrl, apikey: simulators.apiKey },
      arguments: {
        ...{ intake_server: simulators.intakeUrl, intake_key: simulators.intakeKey, service: 'all' },
        ...{ frequency: FREQUENCY_MS / 1000, start_from: `${days + 1}d`, overlap: '30s', retry_for: '1h' },
        ...{
          settling_horizon: '24h',
          reconcile_every: '5m',
          intake_format: 'batch',
          intake_compression: 'none',
          oversized_events: 'trim',
          dead_letter_limit: 1024,
        },
        ...{ chunk_size: 2000, page_size: 5000, requests_per_second: 10, log_level: 'info' },
      },
    },
    nowMs,
  );
  return settings;
}

/** A line of progress each second, and now and then one of the events. */
async function tick(
  narrator: Narrator,
  simulators: Simulators,
  clock: HarnessWorld['clock'],
  signal: AbortSignal,
): Promise<void> {
  let shown = 0;
  for (;;) {
    await clock.sleep(1000, signal);
    if (signal.aborted) return;
    if (narrator.isBehind) narrator.progress();
    const { texts } = simulators.sekoia.received;
    for (const text of texts.slice(shown, shown + 2)) narrator.example(text);
    shown = texts.length;
  }
}

/** A few examples of the backlog, more of what happens live. */
function exampleChooser(backlog: number): () => boolean {
  let seen = 0;
  return () => {
    seen += 1;
    return seen % (seen < backlog ? 4000 : 15) === 0;
  };
}

/** The account as lines of a table. */
export function accountRows(account: DemoAccount): (readonly [string, string])[] {
  return [
    ['shown by the API', count(account.held)],
    ['delivered', count(account.delivered)],
    ['delivered trimmed, whole in the dead letter', count(account.trimmed)],
    ['in the dead letter only', count(account.deadLettered)],
    ['lost', count(account.lost)],
    ['duplicated', count(account.duplicated)],
    ['altered', count(account.altered)],
    ['requests tried again', count(account.retried)],
  ];
}
