import { RateLimiter } from '../sdk/http/rate-limiter.js';
import { rateLimitedTransport } from '../sdk/http/rate-limited-transport.js';
import type { PipelineListener } from '../sdk/pipeline/pipeline-event.js';
import type { Clock, HttpTransport, Random } from '../sdk/ports.js';
import { DirectoryInsightsClient } from './api/client.js';
import type { ConnectorSettings } from './settings.js';
import { USER_AGENT } from './user-agent.js';

type ClientSettings = Pick<ConnectorSettings, 'baseUrl' | 'apiKey' | 'organizationId' | 'requestsPerSecond'>;

interface ClientWorld {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener?: PipelineListener;
  readonly retryForMs?: number;
}

/** A client with a rate limit of its own: all that share an API key should share one. */
export function createClient(settings: ClientSettings, world: ClientWorld): DirectoryInsightsClient {
  const { transport, clock, random, listener, retryForMs } = world;
  const { baseUrl, apiKey, organizationId, requestsPerSecond } = settings;
  const limiter = new RateLimiter(clock, requestsPerSecond);
  return new DirectoryInsightsClient({
    baseUrl,
    apiKey,
    ...(organizationId === undefined ? {} : { organizationId }),
    userAgent: USER_AGENT,
    transport: rateLimitedTransport(transport, limiter, clock),
    clock,
    random,
    ...(listener === undefined ? {} : { listener }),
    ...(retryForMs === undefined ? {} : { retryForMs }),
  });
}
