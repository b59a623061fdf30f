/** A range of event time, epoch milliseconds. `toMs` undefined: open, up to now and ever on. */
export interface OwedInterval {
  readonly fromMs: number;
  readonly toMs: number | undefined;
}

/**
 * What is owed: disjoint, ascending intervals of event time of which it has not yet been shown that every visible event
 * was delivered. Values are immutable; each change makes a new set.
 */
export class OwedSet {
  private constructor(readonly intervals: readonly OwedInterval[]) {}

  static of(intervals: readonly OwedInterval[]): OwedSet {
    return new OwedSet(normalise(intervals));
  }

  /** Left edge of the leftmost interval: nothing before it is owed. Undefined where nothing is owed at all. */
  get fromMs(): number | undefined {
    return this.intervals[0]?.fromMs;
  }

  add(interval: OwedInterval): OwedSet {
    return OwedSet.of([...this.intervals, interval]);
  }

  /** Takes `[fromMs, toMs)` out: it was shown to be delivered, or cannot be had any more. */
  settle(fromMs: number, toMs: number): OwedSet {
    return OwedSet.of(
      this.intervals.flatMap((owed) => [
        { fromMs: owed.fromMs, toMs: Math.min(owed.toMs ?? Infinity, fromMs) },
        { fromMs: Math.max(owed.fromMs, toMs), toMs: owed.toMs },
      ]),
    );
  }
}

function normalise(intervals: readonly OwedInterval[]): OwedInterval[] {
  const filled = intervals
    .filter(({ fromMs, toMs }) => toMs === undefined || fromMs < toMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  const merged: OwedInterval[] = [];
  for (const next of filled) {
    const last = merged.at(-1);
    if (last === undefined || (last.toMs !== undefined && last.toMs < next.fromMs)) merged.push(next);
    else merged[merged.length - 1] = { fromMs: last.fromMs, toMs: later(last.toMs, next.toMs) };
  }
  return merged;
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b);
}
