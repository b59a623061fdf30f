import { describe, expect, it } from '@jest/globals';

import { drawScenario } from './draw-scenario.js';
import { runScenario } from './world.js';

const SEEDS = 300;
const IN_ONE_TEST = 50;

describe('the connector, whatever happens to it', () => {
  const firsts = Array.from({ length: SEEDS / IN_ONE_TEST }, (_, n) => 1 + n * IN_ONE_TEST);

  it.each(firsts)(
    'keeps its promises from seed %i on',
    async (first) => {
      const failed: string[] = [];
      for (let seed = first; seed < first + IN_ONE_TEST; seed += 1) {
        const { violation } = await runScenario(drawScenario(seed));
        if (violation !== undefined) failed.push(`seed ${seed}: ${violation.invariant}: ${violation.detail}`);
      }
      expect(failed).toEqual([]);
    },
    120_000,
  );
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
    for (let seed = 1; seed <= 40; seed += 1) {
      const scenario = drawScenario(seed);
      const once = await runScenario(scenario, { isTraced: true });
      const again = await runScenario(scenario, { isTraced: true, wholeTurns: seed % 2 === 0 });
      expect(again.trace).toEqual(once.trace);
      expect(once.trace.length).toBeGreaterThan(10);
    }
  }, 120_000);
});
