import { createServer } from 'node:http';

import { ConfigurationError } from '../sdk/errors.js';
import type { Metrics } from '../sdk/observability/metrics.js';

/** Serves metrics on 127.0.0.1, whatever the path, while something runs. */
export interface MetricsServer {
  close(): Promise<void>;
}

/** @throws ConfigurationError where the port cannot be had */
export async function serveMetrics(metrics: Metrics, port: number): Promise<MetricsServer> {
  const server = createServer((_, response) => {
    void metrics.text().then((text) => response.setHeader('content-type', metrics.contentType).end(text));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new ConfigurationError([{ setting: '--metrics-port', problem: problemOf(error, port) }]));
    });
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

function problemOf({ code, message }: NodeJS.ErrnoException, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is taken by another program: choose another one`;
  if (code === 'EACCES') return `this user may not listen at port ${port}: choose one from 1024 on`;
  return message;
}
