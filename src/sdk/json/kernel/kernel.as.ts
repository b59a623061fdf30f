// AssemblyScript, compiled to WebAssembly by `npm run generate`: the two loops that look at every byte of every event.
// Whoever changes an address, a field or the meaning of one changes kernel.ts beside it.

// Addresses. The memory never grows.
const STATE: i32 = 0;
const RECORDS: i32 = 4096;
const INPUT: i32 = 65_536;
const OUTPUT: i32 = 196_608;
const BRACKETS: i32 = 655_360;

const MOST_RECORDS: i32 = 1024;
/** 32-bit words of a record: start, end, three members with two words each, flags. */
const RECORD_WORDS: i32 = 9;

const BLANK: u8 = 0x20;
const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const OPEN_ARRAY: u8 = 0x5b;
const CLOSE_ARRAY: u8 = 0x5d;
const OPEN_OBJECT: u8 = 0x7b;
const CLOSE_OBJECT: u8 = 0x7d;
/** Tells brackets and braces from each other. */
const CASE_BIT: u8 = 0x20;

// Places in the text.
const START: i32 = 0;
const BEFORE_FIRST: i32 = 1;
const BEFORE_NEXT: i32 = 2;
const ELEMENT: i32 = 3;
const AFTER_ELEMENT: i32 = 4;
const END: i32 = 5;

// Where a wanted member's value begins: not known yet (its colon has not come), or not wanted.
const EXPECTED: i32 = -1;
const NOT_WANTED: i32 = -2;

// Flags of a record.
/** Its members must be looked for by somebody else: a key is escaped, or was cut in two. */
const UNCLEAR: i32 = 1;
/** `PLAIN << n`: the n-th member is a string of printable ASCII without escapes. */
const PLAIN: i32 = 2;

// What is remembered between two calls.
let place: i32 = START;
let markBytes: i32 = 0;
let inString: bool = false;
let escaped: bool = false;
let depth: i32 = 0;
let keyExpected: bool = false;
let keyHasEscape: bool = false;
let keyStart: i32 = 0;
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

// Words of the state block: those above in this order, then what a call says beside its result.
function loadState(): void {
  place = load<i32>(STATE);
  markBytes = load<i32>(STATE + 4);
  inString = load<i32>(STATE + 8) != 0;
  escaped = load<i32>(STATE + 12) != 0;
  depth = load<i32>(STATE + 16);
  keyExpected = load<i32>(STATE + 20) != 0;
  keyHasEscape = load<i32>(STATE + 24) != 0;
  keyStart = load<i32>(STATE + 28);
  valueStart = load<i32>(STATE + 32);
  member = load<i32>(STATE + 36);
  flags = load<i32>(STATE + 40);
  idStart = load<i32>(STATE + 44);
  idEnd = load<i32>(STATE + 48);
  timestampStart = load<i32>(STATE + 52);
  timestampEnd = load<i32>(STATE + 56);
  serviceStart = load<i32>(STATE + 60);
  serviceEnd = load<i32>(STATE + 64);
}

function storeState(at: i32, elementStart: i32): void {
  store<i32>(STATE, place);
  store<i32>(STATE + 4, markBytes);
  store<i32>(STATE + 8, i32(inString));
  store<i32>(STATE + 12, i32(escaped));
  store<i32>(STATE + 16, depth);
  store<i32>(STATE + 20, i32(keyExpected));
  store<i32>(STATE + 24, i32(keyHasEscape));
  store<i32>(STATE + 28, keyStart);
  store<i32>(STATE + 32, valueStart);
  store<i32>(STATE + 36, member);
  store<i32>(STATE + 40, flags);
  store<i32>(STATE + 44, idStart);
  store<i32>(STATE + 48, idEnd);
  store<i32>(STATE + 52, timestampStart);
  store<i32>(STATE + 56, timestampEnd);
  store<i32>(STATE + 60, serviceStart);
  store<i32>(STATE + 64, serviceEnd);
  store<i32>(STATE + 68, at - INPUT);
  store<i32>(STATE + 72, elementStart - INPUT);
}

/**
 * Splits the `length` bytes at INPUT, of which `from` were looked at before.
 * @param carried bytes of the element under way that came in earlier inputs
 * @returns the number of elements that ended, each with a record; or -1 where the text is no array: the byte that shows it
 *   is where the state's last word but one says. Fewer bytes than there are were looked at where the records are full.
 */
