import type { DrawOptions } from '../draw-scenario.js';

/** What a worker is asked to do: seeds `from` to `from + count - 1`. */
export interface Job {
  readonly from: number;
  readonly count: number;
  readonly draw: DrawOptions;
  readonly variant: string | undefined;
}

export interface Failure {
  readonly seed: number;
  readonly invariant: string;
  readonly detail: string;
}

export interface JobResult {
  readonly seeds: number;
  readonly virtualMs: number;
  readonly failures: readonly Failure[];
}
