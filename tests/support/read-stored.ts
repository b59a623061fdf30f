import { readStoredEvents, type StoredFault, type StoredReading } from '../../src/sdk/stored/read-stored-events.js';

/** All that a stored object gave. */
export interface StoredResult {
  readonly texts: string[];
  readonly places: [offset: number, end: number][];
  readonly ids: (string | undefined)[];
  readonly faults: StoredFault[];
}

/** Bytes in pieces of the given lengths, again and again. Each is written over once it was read. */
export async function* inPieces(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const piece = Buffer.from(bytes.subarray(at, at + Math.max(1, lengths[n % lengths.length] ?? 1)));
    at += piece.length;
    yield piece;
    piece.fill(0x22);
    await Promise.resolve();
  }
}

export async function readStored(
  bytes: Uint8Array,
  { lengths = [65_536], ...options }: Partial<StoredReading> & { readonly lengths?: readonly number[] } = {},
): Promise<StoredResult> {
  const result: StoredResult = { texts: [], places: [], ids: [], faults: [] };
  const onFault = (fault: StoredFault): void => void result.faults.push(fault);
  for await (const events of readStoredEvents(inPieces(bytes, lengths), { ...options, onFault })) {
    for (let index = 0; index < events.count; index += 1) {
      result.texts.push(Buffer.from(events.text(index)).toString());
      result.places.push([events.offset(index), events.end(index)]);
      result.ids.push(events.at(index).id);
    }
  }
  return result;
}
