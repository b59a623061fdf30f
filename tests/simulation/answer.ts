/** What a simulated side answers, and what becomes of it on its way. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly wire?: 'reset' | 'stall' | 'reset-in-body' | 'stall-in-body';
  /** Told once it is known whether the whole of the answer arrived. */
  readonly onArrival?: (arrived: boolean) => void;
}

const HTML = Buffer.from('<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>');

export function jsonAnswer(status: number, value: unknown, headers: Answer['headers'] = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function htmlAnswer(): Answer {
  return { status: 200, headers: { 'content-type': 'text/html' }, body: HTML };
}

/** @param nowMs the answering side's clock, for a `Retry-After` that is a date */
export function statusAnswer(status: number, retryAfter: number | 'date' | undefined, nowMs: number): Answer {
  const until = retryAfter === 'date' ? new Date(nowMs + 20_000).toUTCString() : retryAfter;
  return jsonAnswer(
    status,
    { message: `told to answer ${status}` },
    until === undefined ? {} : { 'retry-after': String(until) },
  );
}
