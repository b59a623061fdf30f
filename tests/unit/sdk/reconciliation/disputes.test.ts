import { describe, expect, it } from '@jest/globals';

import { Disputes } from '../../../../src/sdk/reconciliation/disputes.js';
import { ManualClock } from '../../../support/manual-clock.js';

const PAUSE_MS = 300_000;
const range = (fromMs: number, toMs: number) => ({ fromMs, toMs });

describe('Disputes', () => {
  it('are expected where they begin, as long as they are open', () => {
    const disputes = new Disputes(new ManualClock(), PAUSE_MS);
    expect(disputes.open(range(10, 20), 3)).toBe(true);
    expect(disputes.open(range(30, 40), -1)).toBe(true);
    expect(
      [range(0, 100), range(10, 11), range(11, 30), range(0, 10), range(30, 99)].map((r) => disputes.differenceIn(r)),
    ).toEqual([2, 3, 0, 0, -1]);
    expect(disputes.ranges).toEqual([range(10, 20), range(30, 40)]);
    disputes.settle(range(19, 25));
    expect(disputes.ranges).toEqual([range(30, 40)]);
    disputes.settle(range(40, 50));
    expect(disputes.ranges).toEqual([range(30, 40)]);
  });

  it('take the place of earlier ones of the same time, and are news once only', () => {
    const disputes = new Disputes(new ManualClock(), PAUSE_MS);
    expect(disputes.open(range(10, 20), 3)).toBe(true);
    expect(disputes.open(range(15, 30), 4)).toBe(false);
    expect(disputes.ranges).toEqual([range(15, 30)]);
    expect(disputes.differenceIn(range(0, 100))).toBe(4);
    expect(disputes.open(range(50, 60), 1)).toBe(true);
  });

  it('are asked for again after pauses that double, up to six hours', async () => {
    const clock = new ManualClock();
    const disputes = new Disputes(clock, PAUSE_MS);
    disputes.open(range(10, 20), 3);
    const pauses: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const startedAt = clock.monotonic();
      while (disputes.ranges.length > 0) {
        await clock.advance(60_000);
        disputes.reopenDue();
      }
      pauses.push((clock.monotonic() - startedAt) / 60_000);
      // Looked at again with this pass, it turns out to be so still.
      expect(disputes.open(range(10, 20), 3)).toBe(false);
    }
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 360, 360]);
  });

  it('are forgotten where they did not come up again in the pass that looked at them again', async () => {
    const clock = new ManualClock();
    const disputes = new Disputes(clock, PAUSE_MS);
    disputes.open(range(10, 20), 3);
    await clock.advance(PAUSE_MS);
    disputes.reopenDue();
    disputes.reopenDue();
    expect(disputes.open(range(10, 20), 3)).toBe(true);
  });
});
