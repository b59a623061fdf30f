import { abortError } from '../../src/sdk/errors.js';
import type { HttpRequest, HttpResponse, HttpTransport } from '../../src/sdk/ports.js';

/** What a scripted answer may be made of. */
export interface ScriptedAnswer {
  readonly status?: number;
  /** Names in any case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, or its pieces. */
  readonly body?: string | readonly (string | Uint8Array)[];
  /** Thrown after the last piece: the connection broke. */
  readonly breaksWith?: Error;
}

/** Answers a request; `n` is 1 for the first. What it throws is a failure to get an answer. */
export type Script = (request: HttpRequest, n: number) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** A transport that answers as its script says and keeps what it was asked. */
export class ScriptedTransport implements HttpTransport {
  readonly requests: HttpRequest[] = [];
  /** Bodies that were neither read to their end nor cancelled hold a connection. */
  openBodies = 0;

  constructor(public script: Script) {}

  /** The bodies asked with, parsed. */
  get queries(): Record<string, unknown>[] {
    return this.requests.map(({ body }) => JSON.parse(textOf(body)) as Record<string, unknown>);
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const { status = 200, headers = {}, body = '', breaksWith } = await this.script(request, this.requests.length);
    if (request.signal?.aborted === true) throw abortError();
    const names = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    return {
      status,
      headers: Object.fromEntries(names) as Record<string, string>,
      body: this.#pieces(typeof body === 'string' ? [body] : body, breaksWith),
    };
  }

  async *#pieces(pieces: readonly (string | Uint8Array)[], breaksWith?: Error): AsyncGenerator<Uint8Array> {
    this.openBodies += 1;
    try {
      for (const piece of pieces) {
        const bytes = Buffer.from(piece);
        if (bytes.length > 0) yield bytes;
        // The transport may reuse its buffers.
        bytes.fill(0x21);
      }
      if (breaksWith !== undefined) throw breaksWith;
    } finally {
      this.openBodies -= 1;
    }
  }
}

/** One answer after the other; the last one again and again. */
export function inTurn(...answers: readonly (ScriptedAnswer | Error)[]): Script {
  return (_, n) => {
    const answer = answers[Math.min(n, answers.length) - 1] ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

export function textOf(body: string | Uint8Array | undefined): string {
  return body === undefined ? '' : Buffer.from(body).toString('utf8');
}

/** A failure as Node reports it. */
export function systemError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}
