/** Length of a bucket of the ledger, milliseconds of event time. */
export const BUCKET_MS = 60_000;

/** The last minute that a segment can hold, in the year 6053: it stands for all that come after it. */
const LAST_BUCKET = 2 ** 31 - 1;

/** The bucket of an instant, epoch milliseconds. */
export function bucketOf(timestampMs: number): number {
  return Math.min(Math.floor(timestampMs / BUCKET_MS), LAST_BUCKET);
}

/**
 * The bucket of an event without a readable timestamp: the minute it was first seen, negated and less one, so that the two
 * kinds never meet.
 */
export function undatedBucketOf(seenMs: number): number {
  return -Math.floor(seenMs / BUCKET_MS) - 1;
}

/** Epoch milliseconds at which a bucket's minute is over. */
export function bucketEndMs(bucket: number): number {
  return ((bucket < 0 ? -bucket - 1 : bucket) + 1) * BUCKET_MS;
}

/** Which minutes are remembered: those that end after an instant, and those that lie (partly) in ranges before it. */
export interface Remembered {
  readonly fromMs: number;
  readonly also: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** Whether the minute of a bucket is remembered. */
export function isRemembered(bucket: number, { fromMs, also }: Remembered): boolean {
  const endMs = bucketEndMs(bucket);
  if (endMs > fromMs) return true;
  // Where an undated event stands is not known, only that it was not seen before it happened.
  if (bucket < 0) return also.some((range) => endMs > range.fromMs);
  return also.some((range) => endMs > range.fromMs && endMs - BUCKET_MS < range.toMs);
}
