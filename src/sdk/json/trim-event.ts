import { isUtf8 } from 'node:buffer';

import {
  characterEnd,
  childrenOf,
  type Child,
  isJson,
  keyOf,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipBlanks,
} from './json-text.js';

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
  if (event[skipBlanks(event, 0)] !== OPEN_OBJECT || !isUtf8(event) || !isJson(event)) return undefined;
  const subject = { text: event, ranks: rankMembers(event, rules.protectedMembers), limitBytes: rules.limitBytes };
  for (const grain of GRAINS) {
    const trimmed = new Trimming(subject, grain).copy();
    if (trimmed !== undefined) return trimmed;
  }
  return undefined;
}

interface Subject {
  readonly text: Uint8Array;
  /** By where they begin: the members never cut (0), and those that are cut last (1). All others come third (2). */
  readonly ranks: ReadonlyMap<number, 0 | 1>;
  readonly limitBytes: number;
}

function rankMembers(text: Uint8Array, protectedMembers: readonly string[]): Map<number, 0 | 1> {
  const shielded = new Set(protectedMembers);
  const ranks = new Map<number, 0 | 1>();
  for (const child of childrenOf(text, skipBlanks(text, 0))) {
    const key = keyOf(text, child);
    if (NEVER_CUT.includes(key)) ranks.set(child.start, 0);
    else if (shielded.has(key)) ranks.set(child.start, 1);
  }
  return ranks;
}

/** A list or object being cut. */
interface Place {
  readonly path: string;
  readonly depth: number;
}

/** What is kept of a list or object, each child with the bytes that its value may take. */
interface Selection {
  readonly chosen: readonly Child[];
  readonly count: number;
}

class Trimming {
  readonly #cuts: Cut[] = [];
  readonly #parts: Uint8Array[] = [];

  private readonly text: Uint8Array;

  constructor(
    private readonly subject: Subject,
    private readonly grain: Grain,
  ) {
    this.text = subject.text;
  }

  /** Undefined where it does not fit, cut this way. */
  copy(): Buffer | undefined {
    const { ranks, limitBytes } = this.subject;
    const open = skipBlanks(this.text, 0);
    const levels = new Map<Child, number>();
    let room = limitBytes - this.grain.markerBytes - '{}'.length;
    let members = 0;
    for (const rank of [0, 1, 2]) {
      const { chosen, count } = this.#select(open, rank === 0 ? Infinity : room, ({ start }) => {
        return (ranks.get(start) ?? 2) === rank;
      });
      members = count;
      const level = rank === 0 ? Infinity : this.#levelFor(chosen, room);
      for (const child of chosen) {
        levels.set(child, level);
        room -= overhead(child) + Math.min(sizeOf(child), level);
      }
      if (room < 0) return undefined;
    }
    const kept = [...levels.keys()].sort((a, b) => a.start - b.start);
    this.#note({ path: '', kind: 'object', kept: kept.length, of: members });
    this.#push('{');
    kept.forEach((child, index) => {
      this.#separate(index);
      this.#member(child, levels.get(child) ?? 0, { path: '', depth: 0 });
    });
    return this.#finish(kept.length);
  }

  #finish(members: number): Buffer | undefined {
    const account = { original_bytes: this.text.length, cuts: this.#cuts };
    const marker = `${members === 0 ? '' : ','}"${TRIM_MARKER}":${JSON.stringify(account)}`;
    if (Buffer.byteLength(marker) > this.grain.markerBytes) return undefined;
    this.#push(`${marker}}`);
    return Buffer.concat(this.#parts);
  }

  /**
   * Chooses the children that are kept, at least in part: of a list the first ones, of an object all for which there is
   * room.
   */
  #select(open: number, room: number, wants: (child: Child) => boolean = () => true): Selection {
    const isList = this.text[open] === OPEN_ARRAY;
    const chosen: Child[] = [];
    let [count, left, isOver] = [0, room, false];
    for (const child of childrenOf(this.text, open)) {
      count += 1;
      if (isOver || !wants(child)) continue;
      const needed = overhead(child) + this.#least(child, isList, room);
      if (needed <= left) {
        chosen.push(child);
        left -= needed;
      } else isOver = isList;
    }
    return { chosen, count };
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
    this.#parts.push(this.text.subarray(child.start, child.valueStart));
    this.#value(child, level, () => ({ path: `${path}/${escapePointer(keyOf(this.text, child))}`, depth: depth + 1 }));
  }

  #value(child: Child, level: number, place: () => Place): void {
    const { valueStart, end } = child;
    if (sizeOf(child) <= level || !this.#canBeCut(child)) this.#parts.push(this.text.subarray(valueStart, end));
    else if (this.text[valueStart] === QUOTE) this.#string(valueStart, end, level, place().path);
    else this.#container(valueStart, level, place());
  }

  #container(open: number, level: number, place: Place): void {
    const isList = this.text[open] === OPEN_ARRAY;
    const room = place.depth < DEEPEST ? level - '[]'.length : 0;
    const { chosen, count } = this.#select(open, room);
    const share = this.#levelFor(chosen, room);
    this.#note({ path: place.path, kind: isList ? 'list' : 'object', kept: chosen.length, of: count });
    this.#push(isList ? '[' : '{');
    chosen.forEach((child, index) => {
      this.#separate(index);
      if (isList) this.#value(child, share, () => ({ path: `${place.path}/${index}`, depth: place.depth + 1 }));
      else this.#member(child, share, place);
    });
    this.#push(isList ? ']' : '}');
  }

  #string(start: number, end: number, level: number, path: string): void {
    let [keptTo, kept, of] = [start + 1, 0, 0];
    for (let at = start + 1; at < end - 1;) {
      at = characterEnd(this.text, at);
      of += 1;
      if (at + 1 - start <= level) [keptTo, kept] = [at, of];
    }
    this.#note({ path, kind: 'string', kept, of });
    this.#parts.push(this.text.subarray(start, keptTo));
    this.#push('"');
  }

  /** Blanks between values that are gone may have made a cut unnecessary: then there is nothing to tell. */
  #note(cut: Cut): void {
    if (cut.kept < cut.of) this.#cuts.push(cut);
  }

  #separate(index: number): void {
    if (index > 0) this.#push(',');
  }

  #push(text: string): void {
    this.#parts.push(Buffer.from(text));
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
