import { RateLimiter, type RequestLimiter, type Urgency } from '../sdk/http/rate-limiter.js';
import { observedTransport } from '../sdk/http/observed-transport.js';
import { rateLimitedTransport } from '../sdk/http/rate-limited-transport.js';
import { ServerClock } from '../sdk/http/server-clock.js';
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
  readonly openLimiter?: (requestsPerSecond: number) => RequestLimiter;
}

/** A client with a rate limit of its own: all that share an API key should share one. */
export function createClient(settings: ClientSettings, world: ClientWorld): DirectoryInsightsClient {
  return createClients(settings, world).live;
}

/** Two clients under one rate limit and with one clock of the API: `backlog` waits wherever `live` has something to ask. */
export function createClients(
  { baseUrl, apiKey, organizationId, requestsPerSecond }: ClientSettings,
  { transport, clock, random, listener, retryForMs, openLimiter }: ClientWorld,
): Readonly<Record<Urgency, DirectoryInsightsClient>> {
  const limiter = openLimiter?.(requestsPerSecond) ?? new RateLimiter(clock, requestsPerSecond);
  const observed = observedTransport(transport, { side: 'source', clock, listener });
  const serverClock = new ServerClock(clock);
  const clientOf = (urgency: Urgency): DirectoryInsightsClient =>
    new DirectoryInsightsClient({
      baseUrl,
      apiKey,
      ...(organizationId === undefined ? {} : { organizationId }),
      userAgent: USER_AGENT,
      transport: rateLimitedTransport(observed, limiter, { clock, urgency, listener }),
      clock,
      serverClock,
      random,
      ...(listener === undefined ? {} : { listener }),
      ...(retryForMs === undefined ? {} : { retryForMs }),
    });
  return { live: clientOf('live'), backlog: clientOf('backlog') };
}
