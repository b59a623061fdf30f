import { abortError } from '../../src/sdk/errors.js';
import type { Clock, HttpRequest, HttpResponse, HttpTransport } from '../../src/sdk/ports.js';
import type { SimulatedAnswer, SimulatedRequest } from '../../src/simulators/http/exchange.js';

/** A simulator, or part of one: what answers a request without a socket. */
export interface Answering {
  handle(request: SimulatedRequest): SimulatedAnswer;
}

const PIECE_BYTES = 16 * 1024;

/** Whoever asks more often is caught in a loop, in which no time passes: it gets no answer any more. */
const MOST_REQUESTS = 10_000;

/** Both simulators behind the transport port, in the time of `clock`: no socket, no real waiting. */
export function simulatedTransport(hosts: Readonly<Record<string, Answering>>, clock: Clock): HttpTransport {
  let asked = 0;
  return {
    async request(request) {
      asked += 1;
      if (asked > MOST_REQUESTS) return new Promise(() => undefined);
      if (request.signal?.aborted === true) throw abortError();
      const { host } = new URL(request.url);
      const answering = hosts[host];
      if (answering === undefined)
        throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
      const answer = answering.handle(simulatedRequest(request));
      const { delayMs = 0, stall = false, reset } = answer.wire ?? {};
      if (stall || delayMs > 0) await clock.sleep(stall ? request.headersTimeoutMs : delayMs, request.signal);
      if (isAborted(request)) throw abortError();
      if (stall) throw Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' });
      if (reset === 'before-answer') throw broken();
      return response(answer);
    },
  };
}

function isAborted({ signal }: HttpRequest): boolean {
  return signal?.aborted === true;
}

function simulatedRequest({ url, method, headers, body }: HttpRequest): SimulatedRequest {
  const { pathname, searchParams } = new URL(url);
  return {
    method,
    path: pathname,
    query: searchParams,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]])),
    body: Buffer.from(body ?? ''),
  };
}

function response({ status, headers, body, wire }: SimulatedAnswer): HttpResponse {
  const share = wire?.reset === 'in-body' ? 0.5 : wire?.keepShare;
  const cut = share === undefined ? undefined : Math.floor(body.byteLength * share);
  return {
    status,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    body: pieces(body.subarray(0, cut), cut !== undefined && cut < body.byteLength),
  };
}

async function* pieces(body: Buffer, breaks: boolean): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.byteLength; at += PIECE_BYTES) yield Buffer.from(body.subarray(at, at + PIECE_BYTES));
  if (breaks) throw broken();
}

function broken(): Error {
  return Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
}
