import type { ModuleError } from '../errors.js';

/**
 * How long the first event of a batch has been on its way when the batch is acknowledged: the one that waited longest for it
 * to be filled. Nothing is taken down of the others.
 */
export interface Freshness {
  readonly lane: 'tail' | 'gap' | 'backfill';
  /** Since the page that it stands on was received. */
  readonly sinceSeenMs: number;
  /** Since it happened; only where the tail is up to date, and where the event did not come late. */
  readonly sinceHappenedMs: number | undefined;
}

/** What a running stream tells whoever listens: metrics, progress displays, demos. Never carries a secret. */
export type PipelineEvent =
  /** A piece of a page was read. `repeated` of its events the ledger knew already. */
  | { readonly kind: 'read'; readonly events: number; readonly repeated: number; readonly bytes: number }
  /** A request to either side failed and is tried again after `delayMs`. */
  | {
      readonly kind: 'retrying';
      /** `counts`: the source, asked to count. It may show events meanwhile. */
      readonly side: 'source' | 'counts' | 'destination' | 'state';
      readonly error: ModuleError;
      readonly attempt: number;
      readonly delayMs: number;
    }
  /** The head of an answer came, or, where there is no `status`, none. One for each try. */
  | {
      readonly kind: 'answered';
      readonly side: 'source' | 'destination';
      /** The last part of the path that was asked. */
      readonly endpoint: string;
      readonly status: number | undefined;
      readonly durationMs: number;
    }
  /** A request to the source has waited for the rate limit. */
  | { readonly kind: 'held-back'; readonly urgency: 'live' | 'backlog'; readonly delayMs: number }
  /** The source answered a question for a number of events. */
  | { readonly kind: 'counted' }
  /** The destination acknowledged events of a batch. */
  | {
      readonly kind: 'delivered';
      readonly events: number;
      readonly bytes: number;
      readonly durationMs: number;
      readonly freshness: Freshness;
    }
  /**
   * An event that says how fast the source shows events was delivered: `latenessMs` after its own time it was first seen.
   * `isLate`: that time had been read before, and it was not there then.
   */
  | { readonly kind: 'first-seen'; readonly service: string; readonly latenessMs: number; readonly isLate: boolean }
  /** An event was written to the dead letter; `delivered` where a trimmed copy of it is sent in its place. */
  | {
      readonly kind: 'dead-lettered';
      readonly id: string | undefined;
      readonly reason: string;
      readonly bytes: number;
      readonly delivered?: 'trimmed';
    }
  /** The dead letter has passed four fifths of what it may take. */
  | { readonly kind: 'dead-letter-filling'; readonly bytes: number; readonly limitBytes: number }
  /** Ledger and checkpoint are durable; nothing before `owedFromMs` is owed any more. */
  | {
      readonly kind: 'committed';
      readonly owedFromMs: number;
      readonly accountedFor: number;
      /** Events that the ledger remembers. */
      readonly ledgerEvents: number;
      /** Up to here counts have shown that nothing is missing, epoch milliseconds, if they ever did. */
      readonly provenToMs: number | undefined;
    }
  /**
   * The source's counts were compared with what was delivered. `mended`: they agree since what was missing is
   * delivered; `impossible`: there is nothing yet, or no place to cut; `refused`: the source does not count.
   */
  | { readonly kind: 'compared'; readonly result: 'agreed' | 'mended' | 'differed' | 'impossible' | 'refused' }
  /** A window ended: everything visible up to `toMs` was delivered, `events` of it just now. */
  | { readonly kind: 'caught-up'; readonly toMs: number; readonly events: number; readonly durationMs: number }
  /** A lane does nothing for `delayMs`, on purpose: there is nothing to ask for yet, or it has failed and tries again. */
  | { readonly kind: 'waiting'; readonly delayMs: number }
  /** A cycle failed; the position is unmoved and the next try comes after `delayMs`. */
  | { readonly kind: 'cycle-failed'; readonly error: ModuleError; readonly delayMs: number };

/**
 * Hears what happens in a pipeline, as it happens. It must not throw.
 * @param stream the name of the stream that tells, where a run has several
 */
export type PipelineListener = (event: PipelineEvent, stream?: string) => void;
