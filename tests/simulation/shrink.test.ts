import { describe, expect, it } from '@jest/globals';

import { drawScenario } from './draw-scenario.js';
import type { Scenario } from './scenario.js';
import { shrink } from './shrink.js';
import { variantNamed } from './variants.js';
import { runScenario } from './world.js';

function withMoreThan(size: number): Scenario {
  for (let seed = 1; ; seed += 1) {
    const scenario = drawScenario(seed);
    if (scenario.incidents.length >= size && scenario.events.length > 50) return scenario;
  }
}

describe('shrink', () => {
  it('keeps the one event and the one incident that matter, and makes all else plain', async () => {
    const scenario = withMoreThan(4);
    const [event, incident] = [scenario.events[20]!, scenario.incidents[2]!];
    const smallest = await shrink(scenario, {
      fails: async ({ events, incidents }) =>
        events.some(({ atMs, id }) => atMs === event.atMs && id === event.id) &&
        incidents.some(({ on }) => on === incident.on),
    });
    expect(smallest.events).toEqual([{ id: event.id, atMs: event.atMs, written: 'ms', lateMs: 0 }]);
    expect(smallest.incidents).toHaveLength(1);
    expect(smallest.api).toEqual({
      startInclusive: true,
      endInclusive: true,
      sortPrecision: 'ms',
      mostRows: 10_000,
      missingHeaders: [],
    });
    expect(smallest.clockDifferenceMs).toBe(0);
  });

  it('leaves a scenario as it is where nothing smaller fails', async () => {
    const scenario = withMoreThan(4);
    const whole = JSON.stringify(scenario);
    await expect(shrink(scenario, { fails: async (other) => JSON.stringify(other) === whole })).resolves.toBe(scenario);
  });

  it('stops after as many tries as it may have', async () => {
    let tries = 0;
    await shrink(withMoreThan(4), {
      mostTries: 12,
      fails: async () => {
        tries += 1;
        return false;
      },
    });
    expect(tries).toBe(12);
  });

  it('makes a real failure small enough to be read, and replayable from its text', async () => {
    const variant = variantNamed('does-not-look-back');
    const fails = async (scenario: Scenario): Promise<boolean> =>
      (await runScenario(scenario, { variant })).violation?.invariant ===
      'every event is delivered or in the dead letter';
    let seed = 1;
    while (!(await fails(drawScenario(seed)))) seed += 1;
    const smallest = await shrink(drawScenario(seed), { fails, mostTries: 300 });
    expect(smallest.events.length).toBeLessThanOrEqual(3);
    await expect(fails(JSON.parse(JSON.stringify(smallest)) as Scenario)).resolves.toBe(true);
  });
});
