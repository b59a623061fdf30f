import { describe, expect, it } from '@jest/globals';

import { Hold } from '../../../../src/sdk/http/hold.js';
import { ManualClock } from '../../../support/manual-clock.js';

describe('Hold', () => {
  it('is over at once where nothing was asked', async () => {
    const clock = new ManualClock();
    await new Hold(clock).over(new AbortController().signal);
    expect(clock.sleeps).toEqual([]);
  });

  it('lasts as long as the longest wait that was asked for, also where that came later', async () => {
    const clock = new ManualClock();
    const hold = new Hold(clock);
    hold.extend(1000);
    let over = false;
    const waiting = hold.over(new AbortController().signal).then(() => (over = true));
    await clock.advance(500);
    hold.extend(2000);
    hold.extend(10);
    await clock.advance(1999);
    expect(over).toBe(false);
    await clock.advance(1);
    await waiting;
    expect(hold.leftMs).toBeLessThanOrEqual(0);
  });

  it('lets go of whoever is told to stop', async () => {
    const clock = new ManualClock();
    const hold = new Hold(clock);
    hold.extend(3_600_000);
    const stop = new AbortController();
    const waiting = hold.over(stop.signal);
    stop.abort();
    await waiting;
    expect(hold.leftMs).toBe(3_600_000);
  });
});
