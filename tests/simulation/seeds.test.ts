import { describe, expect, it } from '@jest/globals';

import { simulateSeeds } from '../support/simulate-seeds.js';
import { drawScenario } from './draw-scenario.js';
import { runScenario } from './world.js';

describe('the connector, whatever happens to it', () => {
  it('keeps its promises in five hundred seeds', async () => {
    const [results] = await simulateSeeds('--from', '1', '--seeds', '500');
    expect(results).toMatchObject({ seeds: 500, failures: [] });
  }, 600_000);
});

describe('a seed', () => {
  it('always makes the same scenario, as data that survives being written down', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const scenario = drawScenario(seed);
      expect(drawScenario(seed)).toEqual(scenario);
      expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario);
    }
    expect(drawScenario(1)).not.toEqual(drawScenario(2));
  });

  it('always makes the same run, line by line, with whole turns of the event loop as well', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const scenario = drawScenario(seed);
      const once = await runScenario(scenario, { isTraced: true });
      const again = await runScenario(scenario, { isTraced: true, wholeTurns: seed % 2 === 0 });
      expect(again.trace).toEqual(once.trace);
      expect(once.trace.length).toBeGreaterThan(10);
    }
  }, 120_000);
});
