import type { Log } from '../observability/log.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock } from '../ports.js';
import { formatDuration } from '../time/duration.js';
import { formatTimestamp } from '../time/timestamp.js';

const EVERY_MS = 3_600_000;
/** Where nothing happens. The platform keeps such lines for a day: there is always one that says so. */
const QUIET_EVERY_MS = 6 * 3_600_000;

/**
 * What a stream has done, in few lines, for whoever reads the log tab: the first delivery, then the sum of each hour; where
 * nothing happens, every six hours that nothing did.
 */
export function deliveryDigest(log: Log, clock: Clock): PipelineListener {
  let told: { atMs: number } | undefined;
  let events = 0;
  let kept = 0;
  let cycles = 0;
  const tell = (text: string): void => {
    log.info(text);
    told = { atMs: clock.monotonic() };
    [events, kept, cycles] = [0, 0, 0];
  };
  const startedAt = clock.monotonic();
  return (event) => {
    switch (event.kind) {
      case 'delivered':
        events += event.events;
        return;
      case 'dead-lettered':
        kept += 1;
        return;
      case 'caught-up': {
        cycles += 1;
        const sinceMs = clock.monotonic() - (told?.atMs ?? startedAt);
        const upTo = `up to ${formatTimestamp(event.toMs)}`;
        const keptText = kept === 0 ? '' : `; ${kept} kept in the dead letter`;
        if (told === undefined && events > 0)
          tell(`Collecting works: ${plural(events, 'event')} delivered so far, ${upTo}${keptText}`);
        else if (events + kept > 0 && sinceMs >= EVERY_MS)
          tell(`${plural(events, 'event')} delivered in the last ${minutes(sinceMs)}, ${upTo}${keptText}`);
        else if (events + kept === 0 && sinceMs >= QUIET_EVERY_MS)
          tell(`Nothing new in the last ${minutes(sinceMs)}: the source was read ${plural(cycles, 'time')}, ${upTo}`);
        return;
      }
      default:
    }
  };
}

function minutes(ms: number): string {
  return formatDuration(Math.floor(ms / 60_000) * 60_000);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
