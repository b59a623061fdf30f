import { describe, expect, it } from '@jest/globals';

import { serveLocalMetrics } from '../../../src/harness/metrics-server.js';
import { createMetrics } from '../../../src/sdk/observability/metrics.js';
import { takenPort } from '../../support/free-port.js';
import { ManualClock } from '../../support/manual-clock.js';

describe('the server of the metrics', () => {
  it('says in words that its port is taken', async () => {
    const { port, release } = await takenPort();
    const metrics = createMetrics({ vendor: 'acme', intakeKey: 'key' }, new ManualClock());
    const failure = await serveLocalMetrics(metrics, port).catch((error: unknown) => error);
    await release();
    expect(String(failure)).toContain(`--metrics-port: port ${port} is taken by another program`);
    expect(String(failure)).not.toContain('EADDRINUSE');
  });
});
