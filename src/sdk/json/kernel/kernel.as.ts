// AssemblyScript, compiled to WebAssembly by `npm run generate`: the loops that look at every byte of every event.
// Whoever changes an address, a field or the meaning of one changes kernel.ts beside it.

/** Where in the memory the block of this instance begins. */
declare const block: i32;

// Addresses. The memory never grows, and is that of other instances too.

/** What `split` says beside its result. */
const LOOKED_AT: i32 = block;
const ELEMENT_START: i32 = block + 4;
const PLACE: i32 = block + 8;
/** Whether the keys of some elements are for somebody else to complete. */
const ANY_INCOMPLETE: i32 = block + 12;
/** Three names of members, each with its length before it. */
const NAMES: i32 = block + 1024;
const NAME_BYTES: i32 = 128;
/** The last byte of each, sixteen times. */
const LAST_BYTES: i32 = block + 1536;
const RECORDS: i32 = block + 4096;
/** Of each record its key, words in the order in which an EntryList has them. */
const KEYS: i32 = block + 40_960;
/** One bit for each open bracket or brace. */
const BRACKETS: i32 = block + 65_536;
const MOST_DEPTH: i32 = 524_288;
/** For each set of bytes to escape among eight, where each byte of the result comes from. */
const SHUFFLES: i32 = block + 462_848;
const OUTPUT: i32 = block + 524_288;
const OUTPUT_BYTES: i32 = 524_288;

const MOST_RECORDS: i32 = 512;
// Words of a record.
const RECORD_BYTES: i32 = 64;
const START: i32 = 0;
const END: i32 = 4;
/** Of three members, two words each. */
const MEMBERS: i32 = 8;
const FLAGS: i32 = 32;
const QUOTED_START: i32 = 36;
const QUOTED_END: i32 = 40;
// Words of a key.
const KEY_BYTES: i32 = 16;
const MINUTE: i32 = 0;
const HASH_HIGH: i32 = 4;
const HASH_LOW: i32 = 8;
const MILLISECONDS: i32 = 12;

const LINE_FEED: u8 = 0x0a;
const BLANK: u8 = 0x20;
const QUOTE: u8 = 0x22;
const COMMA: u8 = 0x2c;
const DOT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const COLON: u8 = 0x3a;
const OPEN_ARRAY: u8 = 0x5b;
const BACKSLASH: u8 = 0x5c;
const CLOSE_ARRAY: u8 = 0x5d;
const OPEN_OBJECT: u8 = 0x7b;
const CLOSE_OBJECT: u8 = 0x7d;
/** Tells brackets and braces from each other. */
const CASE_BIT: u8 = 0x20;

// Places in the text. That of a text which is no array is the complement of where it was when that showed.
const AT_START: i32 = 0;
const BEFORE_FIRST: i32 = 1;
const BEFORE_NEXT: i32 = 2;
const ELEMENT: i32 = 3;
const AFTER_ELEMENT: i32 = 4;
const AT_END: i32 = 5;
const TOO_DEEP: i32 = 6;

/** Where a value begins that nobody asks for. */
const NOT_WANTED: i32 = -1;

// Flags of a record.
/** Its members must be looked for by somebody else: a key is escaped, or was cut in two. */
const UNCLEAR: i32 = 1;
/** `PLAIN << n`: the n-th member is a string of printable ASCII without escapes. */
const PLAIN: i32 = 2;
/** Its key is here. */
const KEYED: i32 = 16;
/** `\u0064`, and `\/`. */
const LONGEST_ESCAPE_BYTES: i32 = 6;
const SHORT_ESCAPE_BYTES: i32 = 2;

/** The minute of an event without a timestamp. */
const UNDATED: i32 = i32.MIN_VALUE;

/** Every second bit. */
const EVEN: u64 = 0x5555_5555_5555_5555;
const ODD: u64 = ~EVEN;

