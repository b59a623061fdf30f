import { describe, expect, it } from '@jest/globals';
import { createFaultEvaluator, type FaultEvaluator } from '../../../../src/simulators/faults/fault-evaluator.js';
import type { FaultCondition, FaultEffect } from '../../../../src/simulators/faults/fault-scenario.js';

let now = 0;

function evaluator(when: FaultCondition, effect: FaultEffect = { kind: 'stall' }, seed = 1): FaultEvaluator {
  now = 1_000_000;
  return createFaultEvaluator({
    scenario: { version: 1, seed, faults: [{ name: 'f', side: 'sekoia', when, effect }] },
    side: 'sekoia',
    now: () => now,
  });
}

/** The numbers, from 1, of those of `count` requests that the fault hit. */
function hits(faults: FaultEvaluator, count: number, path = '/batch'): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return numbers.filter(() => faults.forRequest({ path, eventTexts: () => [] }).length > 0);
}

describe('a fault happens', () => {
  it('always without conditions', () => {
    expect(hits(evaluator({}), 3)).toEqual([1, 2, 3]);
  });

  it('by request number', () => {
    expect(hits(evaluator({ from_request: 3, to_request: 5 }), 9)).toEqual([3, 4, 5]);
    expect(hits(evaluator({ from_request: 2, every_requests: 3 }), 9)).toEqual([2, 5, 8]);
    expect(hits(evaluator({ from_request: 2, times: 2 }), 9)).toEqual([2, 3]);
  });

  it('at its endpoints, and counts only requests to them', () => {
    const faults = evaluator({ endpoints: ['/batch'], to_request: 1 });
    expect(hits(faults, 5, '/plain')).toEqual([]);
    expect(hits(faults, 5, '/api/v1/intake-http/batch')).toEqual([1]);
  });

  it('to the requests of its organizations', () => {
    const faults = evaluator({ organizations: ['sick'], times: 2 });
    const isHit = (organizations?: string[]): boolean =>
      faults.forRequest({ path: '/events', eventTexts: () => [], ...(organizations && { organizations }) }).length > 0;
    expect([isHit(['well']), isHit(), isHit(['sick']), isHit(['well', 'sick']), isHit(['sick'])]).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('with its probability, the same way for the same seed', () => {
    const first = hits(evaluator({ probability: 0.2 }), 1000);
    expect(first.length).toBeGreaterThan(150);
    expect(first.length).toBeLessThan(250);
    expect(hits(evaluator({ probability: 0.2 }), 1000)).toEqual(first);
    expect(hits(evaluator({ probability: 0.2 }, { kind: 'stall' }, 2), 1000)).not.toEqual(first);
  });

  it('within its time', () => {
    const faults = evaluator({ from_seconds: 10, to_seconds: 20 });
    const at = (seconds: number): number => {
      now = 1_000_000 + seconds * 1000;
      return hits(faults, 1).length;
    };
    expect([9.9, 10, 19.9, 20].map(at)).toEqual([0, 1, 1, 0]);
  });

  it('to requests that carry a certain event', () => {
    const faults = evaluator({ event_text_contains: 'needle' });
    const asked = (texts: string[]): number => faults.forRequest({ path: '/', eventTexts: () => texts }).length;
    expect([asked(['hay']), asked(['hay', 'a needle'])]).toEqual([0, 1]);
  });

  it('on its side alone', () => {
    const scenario = { version: 1, faults: [{ name: 'f', side: 'jumpcloud', effect: { kind: 'stall' } }] } as const;
    expect(hits(createFaultEvaluator({ scenario, side: 'sekoia', now: () => 0 }), 2)).toEqual([]);
  });
});

describe('late visibility', () => {
  const effect = { kind: 'late_visibility', min_seconds: 5, max_seconds: 20 } as const;
  const events = Array.from({ length: 2000 }, (_, index) => ({ id: `id ${index}`, text: '{}' }));

  it('strikes a share of the events, each with the same delay whenever asked', () => {
    const faults = evaluator({ probability: 0.1 }, effect);
    const delays = events.map((event) => faults.visibilityDelayMs(event));
    const late = delays.filter((delay) => delay > 0);
    expect(late.length).toBeGreaterThan(140);
    expect(late.length).toBeLessThan(270);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(5000);
    expect(Math.max(...late)).toBeLessThanOrEqual(20_000);
    expect(events.toReversed().map((event) => faults.visibilityDelayMs(event))).toEqual(delays.toReversed());
  });

  it('does not touch requests', () => {
    expect(hits(evaluator({}, effect), 3)).toEqual([]);
  });
});

describe('the refusal of events', () => {
  const effect = { kind: 'refuse_events', as: 'event', status: 413 } as const;

  it('strikes those that match', () => {
    const faults = evaluator({ event_text_contains: 'bad' }, effect);
    expect(faults.forEvent('a bad one')).toBe(effect);
    expect(faults.forEvent(Buffer.from('a bad one'))).toBe(effect);
    expect(faults.forEvent('a good one')).toBeUndefined();
  });

  it('does not touch requests', () => {
    expect(hits(evaluator({}, effect), 3)).toEqual([]);
  });
});
