import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ModuleError } from '../../../../src/sdk/errors.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { SharedPlaces } from '../../../../src/sdk/pipeline/window-places.js';
import { everybodyHadTheirTurn, ManualClock } from '../../../support/manual-clock.js';

const never = (): AbortSignal => new AbortController().signal;
const failed: PipelineEvent = { kind: 'cycle-failed', error: new ModuleError('SOURCE_UNAVAILABLE', 'x'), delayMs: 0 };
const caughtUp: PipelineEvent = { kind: 'caught-up', toMs: 0, events: 0, durationMs: 0 };

describe('SharedPlaces', () => {
  it('lets twelve windows be read at the same time, in the order in which they came, and all in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 60 }),
        async (lasting) => {
          const clock = new ManualClock({ autoAdvance: true });
          const places = new SharedPlaces(clock);
          const entered: number[] = [];
          let [inside, most] = [0, 0];
          const read = async (forMs: number, index: number): Promise<void> => {
            const leave = await places.ofStream(() => undefined).enter('tail', never());
            entered.push(index);
            most = Math.max(most, (inside += 1));
            await clock.sleep(forMs);
            inside -= 1;
            leave();
          };
          await Promise.all(lasting.map(read));
          expect(entered).toEqual(lasting.map((_, index) => index));
          expect(most).toBe(Math.min(12, lasting.length));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has those that fail wait for each other, and not those that work', async () => {
    const places = new SharedPlaces(new ManualClock());
    const sick = places.ofStream(() => undefined);
    sick.hear(failed);
    for (let place = 0; place < 4; place += 1) await sick.enter('tail', never());
    let isIn = false;
    void sick.enter('gap', never()).then(() => (isIn = true));
    await places.ofStream(() => undefined).enter('tail', never());
    await everybodyHadTheirTurn();
    expect(isIn).toBe(false);
    sick.hear(caughtUp);
    await sick.enter('tail', never());
  });

  it('keeps what is live apart from gaps and backlogs', async () => {
    const places = new SharedPlaces(new ManualClock());
    const busy = places.ofStream(() => undefined);
    for (let place = 0; place < 4; place += 1) await busy.enter(place === 0 ? 'gap' : 'backfill', never());
    let isIn = false;
    void busy.enter('backfill', never()).then(() => (isIn = true));
    await busy.enter('tail', never());
    await everybodyHadTheirTurn();
    expect(isIn).toBe(false);
  });

  it('tells each minute that it waits, and lets go of who is told to stop', async () => {
    const clock = new ManualClock();
    const places = new SharedPlaces(clock);
    const told: PipelineEvent[] = [];
    const stream = places.ofStream((event) => void told.push(event));
    for (let place = 0; place < 4; place += 1) await stream.enter('gap', never());
    expect(told).toEqual([]);
    const stop = new AbortController();
    const waiting = stream.enter('gap', stop.signal);
    await clock.advance(125_000);
    expect(told).toEqual(Array.from({ length: 3 }, () => ({ kind: 'waiting', delayMs: 60_000 })));
    stop.abort();
    (await waiting)();
    // What was never taken is not given back.
    let isIn = false;
    void stream.enter('gap', never()).then(() => (isIn = true));
    await everybodyHadTheirTurn();
    expect(isIn).toBe(false);
  });

  it('gives back a place that was taken before a failure where it was taken', async () => {
    const places = new SharedPlaces(new ManualClock());
    const stream = places.ofStream(() => undefined);
    const taken = await Promise.all(Array.from({ length: 4 }, () => stream.enter('gap', never())));
    stream.hear(failed);
    for (const leave of taken) leave();
    const well = places.ofStream(() => undefined);
    for (let place = 0; place < 4; place += 1) await well.enter('gap', never());
  });
});
