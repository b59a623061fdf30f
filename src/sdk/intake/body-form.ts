import { readQuotedText } from '../json/json-string.js';
import type { Events } from '../pipeline/events.js';

/** Events that follow each other: those from `from` to before `to`. */
export interface EventRun {
  readonly events: Events;
  readonly from: number;
  to: number;
}

/** One of the forms in which the intake takes several events (Sekoia.io documentation of the HTTP intake). */
export interface BodyForm {
  /** Appended to the intake's address. */
  readonly path: string;
  readonly contentType: string;
  /** What the request says beside the events; where the key is not in the body, it is in a header. */
  readonly prefix: (intakeKey: string) => Buffer;
  readonly headers: (intakeKey: string) => Readonly<Record<string, string>>;
  /** A byte between events. */
  readonly separator: number;
  readonly suffix: Buffer;
  /** Bytes of an event as it stands in the body. */
  readonly size: (events: Events, index: number) => number;
  /** Copies events, separated, to where they stand. */
  readonly copy: (run: EventRun, body: Uint8Array, at: number) => void;
  /** The text of an event, from how it stands in the body. */
  readonly decode: (encoded: Uint8Array) => Uint8Array;
}

const NOTHING = Buffer.alloc(0);
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;

/** `{"intake_key":"…","jsons":["…","…"]}`: each string is the exact text of an event. */
const JSON_FORM: BodyForm = {
  path: '/batch',
  contentType: 'application/json',
  prefix: (intakeKey) => Buffer.from(`{"intake_key":${JSON.stringify(intakeKey)},"jsons":[`),
  headers: () => ({}),
  separator: COMMA,
  suffix: Buffer.from(']}'),
  size: (events, index) => events.quotedSize(index),
  copy: ({ events, from, to }, body, at) => events.copyQuoted(from, to, body, at),
  decode: readQuotedText,
};

/** One event a line. In JSON a line break can only stand between tokens, where a blank means the same. */
const LINES_FORM: BodyForm = {
  path: '/plain/batch',
  contentType: 'text/plain; charset=utf-8',
  prefix: () => NOTHING,
  headers: (intakeKey) => ({ 'x-sekoiaio-intake-key': intakeKey }),
  separator: LINE_FEED,
  suffix: NOTHING,
  size: (events, index) => events.size(index),
  copy: copyLines,
  decode: (encoded) => Uint8Array.from(encoded),
};

export const BODY_FORMS = { json: JSON_FORM, lines: LINES_FORM } as const;

function copyLines({ events, from, to }: EventRun, body: Uint8Array, at: number): void {
  const run = events.run(from, to);
  const isReady = run !== undefined && !hasLineBreak(run);
  if (isReady) body.set(run, at);
  for (let index = from; index < to; index += 1) {
    if (index > from) body[at++] = LINE_FEED;
    if (!isReady) body.set(withoutLineBreaks(events.text(index)), at);
    at += events.size(index);
  }
}

function withoutLineBreaks(text: Uint8Array): Uint8Array {
  return hasLineBreak(text) ? text.map((byte) => (isLineBreak(byte) ? BLANK : byte)) : text;
}

function hasLineBreak(text: Uint8Array): boolean {
  return text.includes(LINE_FEED) || text.includes(CARRIAGE_RETURN);
}

function isLineBreak(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN;
}
