import { describe, expect, it } from '@jest/globals';

import { runMonth } from '../chaos/month/run-month.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

/** In large: npm run prove:month. */
describe('the API connector and the storage connector side by side over the same month', () => {
  it.each([
    { first: 'api', bounds: 'included' },
    { first: 'storage', bounds: 'excluded' },
  ] as const)(
    'deliver every event once, with the $first connector first, stopped and started anew',
    async (order) => {
      const { held, wrong, objects, ofApi, ofStorage, ...account } = await runMonth({
        ...{
          ...order,
          events: 1500,
          exportEveryMs: 24 * 3_600_000,
          chunkSize: 50,
          liveEventsPerSecond: 10,
          latencyMs: 5,
        },
        ...{ newDirectory, tell: () => undefined },
      });
      expect(wrong).toEqual([]);
      expect(account).toEqual({ right: held, lost: 0, duplicated: 0, altered: 0 });
      expect(ofApi + ofStorage).toBe(held);
      expect([held > 1500, ofApi > 100, ofStorage > 100, objects > 100]).toEqual([true, true, true, true]);
    },
    60_000,
  );
});
