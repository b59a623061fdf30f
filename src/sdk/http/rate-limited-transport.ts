import { abortError } from '../errors.js';
import type { Clock, HttpTransport } from '../ports.js';
import type { RateLimiter, Urgency } from './rate-limiter.js';
import { statedWaitMs } from './retry-after.js';

/** A transport whose tries, retries included, keep to the limiter, and which passes on the other side's `Retry-After`. */
export function rateLimitedTransport(
  transport: HttpTransport,
  limiter: RateLimiter,
  clock: Clock,
  urgency: Urgency = 'live',
): HttpTransport {
  return {
    async request(request) {
      const signal = request.signal ?? new AbortController().signal;
      await limiter.admit(signal, urgency);
      if (signal.aborted) throw abortError();
      const response = await transport.request(request);
      const waitMs = statedWaitMs(response, clock.now());
      if (waitMs !== undefined) limiter.hold(waitMs);
      return response;
    },
  };
}