// What is remembered between two calls.
let place: i32 = AT_START;
/** Whether the text is a stored object: arrays and objects one after another, of which some may be broken. */
let stored: bool = false;
let inArray: bool = true;
let markBytes: i32 = 0;
let inString: bool = false;
let escaped: bool = false;
let depth: i32 = 0;
/** Of a wanted member; an offset in the element, as are those of members. */
let valueStart: i32 = NOT_WANTED;
/** Which of the members the value belongs to. */
let member: i32 = 0;
let flags: i32 = 0;
let idStart: i32 = -1;
let idEnd: i32 = -1;
let timestampStart: i32 = -1;
let timestampEnd: i32 = -1;
let serviceStart: i32 = -1;
let serviceEnd: i32 = -1;
/** Address of the text that is split. */
let input: i32 = 0;
let records: i32 = 0;
let elementStart: i32 = 0;
/** Added to an address, gives its offset in the element. */
let base: i32 = 0;
let hasShuffles: bool = false;

/** A new text begins. @param isStored false where it must be one array */
export function reset(isStored: bool): void {
  stored = isStored;
  inArray = !isStored;
  markBytes = 0;
  for (let each = 0; each < 3; each += 1) {
    const name = NAMES + each * NAME_BYTES;
    const last = load<i32>(name) > 0 ? load<u8>(name + 3 + load<i32>(name)) : 0xff;
    v128.store(LAST_BYTES + each * 16, i8x16.splat(last));
  }
  begin(AT_START);
}

/** What comes next is looked at as what follows an element, wherever the text broke. */
export function resume(): void {
  begin(inArray ? BEFORE_NEXT : AT_END);
}

function begin(at: i32): void {
  place = at;
  inString = false;
  escaped = false;
  depth = 0;
  beginElement();
  store<i32>(PLACE, place);
}

/**
 * Splits the text at `address` up to `to`, from `from` on, until there are no more records for elements that end.
 * @param carried bytes of the element under way that came before the text
 * @returns the number of elements that ended, -1 where the text is no array of values; of a stored object, where it breaks
 *   behind the elements that were told of before
 */
export function split(address: i32, from: i32, to: i32, carried: i32): i32 {
  if (place < 0) return -1;
  input = address;
  let at = input + from;
  const end = input + to;
  records = 0;
  elementStart = input;
  base = carried - input;
  store<i32>(ANY_INCOMPLETE, 0);
  while (at < end && records < MOST_RECORDS && place >= 0) {
    at = place != ELEMENT ? lookOutside(at) : depth == 0 ? lookAtScalar(at, end) : lookInside(at, end);
  }
  store<i32>(LOOKED_AT, at - input);
  store<i32>(ELEMENT_START, elementStart - input);
  store<i32>(PLACE, place);
  return place < 0 && (!stored || records == 0) ? -1 : records;
}

/** Looks at a byte outside of elements. @returns where to go on: at the same byte, where an element begins with it or may not be */
function lookOutside(at: i32): i32 {
  const byte = load<u8>(at);
  if (isBlank(byte)) return at + 1;
  if (stored) {
    // Nothing is missing where a comma is, or is one too many before the end.
    if (place == AFTER_ELEMENT && byte == OPEN_OBJECT) return startElement(at);
    if (place == BEFORE_NEXT && byte == CLOSE_ARRAY) return closeArray(at);
    if (!inArray) return lookBetween(at, byte);
  }
  if (place == AFTER_ELEMENT) {
    if (byte == CLOSE_ARRAY) return closeArray(at);
    place = byte == COMMA ? BEFORE_NEXT : ~place;
    return place < 0 ? at : at + 1;
  }
  if (place == AT_START) {
    const mark: i32 = markBytes == 0 ? 0xef : markBytes == 1 ? 0xbb : markBytes == 2 ? 0xbf : -1;
    if (i32(byte) == mark) markBytes += 1;
    else place = byte == OPEN_ARRAY ? BEFORE_FIRST : ~place;
    return place < 0 ? at : at + 1;
  }
  if (place == BEFORE_FIRST && byte == CLOSE_ARRAY) return closeArray(at);
  if (place == AT_END || byte == COMMA || byte == CLOSE_ARRAY || byte == CLOSE_OBJECT || byte == COLON) {
    place = ~place;
    return at;
  }
  return startElement(at);
}

