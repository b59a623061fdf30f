import { randomUUID } from 'node:crypto';
import { answerWithFaults } from '../faults/apply-faults.js';
import { createFaultEvaluator, type FaultEvaluator, NO_FAULTS } from '../faults/fault-evaluator.js';
import type { FaultEffect } from '../faults/fault-scenario.js';
import { refusal, type SimulatedAnswer, type SimulatedRequest } from '../http/exchange.js';
import { createRequestLog, type SimulatorStats } from '../http/request-log.js';
import { type Authentication, createAuthentication } from './authentication.js';
import { createEndpoints } from './endpoints.js';
import { EventStore } from './event-store.js';
import { type JumpcloudApiOptions, SYNTHETIC_API_KEY } from './options.js';
import { createRateCheck } from './rate-limiter.js';
import { RequestRefused } from './request-refused.js';
import type { SyntheticEvent } from '../events/synthetic-event.js';

/** The simulated Directory Insights API, without a socket. */
export interface JumpcloudApi {
  /** What the API holds. Add events through `add`, so that the scenario's late visibility applies. */
  readonly store: EventStore;
  readonly stats: SimulatorStats;
  /** Credentials, to change them while the API runs. */
  readonly authentication: Pick<Authentication, 'replaceKeys' | 'replaceServiceAccount' | 'revokeTokens'>;
  /** Makes the API hold an event. */
  add(event: SyntheticEvent): void;
  /** Answers one request. Never throws. */
  handle(request: SimulatedRequest): SimulatedAnswer;
}

const ROOT = '/insights/directory/v1';

/** Creates an API that holds nothing yet. */
export function createJumpcloudApi(options: JumpcloudApiOptions = {}): JumpcloudApi {
  const now = options.now ?? Date.now;
  const store = new EventStore(options.sortPrecision);
  const log = createRequestLog(now);
  const keys = options.apiKeys ?? [{ key: SYNTHETIC_API_KEY }];
  const authentication = createAuthentication(keys, options.serviceAccount, now);
  const checkRate = createRateCheck(options.rateLimit, now);
  const endpoints = createEndpoints(store, options);
  const { scenario } = options;
  const faults: FaultEvaluator =
    scenario === undefined ? NO_FAULTS : createFaultEvaluator({ scenario, side: 'jumpcloud', now });

  const answer = (request: SimulatedRequest, effects: readonly FaultEffect[]): SimulatedAnswer => {
    try {
      if (request.path === '/oauth2/token') return authentication.issueToken(request);
      const endpoint = request.path.startsWith(ROOT) ? endpoints[request.path.slice(ROOT.length)] : undefined;
      if (endpoint === undefined) throw new RequestRefused(404, 'Not Found');
      if (request.method !== 'POST') throw new RequestRefused(405, 'Method Not Allowed');
      const caller = authentication.identify(request);
      checkRate(caller.credential);
      return endpoint(request, { caller, effects });
    } catch (error) {
      if (!(error instanceof RequestRefused)) return refusal(500, `simulator failed: ${String(error)}`);
      const refused = refusal(error.status, error.message);
      return { ...refused, headers: [...refused.headers, ...error.headers] };
    }
  };

  return {
    store,
    stats: log.stats,
    authentication,
    add: (event) => {
      const delayMs = faults.visibilityDelayMs(event);
      store.add(delayMs === 0 ? event : { ...event, visibleAtMs: event.visibleAtMs + delayMs });
    },
    handle(request) {
      options.beforeRequest?.();
      const effects = faults.forRequest({
        path: request.path,
        eventTexts: () => [],
        organizations: request.headers['x-org-id'] ?? [],
      });
      const final = answerWithFaults(effects, () => answer(request, effects), [
        ['X-Request-Id', randomUUID()],
        ['Date', new Date(now()).toUTCString()],
      ]);
      log.add(request, final);
      return final;
    },
  };
}
