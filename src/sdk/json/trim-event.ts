import { isAscii, isUtf8 } from 'node:buffer';

import {
  BACKSLASH,
  characterEnd,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  childrenOf,
  type Child,
  COMMA,
  isKeyAmong,
  keyOf,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipBlanks,
} from './json-text.js';
import { LongValues } from './long-values.js';
import { TextCopy } from './text-copy.js';

/** Name of the member that says what was cut. It comes last: where the event has one itself, ours is the one that counts. */
export const TRIM_MARKER = '_trimmed';

/** What identifies an event is never cut, whatever else has to be. */
const NEVER_CUT: readonly string[] = ['id', 'timestamp'];

/** Deeper than this nothing is cut in parts: what is too large there is emptied. */
const DEEPEST = 32;

export interface TrimRules {
  /** What the copy may take, bytes. */
  readonly limitBytes: number;
  /** Members of the top level that are kept whole as long as that is possible at all. */
  readonly protectedMembers: readonly string[];
}

/** One place where something was left out. */
export interface Cut {
  /** JSON Pointer (RFC 6901). Where a key repeats, it may mean any of that name. */
  readonly path: string;
  readonly kind: 'list' | 'string' | 'object';
  /** The first items of a list, the first characters (code points) of a string, or members of an object. */
  readonly kept: number;
  readonly of: number;
}

/** How finely to cut: the finer, the more is kept of each, and the longer the account of it. */
interface Grain {
  /** Room kept for the marker, bytes. */
  readonly markerBytes: number;
  /** A member, or an item, is left out altogether rather than cut to less than this, bytes. */
  readonly leastMember: number;
  readonly leastItem: number;
}

/** Tried in turn until the marker fits into its room. The last one leaves whole members out, in a single cut. */
const GRAINS: readonly Grain[] = [
  { markerBytes: 2_000, leastMember: 256, leastItem: 8_192 },
  { markerBytes: 24_000, leastMember: 256, leastItem: 8_192 },
  { markerBytes: 24_000, leastMember: 4_096, leastItem: 65_536 },
  { markerBytes: 2_000, leastMember: Infinity, leastItem: Infinity },
];

/**
 * A reduced copy of an event that is too large: still one JSON object, its largest lists and strings cut, all that is kept
 * byte for byte as it was. What is small stays whole; what is large shares the room that is left. A last member, `_trimmed`,
 * says what was cut: `{"original_bytes", "cuts": [{"path", "kind", "kept", "of"}]}`.
 * @returns undefined where no such copy can be made: no JSON object, or too much that may not be cut
 */
export function trimEvent(event: Uint8Array, rules: TrimRules): Buffer | undefined {
  const open = skipBlanks(event, 0);
  if (event[open] !== OPEN_OBJECT || !isUtf8(event)) return undefined;
  // What is emptied has its children counted, too.
  const values = LongValues.of(event, DEEPEST + 1);
  if (values === undefined) return undefined;
  const members = [...childrenOf(event, open, values.endOf)];
  const ranks = rankMembers(event, members, rules.protectedMembers);
  const subject = { text: Buffer.from(event.buffer, event.byteOffset, event.length), values, members, ranks, ...rules };
  for (const grain of GRAINS) {
    const trimmed = new Trimming(subject, grain).copy();
    if (trimmed !== undefined) return trimmed;
  }
  return undefined;
}

interface Subject {
  readonly text: Buffer;
  readonly values: LongValues;
  /** Those of the event itself. */
  readonly members: readonly Child[];
  /** By where they begin: the members never cut (0), and those that are cut last (1). All others come third (2). */
  readonly ranks: ReadonlyMap<number, 0 | 1>;
  readonly limitBytes: number;
}

function rankMembers(
  text: Uint8Array,
  members: readonly Child[],
  protectedMembers: readonly string[],
): Map<number, 0 | 1> {
  const ranks = new Map<number, 0 | 1>();
  const isNeverCut = isKeyAmong(text, NEVER_CUT);
  const isShielded = isKeyAmong(text, protectedMembers);
  for (const child of members) {
    if (isNeverCut(child)) ranks.set(child.start, 0);
    else if (isShielded(child)) ranks.set(child.start, 1);
  }
  return ranks;
}

/** A list or object being cut. */
interface Place {
  readonly path: string;
  readonly depth: number;
}

class Trimming {
  readonly #cuts: Cut[] = [];
  readonly #copy: TextCopy;
  private readonly text: Buffer;

  constructor(
    private readonly subject: Subject,
    private readonly grain: Grain,
  ) {
    this.text = subject.text;
    this.#copy = new TextCopy(subject.text);
  }

  /** Undefined where it does not fit, cut this way. */
  copy(): Buffer | undefined {
    const { members, ranks, limitBytes } = this.subject;
    const levels = new Map<Child, number>();
    let room = limitBytes - this.grain.markerBytes - '{}'.length;
    for (const rank of [0, 1, 2]) {
      const ranked = members.filter(({ start }) => (ranks.get(start) ?? 2) === rank);
      const chosen = this.#choose(ranked, rank === 0 ? Infinity : room, false);
      const level = rank === 0 ? Infinity : this.#levelFor(chosen, room);
      for (const child of chosen) {
        levels.set(child, level);
        room -= overhead(child) + Math.min(sizeOf(child), level);
      }
      if (room < 0) return undefined;
    }
    const kept = [...levels.keys()].sort((a, b) => a.start - b.start);
    this.#note({ path: '', kind: 'object', kept: kept.length, of: members.length });
    this.#copy.character(OPEN_OBJECT);
    kept.forEach((child, index) => {
      if (index > 0) this.#copy.character(COMMA);
      this.#member(child, levels.get(child) ?? 0, { path: '', depth: 0 });
    });
    return this.#finish(kept.length);
  }

