import { faultOf } from '../json/event-splitter.js';
import { HeldText } from '../json/held-text.js';
import { Kernel, type MemberNames, PLACES, RECORD } from '../json/kernel/kernel.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import { LineStart } from './line-start.js';
import { type StoredEvents, StoredList, StoredRun } from './stored-events.js';

/** A part of an object that gave no event. */
export interface StoredFault {
  /** Where what was not delivered begins: bytes, in the content as it is without compression. */
  readonly offset: number;
  /** Where reading went on, or where the content ended. */
  readonly end: number;
  /** In words, fit for a log. */
  readonly reason: string;
  /** Whether events behind it were looked for and are delivered, or nothing behind its offset could be read. */
  readonly rest: 'skipped' | 'end';
}

/** What a splitter is told. */
export interface StoredSplitterOptions {
  /** Leaves out what begins before this offset, faults too. */
  readonly from: number;
  /** An event that is longer is a fault. */
  readonly maxEventBytes: number;
  /** May change bytes of an event's text in place. */
  readonly restore: ((text: Uint8Array) => void) | undefined;
  /** Called for each part that gives no event, after the events before it were taken. */
  readonly onFault: (fault: StoredFault) => void;
}

/** How the text broke, while the next event is looked for. */
interface Break {
  readonly offset: number;
  readonly reason: string;
  /** Blanks at the begin of the line that the broken event is on. */
  readonly indent: number;
  /** Blanks of the line at hand so far; undefined in its middle. */
  blanks: number | undefined;
}

const NAMES: MemberNames = ['id', 'timestamp', 'service'];
/**
 * How often, without an event in between, a text is looked at again from the line after the one on which a broken event
 * begins, and not only from where it showed: what is nested on purpose must not cost more than a few times its length.
 */
const MOST_BREAKS_LOOKED_BACK = 3;
const LINE_FEED = 0x0a;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/**
 * Splits the content of a stored object into the exact texts of its events: arrays, and objects one after another, in lines
 * or not. Built as EventSplitter is, on the same kernel; but a break ends no more than the event that it is in. The next one
 * begins with a line, no further to the right than the line of the broken one: so an object inside of an event is never taken
 * for an event where the lines of one are indented.
 */
export class StoredSplitter {
  readonly #kernel = Kernel.borrow(NAMES, 'stored');
  readonly #text: HeldText;
  /** Of the line on which the element under way begins, or on which the kernel's input does. */
  readonly #line = new LineStart();
  /** Where in the content the next byte to be looked at is. */
  #at = 0;
  #break: Break | undefined;
  #breaks = 0;

  constructor(private readonly options: StoredSplitterOptions) {
    this.#text = new HeldText(this.#kernel, options.maxEventBytes);
  }

