import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import type { Scenario } from './scenario.js';
import { runScenario } from './world.js';

/** Scenarios kept in files of a folder beside this one, by what they show. */
function kept(folder: string): [string, Scenario][] {
  const path = `tests/simulation/${folder}`;
  const names = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [];
  return names.map((name) => [
    name.replace('.json', '').replaceAll('-', ' '),
    JSON.parse(readFileSync(`${path}/${name}`, 'utf8')) as Scenario,
  ]);
}

describe('what was broken once and is mended', () => {
  const scenarios = kept('regressions');

  if (scenarios.length === 0) it.todo('has no scenario yet');
  else {
    it.each(scenarios)('holds: %s', async (_, scenario) => {
      expect((await runScenario(scenario)).violation).toBeUndefined();
    });
  }
});

describe('what is known to be broken', () => {
  // One that holds is mended: its file belongs among the regressions, its line out of docs/simulation.md.
  it.each(kept('known-defects'))('still is: %s', async (_, scenario) => {
    expect((await runScenario(scenario)).violation).toBeDefined();
  });
});
