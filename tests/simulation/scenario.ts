/**
 * Everything that happens in one run, as plain data: it can be printed, kept in a file, replayed and made smaller. Times
 * are milliseconds since the run's beginning, in the API's time; those before it are negative.
 */
export interface Scenario {
  readonly version: 1;
  /** Of the throws made while it runs: delays of the wire, jitter. */
  readonly seed: number;
  /** The API's time at the beginning, epoch milliseconds. */
  readonly beginsAtMs: number;
  /** Incidents end by then; from then on the connector must become healthy. */
  readonly lengthMs: number;
  /** Events may be later than the look-back reaches: only comparing counts finds them. */
  readonly reconciliation: boolean;
  /** What the connector is known not to cope with yet must hold as well (docs/simulation.md, 'Known weaknesses'). */
  readonly strict: boolean;
  readonly settings: ScenarioSettings;
  readonly api: ApiBehaviour;
  readonly intake: IntakeBehaviour;
  readonly wire: WireBehaviour;
  /** Our wall clock minus the API's. */
  readonly clockDifferenceMs: number;
  readonly events: readonly ScenarioEvent[];
  readonly incidents: readonly Incident[];
}

/** Arguments of the trigger; durations in seconds. */
export interface ScenarioSettings {
  readonly frequency: number;
  readonly overlap: number;
  readonly settlingHorizon: number;
  readonly reconcileEvery: number;
  readonly startFrom: number;
  readonly pageSize: number;
  readonly chunkSize: number;
  readonly requestsPerSecond: number;
  readonly retryFor: number;
  readonly oversizedEvents: 'trim' | 'dead_letter';
}

/** What the API's documents leave open, and what proxies do to its answers. */
export interface ApiBehaviour {
  readonly startInclusive: boolean;
  readonly endInclusive: boolean;
  /** What the index knows of a timestamp: cut to milliseconds, rounded to them, or all of it. */
  readonly sortPrecision: 'ms' | 'rounded' | 'ns';
  /** Most rows in a page, whatever was asked for. */
  readonly mostRows: number;
  /** Headers that never arrive, lower case. */
  readonly missingHeaders: readonly string[];
}

/** How an answer tells that some events were refused: see the intake's simulator for the shapes. */
export const REJECTION_SHAPES = ['null_ids', 'fewer_ids', 'status_codes', 'statuses', 'events', 'indexed'] as const;
export type RejectionShape = (typeof REJECTION_SHAPES)[number];

export interface IntakeBehaviour {
  readonly rejectionShape: RejectionShape;
}

/** Delays are drawn evenly between the bounds. */
export interface WireBehaviour {
  readonly leastDelayMs: number;
  readonly mostDelayMs: number;
  /** Bodies arrive in so many pieces at the most. */
  readonly pieces: number;
  readonly storageDelayMs: number;
}

export interface ScenarioEvent {
  /** Null: the event has none. Two events may share one. */
  readonly id: string | null;
  /** The instant it carries, and nanoseconds beyond it. */
  readonly atMs: number;
  readonly nanos?: number;
  /** How the timestamp is written; `none` and `unreadable` are known to the index alone. */
  readonly written: 's' | 'ms' | 'ns' | 'none' | 'unreadable';
  /** How long after its instant it becomes visible; negative where it was before. */
  readonly lateMs: number;
  /** Filled up to this size. */
  readonly bytes?: number;
  readonly refusal?: Refusal;
  /** Comes after the end, in case it is needed: the run does not wait for it. */
  readonly isSpare?: true;
}

/**
 * What the intake has against an event: `event` is refused by itself, `request` with all that it is sent with, `poison`
 * makes every request that has it fail with a 500, `later` is put off three times.
 */
export type Refusal = 'event' | 'request' | 'poison' | 'later';

/** When an incident is on: between two instants, and at the most so many times. */
interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly times?: number;
}

export type Incident =
  | (Span & { readonly on: 'api'; readonly path: 'events' | 'count' | 'any'; readonly effect: ApiEffect })
  | (Span & { readonly on: 'intake'; readonly effect: IntakeEffect })
  | (Span & { readonly on: 'storage'; readonly effect: StorageEffect })
  | CrashIncident
  | StopIncident
  | { readonly on: 'clock'; readonly atMs: number; readonly stepMs: number }
  /** Events of a range of time are deleted from the API. */
  | { readonly on: 'retention'; readonly atMs: number; readonly fromMs: number; readonly toMs: number };

/** The process is gone between two instructions, and begins again after `downMs`. */
export interface CrashIncident {
  readonly on: 'crash';
  /** At an instant, at the n-th thing asked of a port, or at the n-th write to storage. */
  readonly when:
    { readonly atMs: number } | { readonly operation: number } | { readonly write: number; readonly done: boolean };
  /** Whether requests and writes under way still reach the other side. */
  readonly underWay: 'arrives' | 'lost';
  readonly downMs: number;
}

/** A soft stop, forced after the grace period, and a new start. */
export interface StopIncident {
  readonly on: 'stop';
  readonly atMs: number;
  readonly graceMs: number;
  readonly downMs: number;
}

export type ApiEffect =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number | 'date' }
  | { readonly kind: 'html' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'reset-in-body' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'stall-in-body' }
  /** The array has fewer rows than the header says. */
  | { readonly kind: 'fewer-than-announced' }
  /** Some rows are not there this time, as if they did not exist. */
  | { readonly kind: 'left-out' }
  | { readonly kind: 'repeated-token' }
  | { readonly kind: 'wrong-count'; readonly by: number };

export type IntakeEffect =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number | 'date' }
  | { readonly kind: 'html' }
  /** Before anything was taken. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'stall' }
  /** After the events were taken: the acknowledgement is lost. */
  | { readonly kind: 'taken-reset' }
  | { readonly kind: 'taken-stall' }
  | { readonly kind: 'taken-cut-off' }
  /** Each event gets a refusal of its own. */
  | { readonly kind: 'refuse-each' };

export type StorageEffect =
  | { readonly kind: 'fails' }
  /** Written, and told as a failure. */
  | { readonly kind: 'done-but-fails' }
  | { readonly kind: 'reads-fail' }
  | { readonly kind: 'slow'; readonly delayMs: number };
