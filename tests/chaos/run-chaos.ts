import { setTimeout as wait } from 'node:timers/promises';

import { mountSmallDisk } from './disk/small-disk.js';
import { plan } from './plan/plan.js';
import { END_PATIENCE_MS, Stage } from './plan/stage.js';
import { Connector } from './processes/connector.js';
import type { ConnectorLog } from './processes/connector-log.js';
import { cycles, recover } from './recovery.js';
import { CHAOS_SCENARIO } from './scenario.js';
import type { Undo } from './undo.js';
import { BATCH_EVENTS, type Outcome } from './verdict.js';
import { startWorld, temporaryDirectory } from './world.js';

export interface ChaosOptions {
  readonly durationMs: number;
  readonly seed: number;
  readonly backlog: number;
  readonly eventsPerSecond: number;
  /** Whether some events become visible later than the look-back reaches, so that counts alone can find them. */
  readonly beyondOverlap: boolean;
  readonly only?: ReadonlySet<string>;
}

const DISK_BYTES = 16 * 1024 * 1024;
const OVERLAP_SECONDS = 30;
/**
 * The longest that a recovery may stand still: a time-out of a minute for a connection that died without a word, and the
 * longest pause after it of another minute, twice where the two sides follow each other.
 */
const RECOVERY_PATIENCE_MS = 300_000;
/** Requests to the API after which every cycle that could repeat something has been. */
const CYCLES = 5;

/** Plays a plan of incidents while live events flow, lets it recover, and draws up the account. */
export async function runChaos(
  options: ChaosOptions,
  { undo, log, tell }: { undo: Undo; log: ConnectorLog; tell: (line: string) => void },
): Promise<Outcome> {
  const disk = mountSmallDisk(DISK_BYTES);
  if (disk === undefined) tell('SKIPPED: no disk is filled, because a tmpfs cannot be mounted here');
  else undo.add(() => disk.remove());
  const dataPath = disk?.directory ?? temporaryDirectory(undo);
  const { simulators, proxies, environment } = await startWorld({
    simulators: simulatorsOptions(options),
    dataPath,
    arguments: {
      ...{ frequency: 1, overlap: `${OVERLAP_SECONDS}s`, chunk_size: BATCH_EVENTS, page_size: 500 },
      ...{ reconcile_every: '10s', settling_horizon: '1h', oversized_events: 'dead_letter' },
    },
    undo,
  });
  const connector = new Connector({ environment, log, undo, onSurprise: (end) => stage.noteSurprise(end) });
  const stage = new Stage({ connector, simulators, proxies, disk, tell: (line) => told(line) });
  const told = (line: string): void => {
    log.note(`*** ${line}`);
    tell(line);
  };
  connector.start();
  const tracks = plan({ ...options, withDisk: disk !== undefined });
  await Promise.all([...tracks.map((track) => stage.play(track)), wait(options.durationMs)]);

  told('The faults have ended');
  const healthyAfterMs = await recover(simulators, dataPath, RECOVERY_PATIENCE_MS);
  const account = (): Promise<Outcome['account']> => simulators.ask({ ask: 'account', dataPath });
  let repeatedAfterCleanStop = 0;
  if (healthyAfterMs !== undefined) {
    await cycles(simulators, CYCLES);
    const { duplicated: before } = await account();
    await stage.play([{ atMs: 0, incident: { kind: 'terminate', pauseMs: 0, calm: true } }]);
    await cycles(simulators, CYCLES);
    repeatedAfterCleanStop = (await account()).duplicated - before;
  }
  await connector.end(END_PATIENCE_MS);
  const { lostAnswers } = proxies.intake;
  return { account: await account(), deeds: stage.deeds, lostAnswers, healthyAfterMs, repeatedAfterCleanStop };
}

function simulatorsOptions(options: ChaosOptions): Parameters<typeof startWorld>[0]['simulators'] {
  const { seed, backlog, eventsPerSecond, beyondOverlap, durationMs } = options;
  const usualMs = Math.min(OVERLAP_SECONDS * 1000 * 0.9, durationMs / 4);
  const latestMs = beyondOverlap ? OVERLAP_SECONDS * 1000 * 3 : usualMs;
  return {
    ...{ seed, events: backlog, days: 2, liveEventsPerSecond: eventsPerSecond },
    ...{ lateShare: 0.1, lateMs: { min: 500, max: latestMs }, scenario: { ...CHAOS_SCENARIO, seed } },
    latencyMs: { jumpcloud: 50, sekoia: 100 },
  };
}
