import type { DeliveryState } from '../sdk/checkpoint/delivery-state.js';
import { openState } from '../sdk/connector.js';
import type { ConnectorParts } from '../sdk/connector-parts.js';
import { ConfigurationError, ModuleError } from '../sdk/errors.js';
import { createLog, type LogLevel } from '../sdk/observability/log.js';
import { KnownSecrets, type Redactor } from '../sdk/observability/redactor.js';
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
  /** For texts that leave this process otherwise than by the log. */
  readonly redact: Redactor;
}

/** The two ends of a stream, without its state. */
export type StreamEnds = Omit<OpenStream, 'state'>;

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
  /** Where other machines use the same credential at the same time. */
  readonly openLimiter?: NonNullable<TriggerContext['openLimiter']>;
  /** Begins at the source's now where nothing was collected on the data path yet. Default: that is an error. */
  readonly mayBegin?: boolean;
  /** Begins there instead; given the source's now, epoch milliseconds. */
  readonly beginMs?: (parts: ConnectorParts<Batch>, nowMs: number) => number;
  /** What is said along the way. Default: warnings, and what is worse. */
  readonly logLevel?: LogLevel;
  /** Texts that no output may contain, further to those of the configuration. */
  readonly secrets?: readonly string[];
  /** Where the events go instead. */
  readonly redirect?: (parts: ConnectorParts<Batch>, context: TriggerContext) => ConnectorParts<Batch>;
}

/** Gives `use` both ends of the stream of a configuration, and the storage of its data path. */
export function withEnds<Result>(
  configuration: LoadedConfiguration,
  world: HarnessWorld,
  options: Omit<StreamOptions, 'mayBegin' | 'beginMs'>,
  use: (ends: StreamEnds) => Promise<Result>,
): Promise<Result> {
  const { access, stopsSoftly = false, openLimiter, logLevel = 'warning', secrets = [], redirect } = options;
  return withStorage(configuration, access, async (storage) => {
    const { registration, loaded } = configuration;
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
      const known = new KnownSecrets([...loaded.secrets, ...secrets]);
      const { hide, redact } = known;
      const log = createLog({
        level: logLevel,
        ...outputStyle(stderr, environment),
        stream: stderr,
        secrets: known,
      });
      const common = { clock, random, transport, storage, log, stop, once: true, retryForMs: RETRY_FOR_MS, hide };
      const context = { ...common, ...(openLimiter && { openLimiter }) };
      const connected = trigger.connect(loaded.settings, context);
      return await use({ parts: redirect?.(connected, context) ?? connected, context, redact });
    } finally {
      world.signals.off('SIGINT', request);
      world.signals.off('SIGTERM', request);
      await transport.close();
    }
  });
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
  const { mayBegin = false, beginMs: from, ...wanted } = typeof options === 'string' ? { access: options } : options;
  return withEnds(configuration, world, wanted, async (ends) => {
    const { parts, context } = ends;
    const beginMs = async (): Promise<number> => {
      if (!mayBegin) throw nothingYet(configuration.dataPath.value);
      await parts.source.learnTime(context.stop.requested);
      return from?.(parts, parts.source.now()) ?? parts.source.now();
    };
    return use({ ...ends, state: await openExisting(parts, context.storage, beginMs) });
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
