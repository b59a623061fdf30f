import { abortError } from '../errors.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock, HttpTransport } from '../ports.js';
import type { RequestLimiter, Urgency } from './rate-limiter.js';
import { statedWaitMs } from './retry-after.js';

export interface RateLimited {
  readonly clock: Clock;
  /** Default: live. */
  readonly urgency?: Urgency;
  readonly listener?: PipelineListener | undefined;
}

/** A transport whose tries, retries included, keep to the limiter, and which passes on the other side's `Retry-After`. */
export function rateLimitedTransport(
  transport: HttpTransport,
  limiter: RequestLimiter,
  { clock, urgency = 'live', listener }: RateLimited,
): HttpTransport {
  return {
    async request(request) {
      const signal = request.signal ?? new AbortController().signal;
      const askedAt = clock.monotonic();
      await limiter.admit(signal, urgency);
      if (signal.aborted) throw abortError();
      const delayMs = clock.monotonic() - askedAt;
      // Taking a turn takes a moment, too.
      if (delayMs >= 1) listener?.({ kind: 'held-back', urgency, delayMs });
      const response = await transport.request(request);
      const waitMs = statedWaitMs(response, clock.now());
      if (waitMs !== undefined) limiter.hold(waitMs);
      return response;
    },
  };
}
