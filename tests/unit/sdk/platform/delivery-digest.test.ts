import { describe, expect, it } from '@jest/globals';

import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { deliveryDigest } from '../../../../src/sdk/platform/delivery-digest.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { RecordingLog } from '../../../support/recording-log.js';

const freshness = { lane: 'tail', sinceSeenMs: 1, sinceHappenedMs: undefined } as const;
const KEPT: PipelineEvent = { kind: 'dead-lettered', id: '1', reason: 'refused', bytes: 1 };

function digesting() {
  const clock = new ManualClock();
  const recording = new RecordingLog();
  const listener = deliveryDigest(recording.log, clock);
  /** A cycle a minute. */
  const cycles = async (count: number, events: number): Promise<void> => {
    for (let cycle = 0; cycle < count; cycle += 1) {
      await clock.advance(60_000);
      if (events > 0) listener({ kind: 'delivered', events, bytes: 1, durationMs: 1, freshness });
      listener({ kind: 'caught-up', toMs: clock.now(), events, durationMs: 1 });
    }
  };
  return { listener, cycles, lines: recording.at.bind(recording, 'info') };
}

describe('the digest', () => {
  it('tells the first delivery at once, then the sum of each hour', async () => {
    const { cycles, listener, lines } = digesting();
    await cycles(1, 7);
    expect(lines()).toEqual(['Collecting works: 7 events delivered so far, up to 2030-01-02T03:05:05Z']);
    listener(KEPT);
    await cycles(59, 2);
    expect(lines()).toHaveLength(1);
    await cycles(61, 2);
    expect(lines().slice(1)).toEqual([
      '120 events delivered in the last 1h, up to 2030-01-02T04:05:05Z; 1 kept in the dead letter',
      '120 events delivered in the last 1h, up to 2030-01-02T05:05:05Z',
    ]);
  });

  it('tells four times a day that nothing happened', async () => {
    const { cycles, lines } = digesting();
    await cycles(24 * 60, 0);
    expect(lines()).toHaveLength(4);
    expect(lines()[0]).toBe('Nothing new in the last 6h: the source was read 360 times, up to 2030-01-02T09:04:05Z');
  });

  it('has a line within six hours wherever cycles succeed, so that the tab is never empty for a day', async () => {
    const { cycles, lines } = digesting();
    await cycles(30, 1);
    await cycles(600, 0);
    expect(lines().map((line) => line.replace(/,.*/, ''))).toEqual([
      'Collecting works: 1 event delivered so far',
      '29 events delivered in the last 1h',
      'Nothing new in the last 6h: the source was read 360 times',
    ]);
  });
});
