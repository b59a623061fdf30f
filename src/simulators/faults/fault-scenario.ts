/** Who misbehaves: JumpCloud's API, Sekoia's intake, or the platform's own services (callback, secrets, logs). */
export type FaultSide = 'jumpcloud' | 'sekoia' | 'platform';

/**
 * A scenario: faults to play while a connector runs. This is the content of a scenario file as it stands, whence the
 * spelling of the members; its schema is `schemas/fault-scenario.schema.json`.
 */
export interface FaultScenario {
  readonly version: 1;
  /** What the scenario is to show. */
  readonly description?: string;
  /** Seed of everything that happens with a probability. Default 1. */
  readonly seed?: number;
  readonly faults: readonly Fault[];
}

/** One kind of misbehaviour and when it happens. */
export interface Fault {
  readonly name: string;
  readonly side: FaultSide;
  /** All of the conditions must hold. Absent: always. */
  readonly when?: FaultCondition;
  readonly effect: FaultEffect;
}

/** When a fault happens. */
export interface FaultCondition {
  /** Ends of the paths concerned, such as `/events` or `/batch`. */
  readonly endpoints?: readonly string[];
  /** First request concerned; requests to the fault's endpoints are counted from 1. */
  readonly from_request?: number;
  /** Last request concerned. */
  readonly to_request?: number;
  /** Only each n-th request, counted from `from_request`. */
  readonly every_requests?: number;
  /** At most this many times. */
  readonly times?: number;
  /** Chance of each request concerned, 0 to 1. */
  readonly probability?: number;
  /** Seconds after the simulator's start from which the fault happens. */
  readonly from_seconds?: number;
  /** Seconds after the simulator's start at which it ends. */
  readonly to_seconds?: number;
  /** Only requests that carry an event, or only events, whose text contains this. */
  readonly event_text_contains?: string;
  /** Only requests of these organizations, by their header x-org-id (JumpCloud alone). */
  readonly organizations?: readonly string[];
}

/** What happens. */
export type FaultEffect =
  | StatusEffect
  | { readonly kind: 'delay'; readonly delay_ms: number }
  | { readonly kind: 'stall' }
  | { readonly kind: 'slow_body'; readonly bytes_per_second: number }
  | { readonly kind: 'truncated_body'; readonly keep_share: number; readonly honest_length?: boolean }
  | { readonly kind: 'reset'; readonly point: 'before_processing' | 'after_processing' | 'in_body' }
  | { readonly kind: 'empty_200' }
  | { readonly kind: 'html_200' }
  | { readonly kind: 'missing_headers'; readonly headers: readonly string[] }
  | { readonly kind: 'header_case'; readonly style: 'lower' | 'upper' }
  | { readonly kind: 'repeated_token' }
  | { readonly kind: 'duplicate_rows'; readonly rows: number }
  | LateVisibilityEffect
  | RefuseEventsEffect;

/** An answer of a given status instead of the real one; the request is not processed. */
export interface StatusEffect {
  readonly kind: 'status';
  readonly status: number;
  /** The form of the body: JSON with `message` (default), an HTML page, or nothing. */
  readonly body?: 'json' | 'html' | 'empty';
  /** Text of the message. */
  readonly message?: string;
  /** Value of `Retry-After`: seconds, or the text as it stands, such as an HTTP date. */
  readonly retry_after?: number | string;
}

/** A share of the events becomes visible later than it would; decided once for each event (JumpCloud alone). */
interface LateVisibilityEffect {
  readonly kind: 'late_visibility';
  readonly min_seconds: number;
  readonly max_seconds: number;
}

/** The intake refuses the events that match: each for itself, or the whole request for their sake. */
export interface RefuseEventsEffect {
  readonly kind: 'refuse_events';
  readonly as: 'event' | 'request';
  readonly status: number;
  readonly message?: string;
}
