import { abortError } from '../../src/sdk/errors.js';
import type { HttpRequest, HttpResponse, HttpTransport } from '../../src/sdk/ports.js';
import type { Answer } from './answer.js';
import { never, type SimulatedProcess } from './simulated-process.js';
import type { VirtualTime } from './virtual-time.js';

export type Side = 'api' | 'intake';

/** A request on its way, seen by whoever answers and whoever watches. */
export interface Sent {
  readonly process: SimulatedProcess;
  readonly side: Side;
  readonly url: string;
  readonly body: string;
  /** Nobody waits for the answer any more. */
  isAbandoned: boolean;
  /** When the beginning of the answer arrived. */
  answeredAtMs?: number;
}

export interface WireWorld {
  readonly time: VirtualTime;
  delayMs(): number;
  /** Into how many pieces a body falls. */
  pieces(): number;
  onSent(sent: Sent): void;
  answer(sent: Sent): Answer;
  /** The sender knows the answer, or that there is none. */
  onSettled(sent: Sent, answer: Answer | undefined): void;
}

export const API_HOST = 'api.jumpcloud.test';
export const INTAKE_HOST = 'intake.sekoia.test';

/** The network as one process sees it. */
export function transportOf(process: SimulatedProcess, world: WireWorld): HttpTransport {
  return {
    request(request) {
      if (!process.operation()) return never();
      if (request.signal?.aborted === true) return Promise.reject(abortError());
      return new Exchange(process, world, request).run();
    },
  };
}

class Exchange {
  readonly #sent: Sent;
  #answer: Answer | undefined;
  #isSettled = false;

  constructor(
    private readonly process: SimulatedProcess,
    private readonly world: WireWorld,
    private readonly request: HttpRequest,
  ) {
    const { url, body } = request;
    const side = url.includes(API_HOST) ? 'api' : 'intake';
    this.#sent = { process, side, url, body: Buffer.from(body ?? '').toString(), isAbandoned: false };
  }

  run(): Promise<HttpResponse> {
    const { world, process, request } = this;
    world.onSent(this.#sent);
    return new Promise((resolve, reject) => {
      const arrival = world.time.after(world.delayMs(), () => this.#reachTheOtherSide(resolve, reject));
      const onAbort = (): void => {
        process.underWay.delete(underWay);
        this.#sent.isAbandoned = true;
        this.#settle(false);
        if (process.isAlive) reject(abortError());
      };
      const underWay = {
        abandon: (arrives: boolean) => {
          this.#sent.isAbandoned = true;
          if (!arrives) arrival.cancel();
          this.#settle(false);
        },
      };
      process.underWay.add(underWay);
      this.#cleanUp = () => {
        process.underWay.delete(underWay);
        request.signal?.removeEventListener('abort', onAbort);
      };
      request.signal?.addEventListener('abort', onAbort);
    });
  }

  #cleanUp: () => void = () => undefined;

  #reachTheOtherSide(resolve: (response: HttpResponse) => void, reject: (error: Error) => void): void {
    const { world, request } = this;
    const answer = world.answer(this.#sent);
    this.#answer = answer;
    if (this.#sent.isAbandoned) {
      answer.onArrival?.(false);
      return;
    }
    const fail = (error: Error): void => {
      if (this.#isSettled) return;
      this.#settle(false);
      if (this.process.isAlive) reject(error);
    };
    if (answer.wire === 'stall')
      world.time.after(request.headersTimeoutMs, () => fail(broken('UND_ERR_HEADERS_TIMEOUT')));
    else if (answer.wire === 'reset') world.time.after(world.delayMs(), () => fail(broken('ECONNRESET')));
    else {
      world.time.after(world.delayMs(), () => {
        if (this.#isSettled) return;
        this.#sent.answeredAtMs = world.time.nowMs;
        resolve({ status: answer.status, headers: answer.headers, body: this.#body(answer) });
      });
    }
  }

  async *#body(answer: Answer): AsyncGenerator<Uint8Array, void, undefined> {
    const { process, request, world } = this;
    try {
      const isBroken = answer.wire === 'reset-in-body' || answer.wire === 'stall-in-body';
      const whole = isBroken ? answer.body.subarray(0, answer.body.length >> 1) : answer.body;
      const size = Math.max(1, Math.ceil(whole.length / world.pieces()));
      for (let at = 0; at < whole.length; at += size) {
        if (at > 0) await process.pause(world.delayMs(), request.signal);
        if (request.signal?.aborted === true) throw abortError();
        yield Buffer.from(whole.subarray(at, at + size));
      }
      if (answer.wire === 'stall-in-body') await process.pause(request.bodyTimeoutMs, request.signal);
      if (request.signal?.aborted === true) throw abortError();
      if (isBroken) throw broken(answer.wire === 'stall-in-body' ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_SOCKET');
      this.#settle(true);
    } finally {
      // Left early, or broken.
      this.#settle(false);
    }
  }

  #settle(arrived: boolean): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#cleanUp();
    this.#answer?.onArrival?.(arrived);
    this.world.onSettled(this.#sent, arrived ? this.#answer : undefined);
  }
}

function broken(code: string): Error {
  return Object.assign(new Error('told to break'), { code });
}
