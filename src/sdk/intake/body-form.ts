import { readQuotedText } from '../json/json-string.js';
import type { Events } from '../pipeline/events.js';

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
  /** An event's text as it stands in the body; good until that of another one is asked for. */
  readonly encode: (events: Events, index: number) => Uint8Array;
  /** What `encode` was given. */
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
  encode: (events, index) => events.quoted(index),
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
  encode: (events, index) => {
    const text = events.text(index);
    return hasLineBreak(text) ? text.map(withoutLineBreak) : text;
  },
  decode: (encoded) => Uint8Array.from(encoded),
};

export const BODY_FORMS = { json: JSON_FORM, lines: LINES_FORM } as const;

function hasLineBreak(text: Uint8Array): boolean {
  return text.includes(LINE_FEED) || text.includes(CARRIAGE_RETURN);
}

function withoutLineBreak(byte: number): number {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN ? BLANK : byte;
}