/** Looks at a byte of a stored object that is outside of arrays: there may be a mark of UTF-8 before each that was put into it. */
function lookBetween(at: i32, byte: u8): i32 {
  if (byte == OPEN_OBJECT) return startElement(at);
  const mark: i32 = markBytes == 0 ? 0xef : markBytes == 1 ? 0xbb : 0xbf;
  if (i32(byte) == mark) {
    markBytes = (markBytes + 1) % 3;
    return at + 1;
  }
  inArray = byte == OPEN_ARRAY;
  place = inArray ? BEFORE_FIRST : ~place;
  return place < 0 ? at : at + 1;
}

function closeArray(at: i32): i32 {
  place = AT_END;
  inArray = !stored;
  return at + 1;
}

function startElement(at: i32): i32 {
  place = ELEMENT;
  elementStart = at;
  base = -at;
  return at;
}

/** Looks at an element that is no object and no array, or at the first byte of one. */
function lookAtScalar(from: i32, to: i32): i32 {
  for (let at = from; at < to; at += 1) {
    const byte = load<u8>(at);
    if (escaped) {
      escaped = false;
    } else if (inString) {
      if (byte == BACKSLASH) {
        escaped = true;
      } else if (byte == QUOTE) {
        inString = false;
        endElement(at + 1);
        return at + 1;
      }
    } else if (byte == QUOTE) {
      inString = true;
    } else if ((byte | CASE_BIT) == OPEN_OBJECT) {
      open(byte == OPEN_OBJECT);
      return at + 1;
    } else if (byte == COMMA || (byte | CASE_BIT) == CLOSE_OBJECT || isBlank(byte)) {
      // It ends before the byte that shows its end, which is then looked at as what follows an element.
      endElement(at);
      return at;
    }
  }
  return to;
}

/**
 * Looks at an object or array, sixty-four bytes at a time: which of them are quotes, which are inside of strings, and which of
 * the others are brackets, or, at the top level of an object, the colons behind keys.
 * @returns where it ended, or `to`; the address of a bracket that closes what it does not belong to
 */
function lookInside(from: i32, to: i32): i32 {
  let at = from;
  while (at < to) {
    const length = min(64, to - at);
    const valid: u64 = u64.MAX_VALUE >> (64 - length);
    const backslashes = maskOf(at, BACKSLASH) & valid;
    const allQuotes = maskOf(at, QUOTE) & valid;
    const wasEscaped = escaped;
    let quotes = backslashes != 0 || wasEscaped ? allQuotes & ~escapedBy(backslashes, length) : allQuotes;
    let inside = insideOf(quotes);
    if ((backslashes & ~inside) != 0) {
      escaped = wasEscaped;
      quotes = unescaped(allQuotes, backslashes, length);
      inside = insideOf(quotes);
    }
    const outside = ~inside & valid;
    let brackets = bracketsIn(at) & outside;
    // No string has a line's end in it: where a line was cut off, the next one begins.
    if (stored) brackets |= maskOf(at, LINE_FEED) & inside & valid;
    let colons = maskOf(at, COLON) & outside;
    // Those whose key has to be looked at.
    if (colons != 0) colons &= behindNames(at, allQuotes, backslashes);
    let left = depth == 1 ? brackets | separators(at, colons, outside) : brackets;
    while (left != 0) {
      const bit = ctz(left);
      const here = at + i32(bit);
      const byte = load<u8>(here);
      const behind = ~u64(1) << bit;
      left &= behind;
      if (byte == COLON) {
        endKey(here, at, quotes & ~behind, backslashes);
        if (valueStart != NOT_WANTED) left = (brackets | separators(at, colons, outside)) & behind;
      } else if (byte == COMMA) {
        endMember(here);
        left &= brackets | colons;
      } else if ((byte | CASE_BIT) == OPEN_OBJECT) {
        if (stored && !mayOpen(here)) place = ~place;
        else open(byte == OPEN_OBJECT);
        if (place < 0) return here;
        left &= brackets;
      } else {
        if (byte == LINE_FEED || isObject() != (byte == CLOSE_OBJECT)) {
          place = ~place;
          return here;
        }
        depth -= 1;
        if (depth == 0) {
          inString = false;
          escaped = false;
          endMember(here);
          endElement(here + 1);
          return here + 1;
        }
        if (depth == 1) left = (brackets | separators(at, colons, outside)) & behind;
      }
    }
    inString = ((inside >> (length - 1)) & 1) != 0;
    at += 64;
  }
  return to;
}

