import type { FaultScenario } from '../faults/fault-scenario.js';
import type { TextDigest } from '../text-tally.js';
import type { Now, Sleep } from '../timing.js';

/** The intake key that the simulator knows when none is configured. It is invented and opens nothing. */
export const SYNTHETIC_INTAKE_KEY = 'synthetic-intake-key-for-tests';

/**
 * How an answer tells that some events of a batch were refused. The real shape is not documented (runtime page, D.4);
 * a sender has to cope with each of these.
 *
 * - `null_ids`: `event_ids` has null in the place of a refused event.
 * - `fewer_ids`: `event_ids` has the accepted ones alone.
 * - `status_codes`: `null_ids`, and `statuses` as a list of numbers.
 * - `statuses`: `event_ids` of the accepted ones, and `statuses` as a list of objects.
 * - `events`: a list of objects in `events`, and no `event_ids`.
 */
export type RejectionShape = 'null_ids' | 'fewer_ids' | 'status_codes' | 'statuses' | 'events';

/** How the simulated intake behaves where the documents leave a choice. */
export interface IntakeOptions {
  readonly now?: Now;
  /** Path before `/batch` and the others, such as `/api/v1/intake-http`. Default none, as in FRA1. */
  readonly basePath?: string;
  /** Keys that work. Default: the synthetic one. */
  readonly intakeKeys?: readonly string[];
  /** Status for a key that does not work. Default 403. */
  readonly wrongKeyStatus?: 401 | 403;
  /** Longest request, bytes, before and after decompression. Default 10 MiB. */
  readonly maxRequestBytes?: number;
  /** Longest event, bytes. Default 256,000 (250 KiB). */
  readonly maxEventBytes?: number;
  /** Default `null_ids`. */
  readonly rejectionShape?: RejectionShape;
  /** Which accepted texts to keep whole, beside their digests; at most a thousand are kept. Default none. */
  readonly keepText?: (digest: TextDigest) => boolean;
  readonly scenario?: FaultScenario;
}

/** How the intake simulator is served. */
export interface IntakeSimulatorOptions extends IntakeOptions {
  /** Port on 127.0.0.1; a free one when absent. */
  readonly port?: number;
  /** Wait before each answer, milliseconds. Default 0. */
  readonly latencyMs?: number;
  readonly sleep?: Sleep;
}
