import { describe, expect, it } from '@jest/globals';

import { runScript } from '../support/chaos-script.js';

describe('chaos, briefly', () => {
  it('loses nothing while processes, network and disk fail, and repeats no more than that explains', async () => {
    const flags = ['--minutes', '0.6', '--seed', '7', '--backlog', '20000', '--rate', '60', '--json'];
    const { code, stdout, stderr } = await runScript('chaos', flags);
    const skipped = stderr.split('\n').filter((line) => line.includes('SKIPPED'));
    for (const line of skipped) process.stdout.write(`${line}\n`);
    const outcome = JSON.parse(stdout) as {
      findings: string[];
      account: { lost: number; unknown: number; held: number };
      deeds: { incidents: Record<string, number>; calmStops: number };
    };
    expect(outcome.findings).toEqual([]);
    expect(outcome.account).toMatchObject({ lost: 0, unknown: 0 });
    expect(outcome.account.held).toBeGreaterThan(20_000);
    expect(outcome.deeds.incidents['kill']).toBeGreaterThan(0);
    expect(outcome.deeds.calmStops).toBeGreaterThan(0);
    expect(outcome.deeds.incidents['disk full'] ?? 0).toBeGreaterThan(skipped.length > 0 ? -1 : 0);
    expect(code).toBe(0);
  }, 600_000);

  it('says what may be asked for where it is asked for something else', async () => {
    expect(await runScript('chaos', ['--only', 'kil'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'--only <names>'.*There is no kil. Allowed: kill, terminate/),
    });
  });
});
