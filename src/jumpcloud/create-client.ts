import { type HeldSettings, unchanging } from '../sdk/held-settings.js';
import type { Credential } from '../sdk/http/credential.js';
import { RateLimiter, type RequestLimiter, type Urgency } from '../sdk/http/rate-limiter.js';
import { observedTransport } from '../sdk/http/observed-transport.js';
import { rateLimitedTransport } from '../sdk/http/rate-limited-transport.js';
import { ServerClock } from '../sdk/http/server-clock.js';
import type { PipelineListener } from '../sdk/pipeline/pipeline-event.js';
import type { Clock, HttpTransport, Random } from '../sdk/ports.js';
import type { StreamShare } from '../sdk/trigger.js';
import { DirectoryInsightsClient } from './api/client.js';
import { refusalsOf } from './api/refusals.js';
import { createCredential } from './credential.js';
import type { AccountSettings } from './settings.js';
import { USER_AGENT } from './user-agent.js';

export type ClientSettings = AccountSettings & {
  readonly requestsPerSecond: number;
  /** Instead of an organization: the provider whose own events are read. */
  readonly providerId?: string;
};

interface ClientWorld {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener?: PipelineListener;
  readonly retryForMs?: number;
  readonly hide?: (secret: string) => void;
  /** The account as it is now, where its secrets may be replaced. Default: as in the settings, for ever. */
  readonly held?: HeldSettings<AccountSettings>;
  /** To be shared with whoever has it. Default: a new one. */
  readonly credential?: Credential;
  /** With the rate limit that is shared with other organizations. Default: one of its own. */
  readonly share?: Pick<StreamShare, 'limiter'>;
  /** Makes the rate limit that is shared with other machines. Default: one of its own. */
  readonly openLimiter?: (requestsPerSecond: number) => RequestLimiter;
}

/** A client with a rate limit of its own: all that share an API key should share one. */
export function createClient(settings: ClientSettings, world: ClientWorld): DirectoryInsightsClient {
  return createClients(settings, world).live;
}

/** Two clients under one rate limit and with one clock of the API: `backlog` waits wherever `live` has something to ask. */
export function createClients(
  settings: ClientSettings,
  { transport, clock, random, listener, retryForMs, ...world }: ClientWorld,
): Readonly<Record<Urgency, DirectoryInsightsClient>> {
  const { baseUrl, organizationId, providerId, requestsPerSecond } = settings;
  const told = listener === undefined ? {} : { listener };
  const { held = unchanging(settings), hide } = world;
  const credential = world.credential ?? createCredential(held, { transport, clock, ...told, ...(hide && { hide }) });
  const limiter =
    world.share?.limiter ?? world.openLimiter?.(requestsPerSecond) ?? new RateLimiter(clock, requestsPerSecond);
  const observed = observedTransport(transport, { side: 'source', clock, listener });
  const serverClock = new ServerClock(clock);
  const clientOf = (urgency: Urgency): DirectoryInsightsClient =>
    new DirectoryInsightsClient({
      baseUrl,
      credential,
      refusals: refusalsOf(settings),
      // A provider's own events are those of no organization.
      ...(providerId === undefined ? organizationId !== undefined && { organizationId } : { providerId }),
      userAgent: USER_AGENT,
      transport: rateLimitedTransport(observed, limiter, { clock, urgency, listener }),
      clock,
      serverClock,
      random,
      ...told,
      ...(retryForMs === undefined ? {} : { retryForMs }),
    });
  return { live: clientOf('live'), backlog: clientOf('backlog') };
}
