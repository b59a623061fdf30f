import { EventSplitter, MalformedArrayError } from '../../../src/sdk/json/event-splitter.js';
import { readQuotedText } from '../../../src/sdk/json/json-string.js';
import { Ledger, type LedgerEntry } from '../../../src/sdk/ledger/ledger.js';
import type { Events } from '../../../src/sdk/pipeline/events.js';
import type { RawEvent } from '../../../src/sdk/pipeline/raw-event.js';
import { parseTimestamp } from '../../../src/sdk/time/timestamp.js';
import { LyingPieces } from '../../support/lying-pieces.js';
import { quotedRun } from '../../support/quoted-run.js';
import type { FuzzCase } from './draw-text.js';

/** What the splitter says of an event. */
interface Split {
  readonly bytes: Buffer;
  readonly id: string | undefined;
  readonly timestampMs: number | undefined;
  readonly service: string | undefined;
  /** What of its columns differs from the event. */
  readonly columns: string | undefined;
}

interface Result {
  readonly events: readonly Split[];
  /** Why it refused the text. */
  readonly refusal: string | undefined;
}

/**
 * Holds the splitter against JSON.parse: in one piece and in pieces, it takes what JSON.parse takes; what it takes and
 * JSON.parse does not is wrong inside an event only; its events and what stands between them are the text; and of each it
 * says what JSON.parse finds in it.
 * @returns what is wrong; undefined where nothing is
 */
export function findFault({ bytes, cuts, events }: FuzzCase): string | undefined {
  const whole = split([Buffer.from(bytes)]);
  for (const [how, cut] of [
    ['in pieces', copiesOf(cutUp(bytes, cuts))],
    ['in pieces where they lie', lyingPiecesOf(cutUp(bytes, cuts))],
  ] as const) {
    const pieces = split(cut);
    if (whole.refusal !== pieces.refusal)
      return `in one piece: ${whole.refusal ?? 'taken'}; ${how}: ${pieces.refusal ?? 'taken'}`;
    const fault = verdictFault(bytes, pieces, events) ?? textFault(bytes, pieces) ?? eventsFault(whole, pieces);
    if (fault !== undefined) return `${how}: ${fault}`;
  }
  return undefined;
}

/** The only place that knows in what form the splitter gives events. */
function take(splitter: EventSplitter, piece: Uint8Array, events: Split[]): void {
  for (const ended of splitter.push(piece)) {
    const keys = [...ended.keys(SEEN_MS)];
    for (const [index, key] of keys.entries()) {
      const { bytes: view, ...event } = ended.at(index);
      const bytes = Buffer.from(view);
      const columns = keyFault(key, { ...event, bytes }) ?? columnsFault(ended, index, { ...event, bytes });
      events.push({ bytes, id: event.id, service: event.service, timestampMs: event.timestampMs, columns });
    }
    const last = events.at(-1);
    if (last !== undefined && (ended.count !== keys.length || !copiesRuns(ended)))
      events[events.length - 1] = { ...last, columns: 'quoted run' };
  }
}

/** What can be asked for without making an object of an event is what the object says. */
function columnsFault(events: Events, index: number, event: RawEvent): string | undefined {
  const { bytes, timestampMs } = event;
  if (events.size(index) !== bytes.length || !Buffer.from(events.text(index)).equals(bytes)) return 'text';
  if (events.timestampMs(index) !== timestampMs) return 'time';
  return Buffer.from(readQuotedText(quotedRun(events, index, index + 1))).equals(bytes) ? undefined : 'quoted text';
}

function keyFault(key: LedgerEntry, event: RawEvent): string | undefined {
  const wanted = Ledger.keyOf(event, SEEN_MS);
  if (key.bucket !== wanted.bucket || key.place !== wanted.place) return 'minute';
  return key.high !== wanted.high || key.low !== wanted.low ? 'hash' : undefined;
}

/** Whether all of it copied together is what each is by itself. */
function copiesRuns(events: Events): boolean {
  const each = Array.from({ length: events.count }, (_, index) =>
    quotedRun(events, index, index + 1).toString('latin1'),
  );
  return quotedRun(events, 0, events.count).toString('latin1') === each.join(',');
}

const SEEN_MS = 1_900_000_000_000;

function split(pieces: Iterable<Buffer>): Result {
  const splitter = new EventSplitter();
  const events: Split[] = [];
  try {
    for (const piece of pieces) {
      take(splitter, piece, events);
      // As the memory of a piece that was read is used again.
      piece.fill(0x22);
    }
    splitter.end();
    return { events, refusal: undefined };
  } catch (error) {
    if (!(error instanceof MalformedArrayError)) throw error;
    return { events, refusal: error.message };
  } finally {
    splitter.close();
  }
}

function cutUp(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}

function copiesOf(pieces: readonly Buffer[]): Buffer[] {
  return pieces.map((piece) => Buffer.from(piece));
}

const memories = new LyingPieces();

function* lyingPiecesOf(pieces: readonly Buffer[]): Generator<Buffer> {
  for (const piece of pieces) yield* memories.of(piece);
}

