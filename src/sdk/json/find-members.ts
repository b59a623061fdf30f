const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A value's place in the bytes of an object. */
interface ValuePlace {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds members of an object's top level by their keys, escaped ones too; of several with the same key the last one, as
 * JSON.parse does. It takes its time: for events of which the kernel cannot tell.
 * @param bytes one JSON value, with its brackets balanced
 */
export function findMembers(bytes: Buffer, keys: readonly string[]): (ValuePlace | undefined)[] {
  const found = keys.map((): ValuePlace | undefined => undefined);
  let depth = 0;
  let isKeyNext = false;
  let key: string | undefined;
  let valueStart: number | undefined;
  const endMember = (at: number): void => {
    // No name is empty: that is one that nobody looks for.
    const index = key === undefined || key === '' ? -1 : keys.indexOf(key);
    if (index >= 0 && valueStart !== undefined) found[index] = { start: valueStart, end: at };
    [key, valueStart] = [undefined, undefined];
  };
  const isObject = bytes[0] === 0x7b;
  for (let at = 0; at < bytes.length; at += 1) {
    const letter = String.fromCharCode(bytes[at] ?? 0);
    if (letter === '"') {
      const end = endOfString(bytes, at);
      if (depth === 1 && isKeyNext) {
        key = stringValue(bytes.toString('utf8', at, end));
        isKeyNext = false;
      }
      at = end - 1;
    } else if (letter === '{' || letter === '[') {
      depth += 1;
      if (depth === 1) isKeyNext = isObject;
    } else if (letter === '}' || letter === ']') {
      if (depth === 1) endMember(at);
      depth -= 1;
    } else if (depth === 1 && letter === ',') {
      endMember(at);
      isKeyNext = isObject;
    } else if (depth === 1 && letter === ':') {
      valueStart ??= at + 1;
    }
  }
  return found;
}

/** What a JSON string says; undefined where the text is no JSON string. */
export function stringValue(json: string): string | undefined {
  if (!json.startsWith('"')) return undefined;
  if (!json.includes('\\')) return json.slice(1, -1);
  try {
    return String(JSON.parse(json));
  } catch {
    // An escape that JSON does not know: the event goes on its way as it is, only unidentified.
    return undefined;
  }
}

/** Where the string that begins at `start` ends, its closing quote included. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    if (bytes[at] === BACKSLASH) at += 1;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return bytes.length;
}