/**
 * What may be a colon behind one of our keys, by what stands before it: a quote, and then the last byte of a name, or an escape
 * in its place; or something between key and colon.
 */
function behindNames(at: i32, quotes: u64, backslashes: u64): u64 {
  // What was taken out before is not there any more.
  if (at < input + LONGEST_ESCAPE_BYTES + 1 && base + input > 0) return u64.MAX_VALUE;
  const behindQuotes = (quotes << 1) | u64(load<u8>(at - 1) == QUOTE);
  const before = at - 2;
  const behindLastBytes = together(
    lastBytesOf(v128.load(before)),
    lastBytesOf(v128.load(before, 16)),
    lastBytesOf(v128.load(before, 32)),
    lastBytesOf(v128.load(before, 48)),
  );
  // Sixteen bytes that stand before.
  const earlier = u64(i8x16.bitmask(i8x16.eq(v128.load(at - 16), i8x16.splat(BACKSLASH))));
  const behindLongEscapes =
    (backslashes << u64(LONGEST_ESCAPE_BYTES + 1)) | (earlier >> u64(15 - LONGEST_ESCAPE_BYTES));
  const behindShortEscapes = (backslashes << u64(SHORT_ESCAPE_BYTES + 1)) | (earlier >> u64(15 - SHORT_ESCAPE_BYTES));
  return behindLastBytes | behindLongEscapes | behindShortEscapes | ~behindQuotes;
}

function lastBytesOf(bytes: v128): i32 {
  const first = i8x16.eq(bytes, v128.load(LAST_BYTES));
  const second = i8x16.eq(bytes, v128.load(LAST_BYTES, 16));
  const third = i8x16.eq(bytes, v128.load(LAST_BYTES, 32));
  return i8x16.bitmask(v128.or(v128.or(first, second), third));
}

/** At the top level of an object: the colons, and where the value of a wanted member is under way, the commas. */
function separators(at: i32, colons: u64, outside: u64): u64 {
  if (!isObject()) return 0;
  return valueStart == NOT_WANTED ? colons : colons | (maskOf(at, COMMA) & outside);
}

/** A bit for each of sixty-four bytes that is this one. */
function maskOf(at: i32, byte: u8): u64 {
  const wanted = i8x16.splat(byte);
  return together(
    i8x16.bitmask(i8x16.eq(v128.load(at), wanted)),
    i8x16.bitmask(i8x16.eq(v128.load(at, 16), wanted)),
    i8x16.bitmask(i8x16.eq(v128.load(at, 32), wanted)),
    i8x16.bitmask(i8x16.eq(v128.load(at, 48), wanted)),
  );
}

/** A bit for each bracket or brace. */
function bracketsIn(at: i32): u64 {
  return together(
    bracketsOf(v128.load(at)),
    bracketsOf(v128.load(at, 16)),
    bracketsOf(v128.load(at, 32)),
    bracketsOf(v128.load(at, 48)),
  );
}

function bracketsOf(bytes: v128): i32 {
  const folded = v128.or(bytes, i8x16.splat(CASE_BIT));
  return i8x16.bitmask(
    v128.or(i8x16.eq(folded, i8x16.splat(OPEN_OBJECT)), i8x16.eq(folded, i8x16.splat(CLOSE_OBJECT))),
  );
}

function together(a: i32, b: i32, c: i32, d: i32): u64 {
  return u64(a) | (u64(b) << 16) | (u64(c) << 32) | (u64(d) << 48);
}

/**
 * The bytes that a backslash stands before which is not escaped itself, where all of them are in strings; remembers whether
 * the next byte is one. Of a run of backslashes every second one is escaped: a carry from the run's beginning to behind its
 * end tells it (Langdale and Lemire, Parsing Gigabytes of JSON per Second).
 */
