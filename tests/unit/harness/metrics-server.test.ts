import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { serveMetrics } from '../../../src/harness/metrics-server.js';
import { createMetrics } from '../../../src/sdk/observability/metrics.js';

const other = createServer();

afterEach(() => {
  other.close();
});

describe('the server of the metrics', () => {
  it('says in words that its port is taken', async () => {
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const failure = await serveMetrics(createMetrics(), port).catch((error: unknown) => error);
    expect(String(failure)).toContain(`--metrics-port: port ${port} is taken by another program`);
    expect(String(failure)).not.toContain('EADDRINUSE');
  });
});
