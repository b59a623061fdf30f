import { describe, expect, it } from '@jest/globals';

import type { QueueConnection } from '../../../../src/harness/queue/queue-connection.js';
import { SharedLimiter } from '../../../../src/harness/queue/shared-limiter.js';
import { ModuleError } from '../../../../src/sdk/errors.js';
import type { Urgency } from '../../../../src/sdk/http/rate-limiter.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** A limiter with a Redis that lets everything through, or is away. */
function rig() {
  const clock = new ManualClock({ autoAdvance: true });
  const redis = { isAway: false, comeBack: (): void => undefined };
  const connection = {
    redis: { on: (_event: 'ready', listener: () => void) => (redis.comeBack = listener) },
    ask: async () => {
      if (redis.isAway) throw new ModuleError('QUEUE_UNAVAILABLE', 'away');
      return 0;
    },
  } as unknown as QueueConnection;
  const limiter = new SharedLimiter({ connection, credential: 'tests', requestsPerSecond: 20, clock });
  const waitMs = async (urgency: Urgency): Promise<number> => {
    const askedAt = clock.monotonic();
    await limiter.admit(new AbortController().signal, urgency);
    return clock.monotonic() - askedAt;
  };
  return { redis, waitMs };
}

describe('SharedLimiter', () => {
  it('lets live requests go on without Redis, once what others were let do is over', async () => {
    const { redis, waitMs } = rig();
    expect(await waitMs('live')).toBe(0);
    redis.isAway = true;
    expect(await waitMs('live')).toBeGreaterThanOrEqual(1000);
  });

  it.each(['live', 'backlog'] as const)('trusts no Redis that has just come back (%s)', async (urgency) => {
    const { redis, waitMs } = rig();
    expect(await waitMs(urgency)).toBe(0);
    redis.comeBack();
    expect(await waitMs(urgency)).toBeGreaterThanOrEqual(1000);
    expect(await waitMs(urgency)).toBe(0);
  });
});