function escapedBy(backslashes: u64, length: i32): u64 {
  const first = u64(escaped);
  const starts = backslashes & ~first;
  const followers = (starts << 1) | first;
  const oddStarts = starts & ODD & ~followers;
  const behind = oddStarts + starts;
  const targets = (EVEN ^ (behind << 1)) & followers;
  escaped = length == 64 ? behind < starts : ((targets >> length) & 1) != 0;
  return targets;
}

/** The quotes that no backslash stands before, of which some are outside of strings, where they escape nothing: no JSON has them there. */
function unescaped(quotes: u64, backslashes: u64, length: i32): u64 {
  let found: u64 = 0;
  let inside = inString;
  let skipped: i32 = escaped ? 0 : -1;
  escaped = false;
  for (let left = quotes | backslashes; left != 0; left &= left - 1) {
    const bit = i32(ctz(left));
    if (bit == skipped) continue;
    if (((quotes >> bit) & 1) != 0) {
      inside = !inside;
      found |= u64(1) << bit;
    } else if (inside) {
      skipped = bit + 1;
      escaped = skipped == length;
    }
  }
  return found;
}

/** The bytes from each odd quote on to the next one, the first included; of a string under way, up to the first one. */
function insideOf(quotes: u64): u64 {
  let inside = quotes;
  inside ^= inside << 1;
  inside ^= inside << 2;
  inside ^= inside << 4;
  inside ^= inside << 8;
  inside ^= inside << 16;
  inside ^= inside << 32;
  return inString ? ~inside : inside;
}

