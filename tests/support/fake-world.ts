import { EventEmitter } from 'node:events';

import type { World } from '../../src/sdk/launch-trigger.js';
import { NO_PORTS } from './connector-environment.js';
import { ManualClock } from './manual-clock.js';
import { MemoryFiles } from './memory-files.js';
import { RecordingStream } from './recording-stream.js';
import { seededRandom } from './seeded-random.js';

/** A world without a network: what a composition root would hand over. */
export interface FakeWorld extends World {
  readonly clock: ManualClock;
  readonly fileSystem: MemoryFiles;
  readonly signals: EventEmitter;
  readonly stderr: RecordingStream;
  /** Transports handed out and not yet closed. */
  openTransports: number;
}

export function fakeWorld(
  given: { files?: Readonly<Record<string, string>>; environment?: Readonly<Record<string, string>> } = {},
): FakeWorld {
  const world: FakeWorld = {
    clock: new ManualClock(),
    random: seededRandom(),
    fileSystem: new MemoryFiles(given.files),
    environment: { ...NO_PORTS, ...given.environment },
    signals: new EventEmitter(),
    stderr: new RecordingStream(),
    openTransports: 0,
    openTransport: () => {
      world.openTransports += 1;
      return {
        request: () => Promise.reject(new Error('There is no network here')),
        close: async () => {
          world.openTransports -= 1;
        },
      };
    },
  };
  return world;
}
