const QUOTE = 0x22;
const COMMA = 0x2c;
const AT = 0x40;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** `@version`, the only key of an event that is documented and not of letters, digits and `_`, as the exporter writes it. */
const VERSION = Buffer.from('"_version"');

/**
 * Undoes, in place, what the exporter for Google Cloud does to the keys of an event that it writes as a line ('NDJson',
 * Directory Insights, file exports): there `@version` is `_version`. Done only where the event can be nothing else: it has
 * one `_version` at its top level, and nothing that the exporter would have changed, neither another character in a key nor
 * an empty object or array. These became `null`, which stays, since `null` may have been `null`.
 * @param text of an event
 */
export function restoreKeys(text: Uint8Array): void {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length);
  if (!bytes.includes(VERSION)) return;
  const at = versionOfSanitised(bytes);
  if (at !== undefined) bytes[at] = AT;
}

/** @returns where the underscore of `_version` is; undefined where the event is not surely one of the exporter's */
function versionOfSanitised(bytes: Buffer): number | undefined {
  const open: number[] = [];
  let version: number | undefined;
  /** Whether a string would be a key: what came last, blanks aside, opened an object, or is a comma in one. */
  let isKeyNext = false;
  let isJustOpened = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (isKeyNext && !isSanitised(bytes, at + 1, end)) return undefined;
      if (isKeyNext && open.length === 1 && VERSION.equals(bytes.subarray(at, end + 1))) {
        if (version !== undefined) return undefined;
        version = at + 1;
      }
      at = end;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      open.push(byte);
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (isJustOpened) return undefined;
      open.pop();
    } else if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      continue;
    }
    isJustOpened = byte === OPEN_OBJECT || byte === OPEN_ARRAY;
    isKeyNext = byte === OPEN_OBJECT || (byte === COMMA && open.at(-1) === OPEN_OBJECT);
  }
  return version;
}

function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** Whether the exporter would leave a key as it is. */
function isSanitised(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const isDigit = byte >= 0x30 && byte <= 0x39;
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    if (!isLetter && byte !== 0x5f && !(isDigit && at > start)) return false;
  }
  return true;
}
