import type { FaultScenario } from '../faults/fault-scenario.js';
import type { Now, Sleep } from '../timing.js';
import type { SortPrecision } from './event-store.js';

/** The API key that the simulator knows when none is configured. It is invented and opens nothing. */
export const SYNTHETIC_API_KEY = 'synthetic-api-key-for-tests';

/** The service account that the simulators know when none is configured. It is invented and opens nothing. */
export const SYNTHETIC_SERVICE_ACCOUNT = {
  clientId: 'synthetic-client-id-for-tests',
  clientSecret: 'synthetic-client-secret-for-tests',
} as const;

/** An API key and what its owner may do. */
export interface ApiKey {
  readonly key: string;
  /** Administrators may read; a Command Runner gets 403. Default `administrator`. */
  readonly role?: 'administrator' | 'command_runner';
  /** Organizations that the owner may read; any when absent. */
  readonly organizations?: readonly string[];
  /** A multi-tenant administrator must name organizations with `x-org-id`. Default false. */
  readonly multiTenant?: boolean;
  /** Whether the organization has bought Directory Insights; 402 otherwise. Default true. */
  readonly licensed?: boolean;
}

/** A service account (API page, 2.2); its token endpoint is `/oauth2/token` of the same server. */
export interface ServiceAccount {
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long a token works, seconds. Default 3600. */
  readonly tokenLifetimeSeconds?: number;
  readonly organizations?: readonly string[];
  /** What it may ask a token for; the token endpoint answers 403 where that is not among them. Default: `api`. */
  readonly scopes?: readonly string[];
}

/** Requests above this rate get 429 (API page, 8); counted for each credential. */
export interface RateLimit {
  readonly requestsPerSecond: number;
  /** Requests that may come at once. Default `requestsPerSecond`. */
  readonly burst?: number;
  /** Value of `Retry-After`, seconds; null sends none. Default 1. */
  readonly retryAfterSeconds?: number | null;
}

/** How the simulated Directory Insights API behaves where the documents leave a choice. Defaults are the strict ones. */
export interface JumpcloudApiOptions {
  readonly now?: Now;
  /** Keys that work. Default: the synthetic one, of an administrator. */
  readonly apiKeys?: readonly ApiKey[];
  readonly serviceAccount?: ServiceAccount;
  /** Names that `service` may have, beside `all`. */
  readonly supportedServices?: readonly string[];
  /** Services whose events `all` does not return, as reported of privileged access. Default none. */
  readonly servicesOutsideAll?: readonly string[];
  /** What a `limit` above 10,000 becomes: 1,000 (`default`, the default) or 10,000 (`maximum`). */
  readonly excessiveLimit?: 'default' | 'maximum';
  /** Precision of the index. Default `ms`: within a millisecond the order is arbitrary. */
  readonly sortPrecision?: SortPrecision;
  /** Whether an event at exactly `start_time` is returned. Default true. */
  readonly startInclusive?: boolean;
  /** Whether an event at exactly `end_time` is returned. Default true. */
  readonly endInclusive?: boolean;
  /** Equal bounds: refused (default), or an empty or one-instant window. */
  readonly equalBounds?: 'refuse' | 'answer';
  /** `strict` (default) refuses a token that was not issued for the same query; `lenient` takes any that was issued. */
  readonly tokens?: 'strict' | 'lenient';
  /** Events older than this are gone. Default 90. */
  readonly retentionDays?: number;
  readonly rateLimit?: RateLimit;
  /** The two shapes in which `/events/distinct` has been described. Default `flat`. */
  readonly distinctShape?: 'flat' | 'named';
  readonly scenario?: FaultScenario;
  /** Called before each request, for instance to add the events that have happened since the last one. */
  readonly beforeRequest?: () => void;
}

/** How the API simulator is served. */
export interface JumpcloudSimulatorOptions extends JumpcloudApiOptions {
  /** Port on 127.0.0.1; a free one when absent. */
  readonly port?: number;
  /** Wait before each answer, milliseconds. Default 0. */
  readonly latencyMs?: number;
  /** Compress for clients that accept it. Default true. */
  readonly gzip?: boolean;
  readonly sleep?: Sleep;
}

/** The names of the merged list (API page, 6), without the spelling `alert`. */
export const SUPPORTED_SERVICES = [
  'access_management',
  'alerts',
  'asset_management',
  'directory',
  'ldap',
  'mdm',
  'notifications',
  'object_storage',
  'password_manager',
  'radius',
  'reports',
  'saas_app_management',
  'software',
  'sso',
  'systems',
  'workflows',
] as const;
