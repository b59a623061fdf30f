import { describe, expect, it } from '@jest/globals';

import { VirtualTime } from './virtual-time.js';

describe('virtual time', () => {
  it('fires in the order of time, and at one instant in the order of asking', async () => {
    const time = new VirtualTime();
    const fired: string[] = [];
    for (const [name, atMs] of [
      ['c', 20],
      ['a', 10],
      ['d', 20],
      ['b', 10.25],
    ] as const) {
      time.at(atMs, () => fired.push(`${name} at ${time.nowMs}`));
    }
    await expect(time.run()).resolves.toBe(true);
    expect(fired).toEqual(['a at 10', 'b at 10.25', 'c at 20', 'd at 20']);
  });

  it.each([false, true])(
    'lets every chain of promises end before time passes (whole turns: %s)',
    async (wholeTurns) => {
      const time = new VirtualTime({ wholeTurns });
      let hops = 0;
      let seenAtTheNextInstant = 0;
      time.at(1, () => {
        void (async () => {
          while (hops < 1000) {
            await Promise.resolve();
            hops += 1;
          }
        })();
      });
      time.at(2, () => (seenAtTheNextInstant = hops));
      await time.run();
      expect(seenAtTheNextInstant).toBe(1000);
    },
  );

  it('lets everybody else have their turn before a delay of zero', async () => {
    const time = new VirtualTime();
    const order: string[] = [];
    time.at(1, () => {
      time.after(0, () => order.push('later'));
      void Promise.resolve().then(() => order.push('first'));
    });
    await time.run();
    expect(order).toEqual(['first', 'later']);
  });

  it('does not fire what was cancelled, nor pass the time until it', async () => {
    const time = new VirtualTime();
    time.at(50, () => expect('this').toBe('never')).cancel();
    time.at(5, () => undefined);
    await time.run();
    expect(time.nowMs).toBe(5);
  });

  it('keeps order among many timers that are made and cancelled on the way', async () => {
    const time = new VirtualTime();
    const seen: number[] = [];
    let state = 1;
    const next = (): number => (state = (state * 48271) % 2147483647) % 1000;
    for (let n = 0; n < 500; n += 1) {
      const timer = time.at(next(), () => {
        seen.push(time.nowMs);
        if (seen.length < 2000) time.after(next(), () => seen.push(time.nowMs));
      });
      if (n % 3 === 0) timer.cancel();
    }
    await time.run();
    expect(seen.length).toBe(2 * Math.floor((500 * 2) / 3));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('ends when told to, and gives up after too many steps', async () => {
    const ended = new VirtualTime();
    ended.at(1, () => ended.end());
    ended.at(2, () => expect('this').toBe('never'));
    await expect(ended.run()).resolves.toBe(true);

    const endless = new VirtualTime({ mostSteps: 100 });
    const again = (): void => void endless.after(0, again);
    again();
    await expect(endless.run()).resolves.toBe(false);
  });

  it('rejects with what a timer threw', async () => {
    const time = new VirtualTime();
    time.at(1, () => {
      throw new Error('at one');
    });
    await expect(time.run()).rejects.toThrow('at one');
  });
});
