import type { OpenedObject, StoredObject } from './object-store.js';

/** Objects up to this size are fetched whole before it is their turn. */
const SMALL_BYTES = 1024 * 1024;
const AHEAD = 8;

/** An object whose turn it is; opening it may fail. */
export interface NextObject {
  readonly object: StoredObject;
  opened(): Promise<OpenedObject | undefined>;
}

/**
 * Objects in their order. Small ones are fetched some at a time while those before them are read: of thousands of small
 * objects the time goes into waiting for answers. No more than 8 MiB are held.
 */
export async function* readAhead(
  objects: AsyncIterable<StoredObject>,
  signal: AbortSignal,
): AsyncGenerator<NextObject, void, undefined> {
  const waiting: NextObject[] = [];
  for await (const object of objects) {
    waiting.push(prepared(object, signal));
    if (waiting.length < AHEAD) continue;
    const [next] = waiting.splice(0, 1);
    if (next !== undefined) yield next;
  }
  yield* waiting;
}

function prepared(object: StoredObject, signal: AbortSignal): NextObject {
  if (object.size === undefined || object.size > SMALL_BYTES) return { object, opened: () => object.open(signal) };
  const fetched = fetchWhole(object, signal);
  // Whoever takes it hears of its failure; nobody may.
  fetched.catch(() => undefined);
  return { object, opened: () => fetched };
}

async function fetchWhole(object: StoredObject, signal: AbortSignal): Promise<OpenedObject | undefined> {
  const opened = await object.open(signal);
  if (opened === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const content = opened.content[Symbol.asyncIterator]();
  for (;;) {
    const next = await content.next();
    if (next.done === true) return { ...opened, content: piecesOf(pieces) };
    pieces.push(next.value);
    bytes += next.value.length;
    // It has grown since it was listed.
    if (bytes > SMALL_BYTES) return { ...opened, content: piecesOf(pieces, content) };
  }
}

async function* piecesOf(
  pieces: readonly Uint8Array[],
  rest?: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
  if (rest === undefined) return;
  try {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