export function split(length: i32, from: i32, carried: i32): i32 {
  loadState();
  const to = INPUT + length;
  let at = INPUT + from;
  let records = 0;
  let elementStart = at;
  /** Added to an address, gives its offset in the element. */
  let base = carried - at;
  while (at < to) {
    if (inString) {
      if (escaped) {
        escaped = false;
        at += 1;
        continue;
      }
      at = skipPlainText(at, to);
      if (at >= to) break;
      if (load<u8>(at) == BACKSLASH) {
        escaped = true;
        keyHasEscape = true;
        at += 1;
        continue;
      }
      inString = false;
      if (depth == 1 && keyExpected) {
        keyExpected = false;
        endKey(at, base);
      } else if (depth == 0) {
        writeRecord(records, elementStart, at + 1, base);
        records += 1;
        if (records == MOST_RECORDS) {
          at += 1;
          break;
        }
      }
      at += 1;
      continue;
    }
    const byte = load<u8>(at);
    if (place != ELEMENT) {
      if (!beginsElement(byte)) {
        if (place < 0) {
          storeState(at, elementStart);
          return -1;
        }
        at += 1;
        continue;
      }
      elementStart = at;
      base = -at;
    }
    if (byte == QUOTE) {
      inString = true;
      if (depth == 1 && keyExpected) {
        keyStart = base + at + 1;
        keyHasEscape = false;
      }
    } else if (byte == COMMA) {
      if (depth == 1) {
        endMember(at, base);
        keyExpected = isObject();
      } else if (depth == 0) {
        // A scalar ends before the byte that shows its end, which is then looked at as what follows an element.
        writeRecord(records, elementStart, at, base);
        records += 1;
        if (records == MOST_RECORDS) break;
        continue;
      }
    } else if (byte == COLON) {
      if (depth == 1 && valueStart == EXPECTED) valueStart = base + at + 1;
    } else if ((byte | CASE_BIT) == OPEN_OBJECT) {
      open(byte == OPEN_OBJECT);
    } else if ((byte | CASE_BIT) == CLOSE_OBJECT) {
      if (depth == 0) {
        writeRecord(records, elementStart, at, base);
        records += 1;
        if (records == MOST_RECORDS) break;
        continue;
      }
      if (isObject() != (byte == CLOSE_OBJECT)) {
        storeState(at, elementStart);
        return -1;
      }
      depth -= 1;
      if (depth == 0) {
        endMember(at, base);
        writeRecord(records, elementStart, at + 1, base);
        records += 1;
        if (records == MOST_RECORDS) {
          at += 1;
          break;
        }
      }
    } else if (depth == 0 && isBlank(byte)) {
      writeRecord(records, elementStart, at, base);
      records += 1;
      if (records == MOST_RECORDS) break;
      continue;
    }
    at += 1;
  }
  storeState(at, elementStart);
  return records;
}

/** @returns the address of the next byte that may end a string or escape another one */
function skipPlainText(from: i32, to: i32): i32 {
  const quotes = i8x16.splat(QUOTE);
  const backslashes = i8x16.splat(BACKSLASH);
  let at = from;
  // What lies behind the end is the memory's own: reading it does no harm.
  while (at < to) {
    const bytes = v128.load(at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)));
    if (found != 0) return min(at + ctz(found), to);
    at += 16;
  }
  return to;
}

/** Looks at a byte outside of elements. True where an element begins with it; the place is negative where none may. */
function beginsElement(byte: u8): bool {
  if (isBlank(byte)) return false;
  if (place == AFTER_ELEMENT) {
    place = byte == COMMA ? BEFORE_NEXT : byte == CLOSE_ARRAY ? END : ~place;
    return false;
  }
  if (place == START) {
    const mark: i32 = markBytes == 0 ? 0xef : markBytes == 1 ? 0xbb : markBytes == 2 ? 0xbf : -1;
    if (i32(byte) == mark) markBytes += 1;
    else place = byte == OPEN_ARRAY ? BEFORE_FIRST : ~place;
    return false;
  }
  if (place == BEFORE_FIRST && byte == CLOSE_ARRAY) {
    place = END;
    return false;
  }
  if (place == END || byte == COMMA || byte == CLOSE_ARRAY || byte == CLOSE_OBJECT || byte == COLON) {
    place = ~place;
    return false;
  }
  place = ELEMENT;
  return true;
}

