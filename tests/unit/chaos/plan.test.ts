import { describe, expect, it } from '@jest/globals';

import { nameOf } from '../../chaos/plan/incident.js';
import { plan } from '../../chaos/plan/plan.js';

const OPTIONS = { seed: 5, durationMs: 600_000, withDisk: true };

function names(options: Parameters<typeof plan>[0]): Set<string> {
  return new Set(plan(options).flatMap((track) => track.map(({ incident }) => nameOf(incident))));
}

describe('a plan of incidents', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(plan(OPTIONS)).toEqual(plan(OPTIONS));
    expect(plan(OPTIONS)).not.toEqual(plan({ ...OPTIONS, seed: 6 }));
  });

  it('has everything that can go wrong in ten minutes', () => {
    expect([...names(OPTIONS)].sort()).toEqual(
      [
        ...['cut', 'delay', 'disk full', 'freeze connector', 'freeze simulators', 'kill', 'refuse', 'reset', 'stall'],
        ...['terminate', 'throttle', 'vanish'],
      ].sort(),
    );
  });

  it('has only what was wanted, no disk where there is none, and nothing vanish in a short run', () => {
    expect(names({ ...OPTIONS, only: new Set(['stall', 'kill']) })).toEqual(new Set(['stall', 'kill']));
    expect(names({ ...OPTIONS, withDisk: false })).not.toContain('disk full');
    expect(names({ ...OPTIONS, durationMs: 60_000 })).not.toContain('vanish');
  });

  it('never lets anything last longer than twenty seconds, or an eighth of the run', () => {
    for (const durationMs of [40_000, 600_000]) {
      const lasting = plan({ ...OPTIONS, durationMs }).flat();
      const longest = Math.max(...lasting.map(({ incident }) => ('durationMs' in incident ? incident.durationMs : 0)));
      expect(longest).toBeLessThanOrEqual(Math.min(20_000, durationMs / 8));
      expect(longest).toBeGreaterThan(0);
    }
  });
});