function verdictFault(bytes: Buffer, { events, refusal }: Result, expected: number | undefined): string | undefined {
  // Latin-1: every byte a character, so that broken UTF-8 is no matter.
  const value = parsed(withoutMark(bytes).toString('latin1'));
  const wanted = Array.isArray(value) ? value.length : expected;
  if (wanted !== undefined && refusal !== undefined) return `refused: ${refusal}`;
  if (wanted !== undefined && events.length !== wanted) return `${events.length} events instead of ${wanted}`;
  if (wanted !== undefined || refusal !== undefined) return undefined;
  // Taken although it is no JSON: then it is an event that is none. Of the mark of UTF-8 a beginning will do.
  const isInside =
    bytes[skipBlanks(bytes, 0)] === 0xef ||
    events.some((event) => parsed(event.bytes.toString('latin1')) === undefined);
  return isInside ? undefined : 'taken, and no event is to blame';
}

/** The events, blanks, commas and brackets are the text, or its beginning where it was refused. */
function textFault(bytes: Buffer, { events, refusal }: Result): string | undefined {
  const text = bytes.subarray(MARK_AND_BLANKS.exec(bytes.toString('latin1', 0, 64))?.[0].length);
  let at = skipBlanks(text, 0);
  if (events.length === 0 && refusal !== undefined) return undefined;
  if (text[at] !== 0x5b) return 'taken without a bracket';
  at = skipBlanks(text, at + 1);
  for (const [index, event] of events.entries()) {
    if (index > 0) {
      if (text[at] !== 0x2c) return `no comma before event ${index}`;
      at = skipBlanks(text, at + 1);
    }
    if (!text.subarray(at, at + event.bytes.length).equals(event.bytes)) return `event ${index} has other bytes`;
    if (!isOneValue(event.bytes)) return `event ${index} is not one value`;
    at = skipBlanks(text, at + event.bytes.length);
  }
  if (refusal !== undefined) return undefined;
  if (text[at] !== 0x5d) return 'taken without its last bracket';
  return skipBlanks(text, at + 1) === text.length ? undefined : 'taken with something behind it';
}

function eventsFault(whole: Result, pieces: Result): string | undefined {
  for (const [index, event] of pieces.events.entries()) {
    const other = whole.events[index];
    if (other === undefined) {
      // The piece that is refused gives nothing.
      if (pieces.refusal === undefined) return `event ${index} is missing in one piece`;
    } else if (!event.bytes.equals(other.bytes)) return `event ${index} has other bytes in one piece`;
    const otherFault = other && memberFault(other);
    if (otherFault !== undefined) return `event ${index}: ${otherFault}, in one piece`;
    const fault = memberFault(event);
    if (fault !== undefined) return `event ${index}: ${fault}`;
  }
  return undefined;
}

function memberFault({ bytes, id, timestampMs, service, columns }: Split): string | undefined {
  if (columns !== undefined) return `${columns} by columns`;
  const value = parsed(bytes.toString('utf8'));
  // Nothing is said of what is no JSON.
  if (value === undefined) return undefined;
  const member = (key: string): unknown =>
    isObject(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  const [wantedTime, wantedService] = [member('timestamp'), member('service')];
  if (timestampMs !== (typeof wantedTime === 'string' ? parseTimestamp(wantedTime)?.ms : undefined)) return 'timestamp';
  if (service !== (typeof wantedService === 'string' ? wantedService : undefined)) return 'service';
  return isIdOf(id, member('id')) ? undefined : `id ${String(id)}`;
}

/** A number identifies by its text, what is no well-formed text by its bytes, quotes included. */
function isIdOf(id: string | undefined, value: unknown): boolean {
  if (typeof value === 'number') return id !== undefined && Number(id) === value;
  if (typeof value !== 'string' || value === '') return id === undefined;
  const isText = !Buffer.from(value).toString().includes('\ufffd');
  return isText ? id === value : id?.startsWith('"') === true && id.endsWith('"');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** With brackets balanced, and nothing beside a string, list or object. A number may have anything at its end. */
function isOneValue(bytes: Buffer): boolean {
  const outside = bytes.toString('latin1').replaceAll(/"(?:[^"\\]|\\.)*"/gs, '"');
  if (outside.startsWith('"')) return outside === '"';
  const isContainer = /^[[{]/.test(outside);
  let open = '';
  for (let at = 0; at < outside.length; at += 1) {
    const letter = outside.charAt(at);
    if (letter === '{' || letter === '[') open += letter === '{' ? '}' : ']';
    else if (letter === '}' || letter === ']') {
      if (!open.endsWith(letter)) return false;
      open = open.slice(0, -1);
      if (open === '' && isContainer) return at === outside.length - 1;
    } else if (open === '' && ', \n\r\t'.includes(letter)) return false;
  }
  return open === '';
}

const MARK_AND_BLANKS = /^[ \n\r\t]*\xef?[ \n\r\t]*\xbb?[ \n\r\t]*\xbf?/;

function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function skipBlanks(text: Buffer, from: number): number {
  let at = from;
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at += 1;
  return at;
}
