import type { Clock } from '../ports.js';
import type { PipelineEvent } from '../pipeline/pipeline-event.js';
import { formatTimestamp } from '../time/timestamp.js';
import { type Log, STREAM_ONLY } from './log.js';

type Side = Extract<PipelineEvent, { kind: 'retrying' }>['side'];

/** What has gone well again, by side, once one of these events is seen. */
const SIGNS_OF_LIFE: Readonly<Partial<Record<PipelineEvent['kind'], Side>>> = {
  read: 'source',
  counted: 'counts',
  delivered: 'destination',
  committed: 'state',
  // An empty window has no page, yet it was read.
  'caught-up': 'source',
};

const WORKS_AGAIN: Readonly<Record<Side, string>> = {
  source: 'The source works again',
  counts: 'The source answers questions for counts again',
  destination: 'The destination works again',
  state: 'The state works again',
};

interface Trouble {
  readonly since: number;
  tries: number;
}

/** Events that were kept for a reason that is told already. */
interface Kept {
  readonly reason: string;
  more: number;
}

/**
 * Tells the log what a stream does: a line for each cycle that moved events, none for an empty one; one line when
 * trouble with a side begins and one when it ends, not one for every try. Of events that are kept for the same reason
 * the first one has a line, and the others are counted up to the next commit.
 */
export function pipelineLog(log: Log, clock: Clock): (event: PipelineEvent) => void {
  const troubles = new Map<Side, Trouble>();
  const kept = new Map<string, Kept>();
  return (event) => {
    const alive = SIGNS_OF_LIFE[event.kind];
    const trouble = alive === undefined ? undefined : troubles.get(alive);
    if (alive !== undefined && trouble !== undefined) {
      troubles.delete(alive);
      const seconds = Math.ceil((clock.monotonic() - trouble.since) / 1000);
      const tries = trouble.tries === 1 ? 'a failed try' : `${trouble.tries} failed tries`;
      log.info(`${WORKS_AGAIN[alive]} after ${tries}, ${seconds} s later`);
    }
    switch (event.kind) {
      case 'retrying':
        tellRetry(event);
        return;
      case 'dead-lettered':
        tellKept(event);
        return;
      case 'dead-letter-filling':
        log.warning(
          `The dead letter has taken ${Math.floor((event.bytes / event.limitBytes) * 100)} % of dead_letter_limit: ` +
            'collection stops when it is full',
          { bytes: event.bytes, limitBytes: event.limitBytes },
        );
        return;
      case 'committed':
        tellMoreKept();
        return;
      case 'caught-up':
        if (event.events > 0) {
          const seconds = (event.durationMs / 1000).toFixed(1);
          log.info(
            `Delivered ${event.events === 1 ? 'an event' : `${event.events} events`} up to ${formatTimestamp(event.toMs)} in ${seconds} s`,
            { [STREAM_ONLY]: true },
          );
        }
        return;
      default:
    }
  };

  function tellRetry({ side, error, attempt, delayMs }: Extract<PipelineEvent, { kind: 'retrying' }>): void {
    // Where the source does not answer at all, that it does not count is no news.
    const trouble = troubles.get(side) ?? (side === 'counts' ? troubles.get('source') : undefined);
    const text = `${error.message}; try ${attempt + 1} in ${(delayMs / 1000).toFixed(1)} s`;
    if (trouble === undefined) {
      troubles.set(side, { since: clock.monotonic(), tries: 1 });
      // Sources pass by themselves as a rule; what cannot be written may wait for somebody to make room.
      if (side === 'state') log.error(text, { code: error.code, advice: error.advice });
      else log.warning(text, { code: error.code, ...(side === 'destination' && { advice: error.advice }) });
    } else {
      trouble.tries += 1;
      log.debug(text, { code: error.code });
    }
  }

  function tellKept({ id, reason, bytes, delivered }: Extract<PipelineEvent, { kind: 'dead-lettered' }>): void {
    const text =
      delivered === 'trimmed'
        ? `A trimmed copy of an event is sent, and the whole of it kept in the dead letter: ${reason}`
        : `An event went to the dead letter: ${reason}`;
    // The same reason may name another size or place.
    const key = text.replace(/\d+/g, '#');
    const same = kept.get(key);
    if (same === undefined) kept.set(key, { reason, more: 0 });
    else same.more += 1;
    log[same === undefined ? 'warning' : 'debug'](text, { id, bytes });
  }

  function tellMoreKept(): void {
    for (const { reason, more } of kept.values()) {
      if (more === 0) continue;
      const others = more === 1 ? 'Another event' : `${more} more events`;
      log.warning(`${others} went to the dead letter for the same reason: ${reason}`, { events: more });
    }
    kept.clear();
  }
}