  /** Takes the next piece of the content. @returns the events that ended in it, some at a time: each good until the next */
  *push(piece: Uint8Array): Generator<StoredEvents, void, undefined> {
    const texts = [piece];
    for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
      const start = this.#nextEvent(text);
      if (start !== undefined) texts.push(...(yield* this.#split(text.subarray(start))));
    }
  }

  /**
   * To be called when the content is over.
   * @param cutOff why there is no more of it, where that is not its end
   */
  *end(cutOff?: string): Generator<StoredEvents, void, undefined> {
    while (this.#break === undefined && this.#kernel.isInElement) yield* this.push(this.#breakOff());
    const { place } = this.#kernel;
    if (this.#break !== undefined) {
      const { offset, reason } = this.#break;
      this.#tell({ offset, reason: cutOff === undefined ? reason : `${reason}; ${cutOff}`, rest: 'end' });
    } else if (cutOff !== undefined) {
      this.#tell({ offset: this.#at, reason: cutOff, rest: 'end' });
    } else if (place !== PLACES.start && place !== PLACES.end) {
      this.#tell({ offset: this.#at, reason: 'the array has no end', rest: 'end' });
    }
  }

  /** To be called when nothing will be asked any more of it or its events: what it needed serves the next one. */
  close(): void {
    this.#kernel.giveBack();
  }

  /** @returns what is left to be looked at, the first of it last: nothing, unless the text breaks */
  *#split(piece: Uint8Array): Generator<StoredEvents, Uint8Array[], undefined> {
    const [kernel, text] = [this.#kernel, this.#text];
    for (let from = 0; from < piece.length;) {
      const { held } = text;
      const filled = text.fill(piece.subarray(from));
      const origin = this.#at - held;
      from += filled - held;
      this.#at += filled - held;
      for (let lookedAt = held; lookedAt < filled; lookedAt = kernel.lookedAt) {
        const ended = kernel.split(lookedAt, filled, text.told);
        if (ended < 0) return [piece.subarray(from - (filled - kernel.lookedAt)), this.#breakAt(origin)];
        if (ended > 0) yield* this.#events(ended, origin);
      }
      if (text.carriedBytes === 0) this.#line.moveTo(kernel.isInElement ? kernel.elementStart : filled, kernel.input);
      text.keep(filled);
    }
    return [];
  }

  *#events(ended: number, origin: number): Generator<StoredEvents, void, undefined> {
    const { from, restore } = this.options;
    const [kernel, { carriedBytes, isTooLong }] = [this.#kernel, this.#text];
    const whole = this.#text.takeWhole(kernel.word(0, RECORD.end));
    this.#breaks = 0;
    const run = new StoredRun([kernel, ended, NAMES], { whole, carriedBytes }, origin);
    if (run.offset(ended - 1) < from) return;
    const faults = this.#faultsOf(run, isTooLong);
    if (faults.size === 0 && run.offset(0) >= from) {
      if (restore !== undefined) for (let index = 0; index < ended; index += 1) restore(run.text(index));
      yield run;
    } else {
      yield* this.#someOf(run, faults);
    }
  }

  /** By index, what is wrong with elements that are no events. */
  #faultsOf(run: StoredRun, isFirstTooLong: boolean): Map<number, string> {
    const { maxEventBytes } = this.options;
    const faults = new Map<number, string>();
    for (let index = 0; index < run.count; index += 1) {
      if ((index === 0 && isFirstTooLong) || run.size(index) > maxEventBytes) {
        faults.set(index, `an event is longer than ${maxEventBytes} bytes`);
      } else if (run.text(index)[0] !== OPEN_OBJECT) {
        faults.set(index, 'what stands there is no JSON object');
      }
    }
    return faults;
  }

  *#someOf(run: StoredRun, faults: ReadonlyMap<number, string>): Generator<StoredEvents, void, undefined> {
    const { from, restore } = this.options;
    let events: RawEvent[] = [];
    let places: [number, number][] = [];
    for (let index = 0; index <= run.count; index += 1) {
      const reason = faults.get(index);
      if ((reason !== undefined || index === run.count) && events.length > 0) {
        yield new StoredList(events, places);
        [events, places] = [[], []];
      }
      if (index === run.count || run.offset(index) < from) continue;
      const [offset, end] = [run.offset(index), run.end(index)];
      if (reason === undefined) {
        restore?.(run.text(index));
        events.push(run.at(index));
        places.push([offset, end]);
      } else {
        this.#tell({ offset, end, reason, rest: 'skipped' });
      }
    }
  }

  /** The text breaks where the kernel says. @returns what there is of the broken event, to be looked at again */
  #breakAt(origin: number): Buffer {
    const [kernel, { carriedBytes }] = [this.#kernel, this.#text];
    const brokenAt = kernel.lookedAt;
    const place = ~kernel.place;
    const isInEvent = place === PLACES.element || place === PLACES.tooDeep;
    const start = isInEvent ? kernel.elementStart : brokenAt;
    if (carriedBytes === 0) this.#line.moveTo(start, kernel.input);
    return this.#giveUp(origin + start - carriedBytes, [start, brokenAt], wordsFor(kernel));
  }

  /** The content is over within an event. @returns what there is of it, where another one may begin in it */
  #breakOff(): Buffer {
    const { held, carriedBytes } = this.#text;
    const begin = this.#at - held - carriedBytes;
    const text = this.#giveUp(begin, [0, held], 'an event is cut off');
    // Where the first line is but a brace, its lines are those of one event.
    if (!/^\{[ \t\r]*\n/.test(text.toString('latin1', 0, 4096))) return text;
    this.#at += text.length;
    return NOTHING;
  }

  /**
   * Looks for the next event from now on.
   * @param range of what the kernel has of the broken one
   * @returns what is to be looked at again, before what follows
   */
  #giveUp(offset: number, [start, end]: readonly [number, number], reason: string): Buffer {
    const [kernel, text] = [this.#kernel, this.#text];
    this.#breaks += 1;
    const { isTooLong, carriedBytes } = text;
    let seen = text.takeWhole(end) ?? Buffer.from(kernel.input.subarray(start, end));
    if (isTooLong || this.#breaks > MOST_BREAKS_LOOKED_BACK) seen = NOTHING;
    text.held = 0;
    kernel.resume();
    this.#at = offset + carriedBytes + end - start - seen.length;
    this.#break = { offset, reason, indent: this.#line.indent, blanks: undefined };
    return seen;
  }

  /** @returns where in the text there is something for the kernel; undefined where there is nothing */
  #nextEvent(text: Uint8Array): number | undefined {
    if (this.#break === undefined) return 0;
    const start = this.#lineOfEvent(text, this.#break);
    this.#at += start ?? text.length;
    if (start === undefined) return undefined;
    const { offset, reason, blanks = 0 } = this.#break;
    this.#line.beginAfter(blanks);
    this.#break = undefined;
    this.#tell({ offset, reason, rest: 'skipped' });
    return start;
  }

  #lineOfEvent(text: Uint8Array, broken: Break): number | undefined {
    // In an array only an event can follow.
    const isArrayPossible = this.#kernel.place === PLACES.end;
    for (let at = 0; at < text.length; at += 1) {
      if (broken.blanks === undefined) {
        at = text.indexOf(LINE_FEED, at);
        if (at < 0) return undefined;
        broken.blanks = 0;
        continue;
      }
      const byte = text[at] ?? 0;
      const isBegin = byte === OPEN_OBJECT || (byte === OPEN_ARRAY && isArrayPossible);
      if (byte === LINE_FEED) broken.blanks = 0;
      else if (byte === 0x20 || byte === 0x09) broken.blanks += 1;
      else if (isBegin && broken.blanks <= broken.indent) return at;
      else if (byte !== 0x0d) broken.blanks = undefined;
    }
    return undefined;
  }

  #tell({ offset, end = this.#at, ...fault }: Omit<StoredFault, 'end'> & { readonly end?: number }): void {
    if (offset >= this.options.from) this.options.onFault({ offset, end, ...fault });
  }
}

const NOTHING = Buffer.alloc(0);

/** What is wrong, where an array need not be. */
function wordsFor(kernel: Kernel): string {
  const byte = kernel.input[kernel.lookedAt] ?? 0;
  const place = ~kernel.place;
  if (place === PLACES.element && byte === LINE_FEED) return 'a line ends inside of a string';
  if (place === PLACES.element && (byte === OPEN_OBJECT || byte === OPEN_ARRAY)) {
    return `'${String.fromCharCode(byte)}' stands where no value can begin`;
  }
  return place === PLACES.start || place === PLACES.end ? 'what stands there is no JSON object' : faultOf(kernel);
}
