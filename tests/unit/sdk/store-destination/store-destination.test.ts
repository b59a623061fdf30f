import { gunzipSync } from 'node:zlib';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { EventList } from '../../../../src/sdk/pipeline/event-list.js';
import type { LineBatch } from '../../../../src/sdk/store-destination/line-batch.js';
import { folderOf } from '../../../../src/sdk/store-destination/object-name.js';
import { StoreDestination } from '../../../../src/sdk/store-destination/store-destination.js';
import { Stop } from '../../../../src/sdk/stop.js';
import { type TestEvent, rawEvent, testEvent } from '../../../support/events.js';
import { splitLines } from '../../../support/exported.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { rawValues } from '../../../support/raw-json.js';
import { seededRandom } from '../../../support/seeded-random.js';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2030, 0, 2, 3);

/** A store in memory; `fail` says what is wrong with a write, if something is. */
function rig(fail: (name: string) => ModuleError | undefined = () => undefined) {
  const objects = new Map<string, Uint8Array>();
  const tries: string[] = [];
  const destination = new StoreDestination({
    store: {
      location: 'memory',
      write: async (name, content) => {
        tries.push(name);
        const failure = fail(name);
        if (failure !== undefined) throw failure;
        objects.set(name, content);
      },
    },
    ...{ maxEvents: 1000, retryForMs: 30_000, clock: new ManualClock({ autoAdvance: true }), random: seededRandom() },
  });
  const batchOf = (events: readonly TestEvent[]): LineBatch => {
    const batch = destination.createBatch();
    const list = new EventList(events.map(rawEvent));
    expect(batch.add(list, 0, events.length)).toBe(events.length);
    batch.copyAdded();
    return batch;
  };
  const stop = new Stop();
  return {
    objects,
    tries,
    stop,
    deliver: (events: readonly TestEvent[]) => destination.deliver(batchOf(events), stop),
  };
}

/** The lines of an object as UTF-8. */
function linesIn(object: Uint8Array): string[] {
  return splitLines(gunzipSync(object).toString('latin1')).map((line) => Buffer.from(line, 'latin1').toString('utf8'));
}

const oddEvents = fc.array(
  fc.record({
    id: fc.uuid(),
    timestampMs: fc.oneof(
      fc.integer({ min: START_MS, max: START_MS + 3 * HOUR_MS }),
      fc.constantFrom(undefined, -1, START_MS + HOUR_MS, 253_402_300_800_000),
    ),
    text: rawValues,
  }),
  { minLength: 1, maxLength: 40 },
);

describe('StoreDestination', () => {
  it('writes what, read back, is the same events, each in the folder of its hour', async () => {
    await fc.assert(
      fc.asyncProperty(oddEvents, async (events) => {
        const { objects, deliver } = rig();
        expect(await deliver(events)).toEqual({ rejections: [], unsettled: [] });
        const wanted = new Map<string, string[]>();
        for (const { text, timestampMs } of events) {
          const folder = folderOf(timestampMs);
          wanted.set(folder, [...(wanted.get(folder) ?? []), text.replaceAll(/[\n\r]/g, ' ')]);
        }
        const found = [...objects].map(([name, object]) => [name.replace(/\/[^/]*$/, ''), linesIn(object)] as const);
        expect(new Map(found)).toEqual(wanted);
        expect(found.length).toBe(wanted.size);
      }),
    );
  });

  it('names an object after its first time and its contents, so that the same events are one object', async () => {
    const { objects, deliver } = rig();
    const events = [testEvent('b', START_MS + 1500), testEvent('a', START_MS + 1250)];
    await deliver(events);
    await deliver(events);
    expect([...objects.keys()]).toEqual([
      expect.stringMatching(/^2030\/01\/02\/03\/2030-01-02T03-00-01\.250Z_[0-9a-f]{16}\.ndjson\.gz$/),
    ]);
  });

  it('tries again what may work later, and leaves owed what does not', async () => {
    let failures = 2;
    const unavailable = new ModuleError('DESTINATION_UNAVAILABLE', 'full');
    const passing = rig(() => (failures-- > 0 ? unavailable : undefined));
    expect(await passing.deliver([testEvent('a', START_MS)])).toEqual({ rejections: [], unsettled: [] });
    expect(passing.tries.length).toBe(3);

    const refused = new ModuleError('DESTINATION_REFUSED', 'no right');
    const events = [testEvent('a', START_MS), testEvent('b', START_MS + HOUR_MS), testEvent('c', START_MS + 1)];
    const { objects, deliver } = rig((name) => (name.startsWith('2030/01/02/04') ? refused : undefined));
    expect(await deliver(events)).toEqual({ rejections: [], unsettled: [1], failure: refused });
    expect(objects.size).toBe(1);
    expect(await rig(() => refused).deliver(events)).toMatchObject({ unsettled: [0, 1, 2] });
  });

  it('writes nothing any more after a forced stop', async () => {
    const { tries, stop, deliver } = rig();
    stop.force();
    expect(await deliver([testEvent('a', START_MS)])).toMatchObject({
      unsettled: [0],
      failure: { name: 'AbortError' },
    });
    expect(tries).toEqual([]);
  });
});
