import type { Batch, Destination } from './pipeline/destination.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { Source } from './pipeline/source.js';

/** How fast a source may be read at the most. */
export interface ReadingPace {
  /** May be a fraction. */
  readonly requestsPerSecond: number;
  /** Events in a full page. */
  readonly eventsPerRequest: number;
}

/** What a connector is made of: its two ends, and its pace. */
export interface ConnectorParts<B extends Batch> {
  readonly source: Source;
  /** The same source for a backlog, whose requests let those of `source` go first. Default: `source`. */
  readonly backlogSource?: Source;
  readonly destination: Destination<B>;
  /** What both ends and the pump report to. */
  readonly listener: PipelineListener;
  /** What is read, in words: services, organization. The operator is told when it changed between runs. */
  readonly stream: string;
  /** Where to begin on the first start, epoch milliseconds. */
  readonly startFromMs: number;
  /** True where that was told as a time before now. */
  readonly startIsRelative?: boolean;
  readonly frequencyMs: number;
  readonly overlapMs: number;
  /** How long ids are remembered and counts compared, milliseconds of event time. */
  readonly settlingHorizonMs: number;
  readonly reconcileEveryMs: number;
  /** How long the source keeps events, milliseconds. */
  readonly retentionMs: number;
  /** What bounds the reading: how long a backlog takes, and how many slices of it are read at the same time. */
  readonly readingPace?: ReadingPace;
  /** What the dead letter may take, bytes. No limit where it is not given. */
  readonly deadLetterLimitBytes?: number;
}
