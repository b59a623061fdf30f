import { createLocalDirectory } from '../../sdk/storage/local-directory.js';
import { Stop } from '../../sdk/stop.js';
import type { Trigger } from '../../sdk/trigger.js';
import type { HarnessWorld } from '../world.js';
import type { Narrator, Tally } from './narrator.js';

interface CollectorParts<Settings> {
  readonly trigger: Trigger<Settings>;
  readonly settings: Settings;
  readonly narrator: Narrator;
  readonly world: HarnessWorld;
  readonly dataPath: string;
  readonly stop: Stop;
}

/** `caughtUpToMs` is the end of the window that a cycle has just finished, epoch milliseconds; else `-Infinity`. */
type IsEnough = (tally: Tally, caughtUpToMs: number) => boolean;

/** Runs the connector until `isEnough`, which is asked after each thing that happens. */
export function collector<Settings>(parts: CollectorParts<Settings>): (isEnough: IsEnough) => Promise<void> {
  const { trigger, settings, narrator, world, dataPath, stop } = parts;
  return async (isEnough) => {
    const run = new Stop();
    const endRun = (): void => run.request();
    stop.requested.addEventListener('abort', endRun);
    const transport = world.openTransport();
    try {
      await trigger.run(settings, {
        ...world,
        transport,
        storage: createLocalDirectory(dataPath, world.fileSystem),
        log: narrator.log,
        stop: run,
        once: false,
        listener: (event) => {
          narrator.hear(event);
          if (isEnough(narrator.tally, event.kind === 'caught-up' ? event.toMs : -Infinity)) endRun();
        },
      });
    } finally {
      stop.requested.removeEventListener('abort', endRun);
      await transport.close();
    }
  };
}
