/** A range of event time, epoch milliseconds. `toMs` undefined: open, up to now and ever on. */
export interface OwedInterval {
  readonly fromMs: number;
  readonly toMs: number | undefined;
}

/** A range of event time with an end. */
export interface ClosedInterval {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * What is owed: disjoint, ascending intervals of event time of which it has not yet been shown that every visible event
 * was delivered. The last one is as a rule the open **tail**; those before it are **gaps**, which end where the tail begins
 * at the latest but are never joined with it: who reads the tail has not claimed them. Values are immutable; each change
 * makes a new set.
 */
export class OwedSet {
  private constructor(
    readonly gaps: readonly ClosedInterval[],
    /** Left edge of the tail; undefined where there is none. */
    readonly tailFromMs: number | undefined,
  ) {}

  static of(intervals: readonly OwedInterval[]): OwedSet {
    const opens = intervals.filter(({ toMs }) => toMs === undefined).map(({ fromMs }) => fromMs);
    const tailFromMs = opens.length === 0 ? undefined : Math.min(...opens);
    const closed = intervals.flatMap(({ fromMs, toMs }) =>
      toMs === undefined ? [] : [{ fromMs, toMs: Math.min(toMs, tailFromMs ?? Infinity) }],
    );
    return new OwedSet(normalise(closed), tailFromMs);
  }

  get intervals(): readonly OwedInterval[] {
    return this.tailFromMs === undefined ? this.gaps : [...this.gaps, { fromMs: this.tailFromMs, toMs: undefined }];
  }

  /** Left edge of the leftmost interval: nothing before it is owed. Undefined where nothing is owed at all. */
  get fromMs(): number | undefined {
    return this.gaps[0]?.fromMs ?? this.tailFromMs;
  }

  add(interval: OwedInterval): OwedSet {
    return OwedSet.of([...this.intervals, interval]);
  }

  /** Moves the tail's edge to the right; the gaps stay. */
  settleTail(toMs: number): OwedSet {
    return this.tailFromMs === undefined ? this : new OwedSet(this.gaps, Math.max(this.tailFromMs, toMs));
  }

  /** Takes `[fromMs, toMs)` out of the gaps; the tail stays. */
  settleGap({ fromMs, toMs }: ClosedInterval): OwedSet {
    const left = this.gaps.flatMap((gap) => [
      { fromMs: gap.fromMs, toMs: Math.min(gap.toMs, fromMs) },
      { fromMs: Math.max(gap.fromMs, toMs), toMs: gap.toMs },
    ]);
    return new OwedSet(normalise(left), this.tailFromMs);
  }

  /** Takes everything before an instant out: it cannot be had any more. */
  dropBefore(beforeMs: number): OwedSet {
    return this.settleGap({ fromMs: -Infinity, toMs: beforeMs }).settleTail(beforeMs);
  }
}

function normalise(intervals: readonly ClosedInterval[]): ClosedInterval[] {
  const filled = intervals.filter(({ fromMs, toMs }) => fromMs < toMs).sort((a, b) => a.fromMs - b.fromMs);
  const merged: ClosedInterval[] = [];
  for (const next of filled) {
    const last = merged.at(-1);
    if (last === undefined || last.toMs < next.fromMs) merged.push(next);
    else merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, next.toMs) };
  }
  return merged;
}
