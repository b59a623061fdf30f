/** One measurement. */
export interface Sample {
  /** Since the beginning, milliseconds. */
  readonly atMs: number;
  readonly value: number;
}

/** How far a figure may rise and still be called flat: by this share and this much. */
export interface Tolerance {
  readonly share: number;
  readonly absolute: number;
}

/** What a row of measurements shows. */
export interface Trend {
  readonly samples: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** By least squares over all but the first quarter, per hour. */
  readonly slopePerHour: number;
  /** Medians of the second and of the last quarter of the time. */
  readonly secondQuarter: number;
  readonly lastQuarter: number;
  readonly hasGrown: boolean;
}

const HOUR_MS = 3_600_000;

/**
 * Judges whether a figure stays flat after a warm-up, which is the first quarter of the time: it has grown where the
 * last quarter's median exceeds the second one's by more than the tolerance. Medians, because collections of garbage
 * make single measurements jump.
 */
export function trendOf(samples: readonly Sample[], durationMs: number, tolerance: Tolerance): Trend {
  const within = (from: number, to: number): Sample[] =>
    samples.filter(({ atMs }) => atMs >= from * durationMs && atMs < to * durationMs);
  const secondQuarter = medianOf(within(0.25, 0.5));
  const lastQuarter = medianOf(within(0.75, Infinity));
  const values = samples.map(({ value }) => value);
  return {
    samples: samples.length,
    min: Math.min(...values),
    median: medianOf(samples),
    max: Math.max(...values),
    slopePerHour: slope(within(0.25, Infinity)) * HOUR_MS,
    secondQuarter,
    lastQuarter,
    hasGrown: lastQuarter > secondQuarter * (1 + tolerance.share) + tolerance.absolute,
  };
}

function medianOf(samples: readonly Sample[]): number {
  const sorted = samples.map(({ value }) => value).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Of the line through the samples with the least squares of distances, per millisecond. */
function slope(samples: readonly Sample[]): number {
  const mean = (pick: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const [meanAt, meanValue] = [mean(({ atMs }) => atMs), mean(({ value }) => value)];
  const covariance = mean(({ atMs, value }) => (atMs - meanAt) * (value - meanValue));
  return covariance / mean(({ atMs }) => (atMs - meanAt) ** 2);
}
