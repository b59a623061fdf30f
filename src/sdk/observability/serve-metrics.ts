import { openHttpServer, type HttpServer, type HttpServerOptions } from './http-server.js';
import type { Metrics } from './metrics.js';

/**
 * Serves metrics, whatever the path.
 * @throws as `openHttpServer` does
 */
export function serveMetrics(metrics: Metrics, where: Omit<HttpServerOptions, 'answer'>): Promise<HttpServer> {
  const answer = async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() });
  return openHttpServer({ ...where, answer });
}
