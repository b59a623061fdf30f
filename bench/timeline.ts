/** When the events happened: a past, spread evenly, and a present that goes on. */
export interface Timeline {
  readonly backlog: { readonly count: number; readonly fromMs: number; readonly toMs: number };
  readonly live?: { readonly perSecond: number; readonly fromMs: number };
}

/** When an event happened, whole epoch milliseconds. From then on the API shows it. Events are numbered from 0. */
export function timeOf({ backlog, live }: Timeline, row: number): number {
  if (row < backlog.count) {
    return backlog.fromMs + Math.floor((row * (backlog.toMs - backlog.fromMs)) / backlog.count);
  }
  if (live === undefined) return Infinity;
  return live.fromMs + Math.floor(((row - backlog.count) * 1000) / live.perSecond);
}

/** The first event at an instant or later, which is also how many happened before it. */
export function firstRowAt(timeline: Timeline, atMs: number): number {
  const { backlog, live } = timeline;
  let row =
    live === undefined || atMs <= live.fromMs
      ? clamp(((atMs - backlog.fromMs) * backlog.count) / (backlog.toMs - backlog.fromMs), 0, backlog.count)
      : backlog.count + Math.floor(((atMs - live.fromMs) * live.perSecond) / 1000);
  // What rounding left over.
  while (row > 0 && timeOf(timeline, row - 1) >= atMs) row -= 1;
  while (timeOf(timeline, row) < atMs) row += 1;
  return row;
}

function clamp(value: number, low: number, high: number): number {
  return Math.floor(Math.min(Math.max(value, low), high));
}
