/** What happened, line by line, for whoever reads a failure. */
export interface Trace {
  readonly lines: readonly string[];
  /** The text is only made where lines are kept. */
  add(text: () => string): void;
}

export function createTrace(isKept: boolean, nowMs: () => number): Trace {
  const lines: string[] = [];
  return {
    lines,
    add: (text) => {
      if (isKept) lines.push(`${(nowMs() / 1000).toFixed(3).padStart(12)}  ${text()}`);
    },
  };
}
