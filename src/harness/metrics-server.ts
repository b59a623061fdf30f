import { ConfigurationError } from '../sdk/errors.js';
import { describeListenFailure, type HttpServer } from '../sdk/observability/http-server.js';
import type { Metrics } from '../sdk/observability/metrics.js';
import { serveMetrics } from '../sdk/observability/serve-metrics.js';

/**
 * Serves metrics on 127.0.0.1, whatever the path, while something runs.
 * @throws ConfigurationError where the port cannot be had
 */
export async function serveLocalMetrics(metrics: Metrics, port: number): Promise<HttpServer> {
  try {
    return await serveMetrics(metrics, { port, host: '127.0.0.1' });
  } catch (thrown) {
    throw new ConfigurationError([{ setting: '--metrics-port', problem: describeListenFailure(thrown, port) }]);
  }
}
