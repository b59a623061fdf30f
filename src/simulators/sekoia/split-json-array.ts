const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BLANKS = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The elements of a JSON array as they stand in its bytes, as views without the blanks around them. The bytes must be
 * valid JSON: only the structure is looked at.
 */
export function splitJsonArray(json: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  let depth = 0;
  let start = json.indexOf('[') + 1;
  for (let index = start; index < json.byteLength; index++) {
    const byte = json[index] as number;
    if (byte === QUOTE) {
      index = endOfString(json, index);
    } else if (byte === 0x5b || byte === 0x7b) {
      depth++;
    } else if (depth > 0) {
      if (byte === 0x5d || byte === 0x7d) depth--;
    } else if (byte === COMMA || byte === 0x5d) {
      const element = trim(json, start, index);
      if (element.byteLength > 0) elements.push(element);
      if (byte !== COMMA) break;
      start = index + 1;
    }
  }
  return elements;
}

/** Index of the quote that closes the string which opens at `index`. */
function endOfString(json: Buffer, index: number): number {
  let at = index + 1;
  for (let byte = json[at]; byte !== QUOTE && byte !== undefined; byte = json[at]) at += byte === BACKSLASH ? 2 : 1;
  return at;
}

function trim(json: Buffer, from: number, to: number): Buffer {
  let [start, end] = [from, to];
  while (start < end && BLANKS.has(json[start] as number)) start++;
  while (end > start && BLANKS.has(json[end - 1] as number)) end--;
  return json.subarray(start, end);
}