  #finish(members: number): Buffer | undefined {
    const account = { original_bytes: this.text.length, cuts: this.#cuts };
    const marker = `${members === 0 ? '' : ','}"${TRIM_MARKER}":${JSON.stringify(account)}`;
    if (Buffer.byteLength(marker) > this.grain.markerBytes) return undefined;
    this.#copy.text(`${marker}}`);
    return this.#copy.whole();
  }

  /**
   * Chooses the children that are kept, at least in part: of a list the first ones, of an object all for which there is
   * room.
   */
  #choose(children: Iterable<Child>, room: number, isList: boolean): Child[] {
    const chosen: Child[] = [];
    let left = room;
    for (const child of children) {
      const needed = overhead(child) + this.#least(child, isList, room);
      if (needed <= left) {
        chosen.push(child);
        left -= needed;
      } else if (isList) break;
    }
    return chosen;
  }

  /** The fewest bytes that the child's value is cut to. */
  #least(child: Child, isItem: boolean, room: number): number {
    const size = sizeOf(child);
    const least = isItem ? this.grain.leastItem : this.grain.leastMember;
    if (least === Infinity || !this.#canBeCut(child)) return size;
    // Where there is less room than that, half of it, so that something is left of the first ones.
    return Math.min(size, Math.max(2, Math.min(least, Math.floor(room / 2))));
  }

  #canBeCut({ valueStart }: Child): boolean {
    const first = this.text[valueStart];
    return first === QUOTE || first === OPEN_ARRAY || first === OPEN_OBJECT;
  }

  /** The most bytes that each value may take so that all fit: the small ones are whole, the large ones share the rest. */
  #levelFor(chosen: readonly Child[], room: number): number {
    const sizes: number[] = [];
    let left = room;
    for (const child of chosen) {
      left -= overhead(child);
      if (this.#canBeCut(child)) sizes.push(sizeOf(child));
      else left -= sizeOf(child);
    }
    sizes.sort((a, b) => a - b);
    for (const [index, size] of sizes.entries()) {
      const share = Math.floor(left / (sizes.length - index));
      if (size > share) return share;
      left -= size;
    }
    return Infinity;
  }

  #member(child: Child, level: number, { path, depth }: Place): void {
    this.#copy.stretch(child.start, child.valueStart);
    this.#value(child, level, () => ({ path: `${path}/${escapePointer(keyOf(this.text, child))}`, depth: depth + 1 }));
  }

  #value(child: Child, level: number, place: () => Place): void {
    const { valueStart, end } = child;
    if (sizeOf(child) <= level || !this.#canBeCut(child)) this.#copy.stretch(valueStart, end);
    else if (this.text[valueStart] === QUOTE) this.#string(valueStart, end, level, place().path);
    else this.#container(valueStart, level, place());
  }

  #container(open: number, level: number, place: Place): void {
    const isList = this.text[open] === OPEN_ARRAY;
    const room = place.depth < DEEPEST ? level - '[]'.length : 0;
    const chosen = this.#choose(this.#childrenOf(open), room, isList);
    const share = this.#levelFor(chosen, room);
    this.#note({ path: place.path, kind: isList ? 'list' : 'object', kept: chosen.length, of: this.#count(open) });
    this.#copy.character(isList ? OPEN_ARRAY : OPEN_OBJECT);
    chosen.forEach((child, index) => {
      if (index > 0) this.#copy.character(COMMA);
      if (isList) this.#value(child, share, () => ({ path: `${place.path}/${index}`, depth: place.depth + 1 }));
      else this.#member(child, share, place);
    });
    this.#copy.character(isList ? CLOSE_ARRAY : CLOSE_OBJECT);
  }

  #childrenOf(open: number): Iterable<Child> {
    return childrenOf(this.text, open, this.subject.values.endOf);
  }

  #count(open: number): number {
    return this.subject.values.childrenAt(open) ?? [...this.#childrenOf(open)].length;
  }

  #string(start: number, end: number, level: number, path: string): void {
    const { keptTo, kept, of } = this.#cutString(start, end, level);
    this.#note({ path, kind: 'string', kept, of });
    this.#copy.stretch(start, keptTo);
    this.#copy.character(QUOTE);
  }

  #cutString(start: number, end: number, level: number): { keptTo: number; kept: number; of: number } {
    const inside = this.text.subarray(start + 1, end - 1);
    if (isAscii(inside) && !inside.includes(BACKSLASH)) {
      const kept = Math.max(0, Math.min(inside.length, level - '""'.length));
      return { keptTo: start + 1 + kept, kept, of: inside.length };
    }
    let [keptTo, kept, of] = [start + 1, 0, 0];
    for (let at = start + 1; at < end - 1;) {
      at = characterEnd(this.text, at);
      of += 1;
      if (at + 1 - start <= level) [keptTo, kept] = [at, of];
    }
    return { keptTo, kept, of };
  }

  /** Blanks between values that are gone may have made a cut unnecessary: then there is nothing to tell. */
  #note(cut: Cut): void {
    if (cut.kept < cut.of) this.#cuts.push(cut);
  }
}

/** The key with its colon and blanks, and a comma. */
function overhead({ start, valueStart }: Child): number {
  return valueStart - start + 1;
}

function sizeOf({ valueStart, end }: Child): number {
  return end - valueStart;
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
