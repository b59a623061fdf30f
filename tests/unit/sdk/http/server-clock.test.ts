import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ServerClock } from '../../../../src/sdk/http/server-clock.js';
import { MANUAL_CLOCK_START_MS, ManualClock } from '../../../support/manual-clock.js';

/** As a server writes it: its time, cut down to the second. */
function dateHeader(serverMs: number): string {
  return new Date(serverMs).toUTCString();
}

describe('ServerClock', () => {
  it('is ours until an answer has told otherwise', () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    expect(server.offsetMs).toBe(0);
    expect(server.now()).toBe(MANUAL_CLOCK_START_MS);
  });

  it('is as near to the truth as a Date header and the length of the exchange allow, and never beyond it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -86_400_000, max: 86_400_000 }),
        fc.array(fc.record({ thereMs: fc.nat(5000), backMs: fc.nat(5000), pauseMs: fc.nat(60_000) }), { minLength: 1 }),
        (differenceMs, exchanges) => {
          let nowMs = MANUAL_CLOCK_START_MS;
          const server = new ServerClock({ now: () => nowMs, monotonic: () => 0, sleep: () => Promise.resolve() });
          for (const { thereMs, backMs, pauseMs } of exchanges) {
            nowMs += pauseMs;
            const sentAtMs = nowMs;
            nowMs += thereMs;
            const header = dateHeader(nowMs + differenceMs);
            nowMs += backMs;
            server.observe(header, sentAtMs, thereMs + backMs);
            const errorMs = server.now() - (nowMs + differenceMs);
            expect(Math.abs(errorMs)).toBeLessThanOrEqual(1000 + thereMs + backMs);
            // No difference is assumed but what the answer proves.
            expect(Math.abs(server.offsetMs)).toBeLessThanOrEqual(Math.abs(differenceMs));
            expect(server.offsetMs * differenceMs).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('assumes no difference where the answer allows that there is none', () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    server.observe(dateHeader(clock.now()), clock.now(), 0);
    expect(server.offsetMs).toBe(0);
    // The header tells the second that it is in, of which all but a millisecond may be over.
    server.observe(dateHeader(clock.now()), clock.now() + 999, 0);
    expect(server.offsetMs).toBe(0);
    server.observe(dateHeader(clock.now()), clock.now() - 300, 300);
    expect(server.offsetMs).toBe(0);
  });

  it('follows a server that is ahead or behind', () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    server.observe(dateHeader(clock.now() + 60_000), clock.now() - 200, 200);
    expect(server.offsetMs).toBe(60_000);
    expect(server.now()).toBe(clock.now() + 60_000);
    const behind = new ServerClock(clock);
    behind.observe(dateHeader(clock.now() - 60_000), clock.now() - 200, 200);
    expect(behind.offsetMs).toBe(-60_000 + 1000 + 200);
  });

  it('is moved by no single wrong header', () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    for (const wrongMs of [3_600_000, -3_600_000, -clock.now()]) {
      server.observe(dateHeader(clock.now()), clock.now(), 0);
      server.observe(dateHeader(clock.now() + wrongMs), clock.now(), 0);
      expect(server.offsetMs).toBe(0);
    }
  });

  it('says what the clock of the server showed at the least when it was asked, by its own word', () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    expect(server.observe(dateHeader(clock.now() + 60_000), clock.now(), 250)).toBe(clock.now() + 60_000 - 250);
    expect(server.observe(undefined, clock.now(), 250)).toBeUndefined();
  });

  it('goes on with our clock, and believes two answers that agree after that has jumped', () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    server.observe(dateHeader(clock.now() + 60_000), clock.now(), 0);
    const trueMs = clock.now() + 60_000;
    clock.jump(3_600_000);
    server.observe(dateHeader(trueMs), clock.now(), 0);
    server.observe(dateHeader(trueMs), clock.now(), 0);
    expect(Math.abs(server.now() - trueMs)).toBeLessThanOrEqual(1000);
  });

  it.each([undefined, '', 'now', 'Thu, 99 Foo 2030'])('learns nothing from the header %j', (header) => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    server.observe(dateHeader(clock.now() + 60_000), clock.now(), 0);
    server.observe(header, clock.now(), 0);
    expect(server.offsetMs).toBe(60_000);
  });
});
