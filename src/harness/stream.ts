import type { DeliveryState } from '../sdk/checkpoint/delivery-state.js';
import { openState } from '../sdk/connector.js';
import type { ConnectorParts } from '../sdk/connector-parts.js';
import { ConfigurationError, ModuleError } from '../sdk/errors.js';
import { createLog } from '../sdk/observability/log.js';
import { outputStyle } from '../sdk/observability/terminal.js';
import type { Batch } from '../sdk/pipeline/destination.js';
import { Stop } from '../sdk/stop.js';
import type { Storage } from '../sdk/storage/storage.js';
import type { TriggerContext } from '../sdk/trigger.js';
import type { LoadedConfiguration } from './load-configuration.js';
import type { HarnessWorld } from './world.js';

/** Somebody waits for the answer: a source that does not answer is told before they give up. */
const RETRY_FOR_MS = 30_000;

/** Beside a connector at work, a segment may go between the reading of its name and of itself. */
const READ_TRIES = 3;

/** A stream at rest, or beside a connector that works on it: its two ends and its state. */
export interface OpenStream {
  readonly parts: ConnectorParts<Batch>;
  readonly context: TriggerContext;
  readonly state: DeliveryState;
}

/** Whether a command only looks, which it may do beside a connector at work, or takes the data path for itself. */
export type Access = 'read' | 'write';

/** Gives `use` the storage of a data path. */
export async function withStorage<Result>(
  { storage: location }: Pick<LoadedConfiguration, 'storage'>,
  access: Access,
  use: (storage: Storage) => Promise<Result>,
): Promise<Result> {
  if (access === 'read') return use(await location.openReadOnly());
  const { storage, release } = await location.open();
  try {
    return await use(storage);
  } finally {
    await release();
  }
}

/** How a command wants its stream. */
export interface StreamOptions {
  readonly access: Access;
  /** What is under way may end at the first signal, and is aborted at the second. Default: it is aborted at the first. */
  readonly stopsSoftly?: boolean;
  /** Begins at the source's now where nothing was collected on the data path yet. Default: that is an error. */
  readonly mayBegin?: boolean;
}

/**
 * Gives `use` the stream of a configuration.
 * @throws ModuleError STATE_UNAVAILABLE where nothing was collected on the data path yet
 */
export function withStream<Result>(
  configuration: LoadedConfiguration,
  world: HarnessWorld,
  options: Access | StreamOptions,
  use: (stream: OpenStream) => Promise<Result>,
): Promise<Result> {
  const { access, stopsSoftly = false, mayBegin = false } = typeof options === 'string' ? { access: options } : options;
  return withStorage(configuration, access, async (storage) => {
    const { registration, loaded, dataPath } = configuration;
    const { trigger } = registration;
    if (trigger.connect === undefined) {
      const problem = `${trigger.command} reads objects, not times: this command has nothing to do for it`;
      throw new ConfigurationError([{ setting: 'trigger', problem }]);
    }
    const transport = world.openTransport();
    const stop = new Stop();
    const request = (): void => (stopsSoftly && !stop.requested.aborted ? stop.request() : stop.force());
    world.signals.on('SIGINT', request);
    world.signals.on('SIGTERM', request);
    try {
      const { stderr, clock, random, environment } = world;
      const log = createLog({
        level: 'warning',
        ...outputStyle(stderr, environment),
        stream: stderr,
        secrets: loaded.secrets,
      });
      const context = { clock, random, transport, storage, log, stop, once: true, retryForMs: RETRY_FOR_MS };
      const parts = trigger.connect(loaded.settings, context);
      const beginMs = async (): Promise<number> => {
        if (!mayBegin) throw nothingYet(dataPath.value);
        await parts.source.learnTime(stop.requested);
        return parts.source.now();
      };
      const state = await openExisting(parts, storage, beginMs);
      return await use({ parts, context, state });
    } finally {
      world.signals.off('SIGINT', request);
      world.signals.off('SIGTERM', request);
      await transport.close();
    }
  });
}

async function openExisting(
  parts: ConnectorParts<Batch>,
  storage: Storage,
  beginMs: () => Promise<number>,
): Promise<DeliveryState> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openState(parts, storage, beginMs);
    } catch (error) {
      const mayPass = error instanceof ModuleError && error.code === 'STATE_CORRUPT';
      if (!mayPass || attempt === READ_TRIES) throw error;
    }
  }
}

function nothingYet(place: string): ModuleError {
  return new ModuleError('STATE_UNAVAILABLE', `Nothing was collected on the data path ${place} yet`, {
    advice: "Check --data-path, or let 'sekoia-module run' begin.",
  });
}
