import type { Clock } from '../ports.js';
import type { PipelineEvent, PipelineListener } from '../pipeline/pipeline-event.js';
import { formatTimestamp } from '../time/timestamp.js';
import type { Log } from './log.js';

/** What has gone well again, by side, once one of these events is seen. */
const SIGNS_OF_LIFE: Readonly<Partial<Record<PipelineEvent['kind'], 'source' | 'destination' | 'state'>>> = {
  read: 'source',
  delivered: 'destination',
  committed: 'state',
  // An empty window has no page, yet it was read.
  'caught-up': 'source',
};

interface Trouble {
  readonly since: number;
  tries: number;
}

/**
 * Tells the log what a stream does: a line for each cycle that moved events, none for an empty one; one line when
 * trouble with a side begins and one when it ends, not one for every try.
 */
export function pipelineLog(log: Log, clock: Clock): PipelineListener {
  const troubles = new Map<string, Trouble>();
  return (event) => {
    const alive = SIGNS_OF_LIFE[event.kind];
    const trouble = alive === undefined ? undefined : troubles.get(alive);
    if (alive !== undefined && trouble !== undefined) {
      troubles.delete(alive);
      const seconds = Math.ceil((clock.monotonic() - trouble.since) / 1000);
      const tries = trouble.tries === 1 ? 'a failed try' : `${trouble.tries} failed tries`;
      log.info(`The ${alive} works again after ${tries}, ${seconds} s later`);
    }
    switch (event.kind) {
      case 'retrying':
        tellRetry(event);
        return;
      case 'dead-lettered':
        log.warning(
          event.delivered === 'trimmed'
            ? `A trimmed copy of an event is sent, and the whole of it kept in the dead letter: ${event.reason}`
            : `An event went to the dead letter: ${event.reason}`,
          { id: event.id, bytes: event.bytes },
        );
        return;
      case 'dead-letter-filling':
        log.warning(
          `The dead letter has taken ${Math.floor((event.bytes / event.limitBytes) * 100)} % of dead_letter_limit: ` +
            'collection stops when it is full',
          { bytes: event.bytes, limitBytes: event.limitBytes },
        );
        return;
      case 'caught-up':
        if (event.events > 0) {
          const seconds = (event.durationMs / 1000).toFixed(1);
          log.info(
            `Delivered ${event.events === 1 ? 'an event' : `${event.events} events`} up to ${formatTimestamp(event.toMs)} in ${seconds} s`,
          );
        }
        return;
      default:
    }
  };

  function tellRetry({ side, error, attempt, delayMs }: Extract<PipelineEvent, { kind: 'retrying' }>): void {
    const trouble = troubles.get(side);
    const text = `${error.message}; try ${attempt + 1} in ${(delayMs / 1000).toFixed(1)} s`;
    if (trouble === undefined) {
      troubles.set(side, { since: clock.monotonic(), tries: 1 });
      // The sides pass by themselves as a rule; state that cannot be written waits for somebody to make room.
      if (side === 'state') log.error(text, { code: error.code, advice: error.advice });
      else log.warning(text, { code: error.code });
    } else {
      trouble.tries += 1;
      log.debug(text, { code: error.code });
    }
  }
}
