/** A request as the simulators see it: independent of sockets, so that one can also ask them without any. */
export interface SimulatedRequest {
  /** Upper-case method. */
  readonly method: string;
  /** Path without query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Header values by lower-case name; a header sent several times has several values. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  /** The body as it came over the wire, `Content-Encoding` not undone. */
  readonly body: Buffer;
  /** True when the body was longer than the server reads; `body` is then empty. */
  readonly bodyTooLarge?: boolean;
}

/** What happens on the wire beside the answer itself. */
export interface WireBehaviour {
  /** Wait before the status line, milliseconds. */
  readonly delayMs?: number;
  /** Never answer: the connection stays open until the client or the simulator closes it. */
  readonly stall?: boolean;
  /** Break the connection (RST) at this point. */
  readonly reset?: 'before-answer' | 'in-body';
  /** Send only this share of the body (0 to 1), then close. `Content-Length` still promises all of it. */
  readonly keepShare?: number;
  /** Pace of the body, bytes per second. */
  readonly bytesPerSecond?: number;
}

/** An answer of a simulator. */
export interface SimulatedAnswer {
  readonly status: number;
  /** Names in the letter case that shall be sent. `Content-Length` and `Content-Encoding` are added on the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly wire?: WireBehaviour;
}

/** The first value of a header, or undefined. */
export function headerOf(request: SimulatedRequest, name: string): string | undefined {
  return request.headers[name.toLowerCase()]?.[0];
}

/** An answer whose body is the value as JSON. */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: readonly (readonly [string, string])[] = [],
): SimulatedAnswer {
  return {
    status,
    headers: [['Content-Type', 'application/json'], ...headers],
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** A refusal in the services' own form: JSON with one `message` member (API page, 8). */
export function refusal(status: number, message: string): SimulatedAnswer {
  return jsonAnswer(status, { message });
}
