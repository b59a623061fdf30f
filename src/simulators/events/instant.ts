/** An instant with nanoseconds, which a double of milliseconds cannot hold. */
export interface Instant {
  /** Whole epoch milliseconds. */
  readonly ms: number;
  /** Nanoseconds beyond `ms`, 0 to 999,999. */
  readonly ns: number;
}

/** Cuts an instant down to the number of fraction digits (0 to 9) that its timestamp will show. */
export function truncateInstant(instant: Instant, fractionDigits: number): Instant {
  if (fractionDigits >= 3) {
    const step = 10 ** (9 - fractionDigits);
    return { ms: instant.ms, ns: instant.ns - (instant.ns % step) };
  }
  const step = 10 ** (3 - fractionDigits);
  return { ms: Math.floor(instant.ms / step) * step, ns: 0 };
}

/**
 * Renders instants the way the events do: UTC, `Z`, the fraction's trailing zeros trimmed (jumpcloud-events, 1.1).
 * It remembers the last second, since neighbouring events share it and rendering a date is the slowest step.
 */
export function createTimestampRenderer(): (instant: Instant) => string {
  let lastSecond = Number.NaN;
  let prefix = '';
  return ({ ms, ns }) => {
    const second = Math.floor(ms / 1000);
    if (second !== lastSecond) {
      lastSecond = second;
      prefix = new Date(second * 1000).toISOString().slice(0, 19);
    }
    const nanos = (ms - second * 1000) * 1_000_000 + ns;
    return nanos === 0 ? `${prefix}Z` : `${prefix}.${trimZeros(nanos.toString().padStart(9, '0'))}Z`;
  };
}

function trimZeros(fraction: string): string {
  let end = fraction.length;
  while (fraction.charCodeAt(end - 1) === 0x30) end--;
  return fraction.slice(0, end);
}
