import { isAbort } from '../errors.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock, HttpTransport } from '../ports.js';
import type { Side } from './exchange.js';

export interface Observation {
  readonly side: Exclude<Side, 'platform'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly listener: PipelineListener | undefined;
}

/** A transport that tells of each try how long the head of its answer took, also where none came. */
export function observedTransport(transport: HttpTransport, { side, clock, listener }: Observation): HttpTransport {
  if (listener === undefined) return transport;
  return {
    async request(request) {
      const startedAt = clock.monotonic();
      const tell = (status: number | undefined): void => {
        const endpoint = new URL(request.url).pathname.split('/').at(-1) ?? '';
        listener({ kind: 'answered', side, endpoint, status, durationMs: clock.monotonic() - startedAt });
      };
      try {
        const response = await transport.request(request);
        tell(response.status);
        return response;
      } catch (error) {
        if (!isAbort(error)) tell(undefined);
        throw error;
      }
    },
  };
}
