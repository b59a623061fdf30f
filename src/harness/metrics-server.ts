import { createServer } from 'node:http';

import type { Metrics } from '../sdk/observability/metrics.js';

/** Serves metrics on 127.0.0.1, whatever the path, while something runs. */
export interface MetricsServer {
  close(): Promise<void>;
}

/** @throws Error where the port is taken */
export async function serveMetrics(metrics: Metrics, port: number): Promise<MetricsServer> {
  const server = createServer((_, response) => {
    void metrics.text().then((text) => response.setHeader('content-type', metrics.contentType).end(text));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
