import { describe, expect, it } from '@jest/globals';

import { runScript } from '../support/chaos-script.js';

describe('a soak, briefly', () => {
  it('does not grow grossly, loses nothing and repeats nothing', async () => {
    const flags = ['--minutes', '0.6', '--rate', '150', '--backlog', '20000', '--json'];
    const { code, stdout } = await runScript('soak', flags);
    const outcome = JSON.parse(stdout) as {
      findings: string[];
      account: { lost: number; duplicated: number; unknown: number };
      trends: Record<string, { samples: number }>;
    };
    expect(outcome.findings).toEqual([]);
    expect(outcome.account).toMatchObject({ lost: 0, duplicated: 0, unknown: 0 });
    for (const metric of ['rss', 'descriptors', 'threads', 'dataPath']) {
      expect(outcome.trends[metric]?.samples).toBeGreaterThan(10);
    }
    expect(code).toBe(0);
  }, 600_000);
});