function isBlank(byte: u8): bool {
  return byte == BLANK || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

function open(object: bool): void {
  if (depth == MOST_DEPTH) {
    place = ~TOO_DEEP;
    return;
  }
  const address = BRACKETS + (depth >> 3);
  const bit: u8 = 1 << u8(depth & 7);
  const others: u8 = load<u8>(address) & ~bit;
  store<u8>(address, object ? others | bit : others);
  depth += 1;
}

/** Whether the innermost of what is open is an object. */
function isObject(): bool {
  const last = depth - 1;
  return ((load<u8>(BRACKETS + (last >> 3)) >> u8(last & 7)) & 1) != 0;
}

/** Whether a value may begin here: after a comma or bracket in an array, after a colon in an object. */
function mayOpen(here: i32): bool {
  let at = here - 1;
  while (at >= input && isBlank(load<u8>(at))) at -= 1;
  // What was taken out before is not looked at.
  if (at < input) return true;
  const byte = load<u8>(at);
  return isObject() ? byte == COLON : byte == COMMA || byte == OPEN_ARRAY;
}

/**
 * Looks whether the key before a colon is one of ours. What it finds in a text that is no JSON is the same wherever that is cut.
 * @param quotes those of the block that stand before the colon
 */
function endKey(colon: i32, blockStart: i32, quotes: u64, backslashes: u64): void {
  valueStart = NOT_WANTED;
  const first = firstHeld();
  let end = colon - 1;
  while (end > first && isBlank(load<u8>(end))) end -= 1;
  if (end <= first) return endUnheldKey();
  if (load<u8>(end) != QUOTE) return;
  const others = end < blockStart ? 0 : quotes & ((u64(1) << (end - blockStart)) - 1);
  if (others == 0) return endCutKey(end, colon);
  const opening = 63 - i32(clz(others));
  const start = blockStart + opening + 1;
  const inKey = ((u64(1) << (end - blockStart)) - 1) & (~u64(1) << opening);
  if ((backslashes & inKey) != 0 || load<u8>(start - 2) == BACKSLASH) flags |= UNCLEAR;
  else nameMember(start, end, colon);
}

/** Looks at a key that does not begin in the block of its end. Of one that is too long to be ours, only the end is looked at. */
function endCutKey(end: i32, colon: i32): void {
  const first = firstHeld();
  let start = end - 1;
  while (start > first && end - start <= NAME_BYTES) {
    const byte = load<u8>(start);
    if (byte == BACKSLASH || (byte == QUOTE && load<u8>(start - 1) == BACKSLASH)) {
      flags |= UNCLEAR;
      return;
    }
    if (byte == QUOTE) return nameMember(start + 1, end, colon);
    start -= 1;
  }
  if (start <= first) endUnheldKey();
}

/** The first byte at hand of the element under way. */
function firstHeld(): i32 {
  return base + input > 0 ? input : elementStart;
}

/** A key that begins before the text at hand; where the element begins there, it is none. */
function endUnheldKey(): void {
  if (base + input > 0) flags |= UNCLEAR;
}

function nameMember(start: i32, end: i32, colon: i32): void {
  for (let each = 0; each < 3; each += 1) {
    const name = NAMES + each * NAME_BYTES;
    if (load<i32>(name) != end - start || !isSame(start, name + 4, end - start)) continue;
    member = each;
    valueStart = base + colon + 1;
    return;
  }
}

function isSame(a: i32, b: i32, length: i32): bool {
  for (let n = 0; n < length; n += 1) if (load<u8>(a + n) != load<u8>(b + n)) return false;
  return true;
}

/** Of several members with the same key the last one counts, as for JSON.parse. */
function endMember(at: i32): void {
  if (valueStart >= 0) {
    let start = valueStart;
    let end = base + at;
    const plain = PLAIN << member;
    flags = isPlain(start - base, at) ? flags | plain : flags & ~plain;
    if ((flags & plain) != 0) {
      start += 1;
      end -= 1;
    }
    if (member == 0) {
      idStart = start;
      idEnd = end;
    } else if (member == 1) {
      timestampStart = start;
      timestampEnd = end;
    } else {
      serviceStart = start;
      serviceEnd = end;
    }
  }
  valueStart = NOT_WANTED;
}

/** Whether the text is a string of printable ASCII without blanks around or escapes in it. What was cut in two is not looked at. */
function isPlain(from: i32, to: i32): bool {
  if (from < input || to - from < 2 || load<u8>(from) != QUOTE || load<u8>(to - 1) != QUOTE) return false;
  for (let at = from + 1; at < to - 1; at += 16) {
    const bytes = v128.load(at);
    // Those above 127 are negative.
    const outside = v128.or(i8x16.lt_s(bytes, i8x16.splat(BLANK)), i8x16.eq(bytes, i8x16.splat(0x7f)));
    const special = v128.or(i8x16.eq(bytes, i8x16.splat(BACKSLASH)), i8x16.eq(bytes, i8x16.splat(QUOTE)));
    const found = i8x16.bitmask(v128.or(outside, special));
    if ((found & ((1 << min(16, to - 1 - at)) - 1)) != 0) return false;
  }
  return true;
}

function endElement(end: i32): void {
  const record = RECORDS + records * RECORD_BYTES;
  store<i32>(record, base + input > 0 ? 0 : elementStart - input, START);
  store<i32>(record, end - input, END);
  store<i32>(record, idStart, MEMBERS);
  store<i32>(record, idEnd, MEMBERS + 4);
  store<i32>(record, timestampStart, MEMBERS + 8);
  store<i32>(record, timestampEnd, MEMBERS + 12);
  store<i32>(record, serviceStart, MEMBERS + 16);
  store<i32>(record, serviceEnd, MEMBERS + 20);
  const key = KEYS + records * KEY_BYTES;
  if (writeKey(key)) flags |= KEYED;
  if ((flags & KEYED) == 0 || load<i32>(key, MINUTE) == UNDATED) store<i32>(ANY_INCOMPLETE, 1);
  store<i32>(record, flags, FLAGS);
  store<i32>(record, -1, QUOTED_END);
  records += 1;
  place = inArray ? AFTER_ELEMENT : AT_END;
  beginElement();
}

function beginElement(): void {
  valueStart = NOT_WANTED;
  flags = 0;
  idStart = -1;
  timestampStart = -1;
  serviceStart = -1;
}

/** @returns false where somebody else has to find out */
function writeKey(key: i32): bool {
  if ((flags & UNCLEAR) != 0 || (flags & PLAIN) == 0 || idEnd == idStart) return false;
  // What was taken out before is not there any more.
  if (idStart - base < input || (timestampStart >= 0 && timestampStart - base < input)) return false;
  if (timestampStart < 0) {
    store<i32>(key, UNDATED, MINUTE);
    store<i32>(key, 0, MILLISECONDS);
  } else {
    if ((flags & (PLAIN << 1)) == 0) return false;
    if (!writeTime(key, timestampStart - base, timestampEnd - base)) return false;
  }
  writeHash(key, idStart - base, idEnd - base);
  return true;
}

/** As hash64 of hash.ts. */
function writeHash(key: i32, from: i32, to: i32): void {
  let a = i32(0x9e3779b9) ^ (to - from);
  let b = i32(0x85ebca6b);
  for (let at = from; at < to; at += 1) {
    const byte = i32(load<u8>(at));
    a = rotl<i32>((a ^ byte) * 0x01000193, 13);
    b = rotl<i32>((b ^ byte) * 0x5bd1e995, 17);
  }
  store<i32>(key, avalanche(a + b * i32(0xcc9e2d51)), HASH_HIGH);
  store<i32>(key, avalanche(b ^ (a * 0x1b873593)), HASH_LOW);
}

function avalanche(value: u32): u32 {
  let h = value;
  h = (h ^ (h >> 16)) * 0x7feb352d;
  h = (h ^ (h >> 15)) * 0x846ca68b;
  return h ^ (h >> 16);
}

/**
 * Reads `2030-01-02T03:04:05Z`, with a fraction or without, of the years 1970 to 4999; whatever else a timestamp may be is for
 * somebody else.
 */
function writeTime(key: i32, at: i32, to: i32): bool {
  if (to - at < 20 || load<u8>(to - 1) != 0x5a) return false;
  if (load<u8>(at + 4) != 0x2d || load<u8>(at + 7) != 0x2d || load<u8>(at + 10) != 0x54) return false;
  if (load<u8>(at + 13) != COLON || load<u8>(at + 16) != COLON) return false;
  const century = twoDigits(at);
  const yearOfCentury = twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  const hour = twoDigits(at + 11);
  const minute = twoDigits(at + 14);
  const second = twoDigits(at + 17);
  // A negative number means that there was no digit.
  if ((century | yearOfCentury | month | day | hour | minute | second) < 0) return false;
  const year = century * 100 + yearOfCentury;
  if (year < 1970 || year > 4999 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return false;
  if (day < 1 || day > daysIn(year, month)) return false;
  let milliseconds = 0;
  if (to - at > 20) {
    if (to - at == 21 || load<u8>(at + 19) != DOT) return false;
    for (let n = 0; n < to - at - 21; n += 1) {
      const digit = load<u8>(at + 20 + n) - ZERO;
      if (digit > 9) return false;
      if (n < 3) milliseconds += i32(digit) * (n == 0 ? 100 : n == 1 ? 10 : 1);
    }
  }
  store<i32>(key, (daysBefore(year, month) + day - 1) * 1440 + hour * 60 + minute, MINUTE);
  store<i32>(key, second * 1000 + milliseconds, MILLISECONDS);
  return true;
}

function twoDigits(at: i32): i32 {
  const tens = i32(load<u8>(at)) - ZERO;
  const ones = i32(load<u8>(at + 1)) - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

function isLeap(year: i32): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return isLeap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Days from 1970 to the first of a month. */
function daysBefore(year: i32, month: i32): i32 {
  const years = year - 1;
  // From the first day of the year 1.
  let days = years * 365 + years / 4 - years / 100 + years / 400 - 719_162;
  for (let each = 1; each < month; each += 1) days += daysIn(year, each);
  return days;
}

/**
 * Writes the elements of the records from `first` on to OUTPUT as JSON strings, a comma after each, as many as there is room
 * for.
 * @returns the number of the first record that is not there
 */
export function quote(first: i32, count: i32): i32 {
  let out = OUTPUT;
  for (let index = first; index < count; index += 1) {
    const record = RECORDS + index * RECORD_BYTES;
    const text = input + load<i32>(record, START);
    store<u8>(out, QUOTE);
    const end = escapeText(text, input + load<i32>(record, END), out + 1);
    if (end < 0) return index;
    store<u8>(end, QUOTE);
    store<i32>(record, out, QUOTED_START);
    store<i32>(record, end + 1, QUOTED_END);
    store<u8>(end + 1, COMMA);
    out = end + 2;
  }
  return count;
}

/**
 * Writes a text to OUTPUT as the inside of a JSON string.
 * @returns the number of bytes written, -1 where there is no room for them
 */
export function escape(address: i32, length: i32): i32 {
  const end = escapeText(address, address + length, OUTPUT);
  return end < 0 ? -1 : end - OUTPUT;
}

/**
 * Writes a text as the inside of a JSON string (RFC 8259, section 7): quotes, backslashes and control characters escaped,
 * everything else as it is.
 * @returns the address behind it, -1 where the room for it is too small
 */
function escapeText(from: i32, to: i32, target: i32): i32 {
  if (!hasShuffles) writeShuffles();
  const quotes = i8x16.splat(QUOTE);
  const backslashes = i8x16.splat(BACKSLASH);
  const controls = i8x16.splat(BLANK);
  // Room for sixteen bytes of six letters each, a quote and a comma.
  const full = OUTPUT + OUTPUT_BYTES - 128;
  let at = from;
  let out = target;
  while (at < to) {
    if (out > full) return -1;
    const bytes = v128.load(at);
    const special = v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes));
    const control = i8x16.lt_u(bytes, controls);
    const found = i8x16.bitmask(v128.or(special, control));
    if (to - at < 16 || (found != 0 && v128.any_true(control))) {
      const end = min(at + 16, to);
      while (at < end) out = escapeByte(load<u8>(at++), out);
      continue;
    }
    at += 16;
    if (found == 0) {
      v128.store(out, bytes);
      out += 16;
      continue;
    }
    const low = found & 255;
    const high = found >> 8;
    // Eight bytes of the text, and eight backslashes to take from.
    v128.store(out, i8x16.swizzle(v128.shuffle<u64>(bytes, backslashes, 0, 2), v128.load(SHUFFLES + (low << 4))));
    out += 8 + popcnt(low);
    v128.store(out, i8x16.swizzle(v128.shuffle<u64>(bytes, backslashes, 1, 3), v128.load(SHUFFLES + (high << 4))));
    out += 8 + popcnt(high);
  }
  return out;
}

/** For each set of eight bytes: those not in it once, and 8, where a backslash is, before those in it. */
function writeShuffles(): void {
  for (let set = 0; set < 256; set += 1) {
    let at = SHUFFLES + set * 16;
    const end = at + 16;
    for (let byte = 0; byte < 8; byte += 1) {
      if (((set >> byte) & 1) != 0) store<u8>(at++, 8);
      store<u8>(at++, u8(byte));
    }
    while (at < end) store<u8>(at++, 8);
  }
  hasShuffles = true;
}

function escapeByte(byte: u8, out: i32): i32 {
  if (byte >= BLANK && byte != QUOTE && byte != BACKSLASH) {
    store<u8>(out, byte);
    return out + 1;
  }
  store<u8>(out, BACKSLASH);
  if (byte >= BLANK) {
    store<u8>(out + 1, byte);
    return out + 2;
  }
  const short: u8 = byte == 8 ? 0x62 : byte == 9 ? 0x74 : byte == 10 ? 0x6e : byte == 12 ? 0x66 : byte == 13 ? 0x72 : 0;
  if (short != 0) {
    store<u8>(out + 1, short);
    return out + 2;
  }
  // 'u00' and two hexadecimal digits, of which the first is 0 or 1.
  store<u8>(out + 1, 0x75);
  store<u16>(out + 2, 0x3030);
  store<u8>(out + 4, ZERO + (byte >> 4));
  const low: u8 = byte & 15;
  store<u8>(out + 5, low < 10 ? ZERO + low : 0x57 + low);
  return out + 6;
}
