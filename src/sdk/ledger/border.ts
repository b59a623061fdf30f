import { BUCKET_MS } from './bucket.js';

/** No known event lies so close to a border, on either side. */
const CLEARANCE_MS = 2;

/** How far a question about a range reaches beyond its borders, milliseconds: less than the clearance. */
export const REACH_MS = 1;

/**
 * An instant, epoch milliseconds, at which ranges of event time may be cut: what is known lies far enough away that it
 * makes no difference whether the source's bounds include their own instant, or whether its index keeps milliseconds
 * only, cut or rounded (docs/reconciliation.md).
 */
export type Border = number;

/**
 * The first border from `nearMs` on in the direction of `untilMs`, either included.
 * @param placesOf the milliseconds into a minute at which events are known, by minute since the epoch
 * @returns undefined where there is none so far
 */
export function findBorder(
  placesOf: (bucket: number) => Iterable<number> | undefined,
  nearMs: number,
  untilMs: number,
): Border | undefined {
  const step = untilMs >= nearMs ? 1 : -1;
  const isTaken = occupation(placesOf);
  let free = 0;
  for (let at = nearMs - step * CLEARANCE_MS; (untilMs - at) * step >= -CLEARANCE_MS; at += step) {
    free = isTaken(at) ? 0 : free + 1;
    if (free > 2 * CLEARANCE_MS) return at - step * CLEARANCE_MS;
  }
  return undefined;
}

/** Whether an event is known at a millisecond; looks at a minute as a whole when first asked about it. */
function occupation(placesOf: (bucket: number) => Iterable<number> | undefined): (atMs: number) => boolean {
  let current = NaN;
  let taken: Uint8Array | undefined;
  return (atMs) => {
    const bucket = Math.floor(atMs / BUCKET_MS);
    if (bucket !== current) {
      current = bucket;
      const places = placesOf(bucket);
      taken = places && marked(places);
    }
    return taken?.[atMs - bucket * BUCKET_MS] === 1;
  };
}

function marked(places: Iterable<number>): Uint8Array {
  const taken = new Uint8Array(BUCKET_MS);
  for (const place of places) taken[place] = 1;
  return taken;
}