function isBlank(byte: u8): bool {
  return byte == BLANK || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

/** One bit for each open bracket or brace. */
function open(object: bool): void {
  const address = BRACKETS + (depth >> 3);
  const bit: u8 = 1 << u8(depth & 7);
  const others: u8 = load<u8>(address) & ~bit;
  store<u8>(address, object ? others | bit : others);
  depth += 1;
  if (depth == 1) keyExpected = object;
}

/** Whether the innermost of what is open is an object. */
function isObject(): bool {
  const last = depth - 1;
  return ((load<u8>(BRACKETS + (last >> 3)) >> u8(last & 7)) & 1) != 0;
}

/** Looks whether the key that ends at `at` is one of ours. */
function endKey(at: i32, base: i32): void {
  const start = keyStart - base;
  valueStart = NOT_WANTED;
  if (keyHasEscape || start < INPUT) {
    flags |= UNCLEAR;
    return;
  }
  const length = at - start;
  if (length == 2 && load<u16>(start) == 0x6469) member = 0;
  else if (length == 9 && load<u64>(start) == 0x6d617473656d6974 && load<u8>(start + 8) == 0x70) member = 1;
  else if (length == 7 && load<u32>(start) == 0x76726573 && load<u32>(start + 3) == 0x65636976) member = 2;
  else return;
  valueStart = EXPECTED;
}

/** Of several members with the same key the last one counts, as for JSON.parse. */
function endMember(at: i32, base: i32): void {
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
  if (from < INPUT || to - from < 2 || load<u8>(from) != QUOTE || load<u8>(to - 1) != QUOTE) return false;
  for (let at = from + 1; at < to - 1; at += 1) {
    const byte = load<u8>(at);
    if (byte < BLANK || byte >= 0x7f || byte == BACKSLASH || byte == QUOTE) return false;
  }
  return true;
}

function writeRecord(index: i32, start: i32, end: i32, base: i32): void {
  const record = RECORDS + index * RECORD_WORDS * 4;
  store<i32>(record, base + start > 0 ? 0 : start - INPUT);
  store<i32>(record + 4, end - INPUT);
  store<i32>(record + 8, idStart);
  store<i32>(record + 12, idEnd);
  store<i32>(record + 16, timestampStart);
  store<i32>(record + 20, timestampEnd);
  store<i32>(record + 24, serviceStart);
  store<i32>(record + 28, serviceEnd);
  store<i32>(record + 32, flags);
  place = AFTER_ELEMENT;
  keyExpected = false;
  valueStart = NOT_WANTED;
  flags = 0;
  idStart = -1;
  timestampStart = -1;
  serviceStart = -1;
}

/**
 * Writes the `length` bytes at INPUT to OUTPUT as the inside of a JSON string (RFC 8259, section 7): quotes, backslashes
 * and control characters escaped, everything else as it is.
 * @returns the number of bytes written, six times as many at the most
 */
export function escape(length: i32): i32 {
  const quotes = i8x16.splat(QUOTE);
  const backslashes = i8x16.splat(BACKSLASH);
  const controls = i8x16.splat(BLANK);
  const to = INPUT + length;
  let at = INPUT;
  let out = OUTPUT;
  while (at < to) {
    const bytes = v128.load(at);
    v128.store(out, bytes);
    const found = i8x16.bitmask(
      v128.or(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)), i8x16.lt_u(bytes, controls)),
    );
    if (found == 0) {
      at += 16;
      out += 16;
      continue;
    }
    const plain = ctz(found);
    at += plain;
    out += plain;
    if (at >= to) break;
    out = escapeByte(load<u8>(at), out);
    at += 1;
  }
  // The last sixteen bytes may have gone beyond the end.
  return out - OUTPUT - (at - to);
}

function escapeByte(byte: u8, out: i32): i32 {
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
  store<u8>(out + 4, 0x30 + (byte >> 4));
  const low: u8 = byte & 15;
  store<u8>(out + 5, low < 10 ? 0x30 + low : 0x57 + low);
  return out + 6;
}
