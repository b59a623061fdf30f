import type { Events } from '../../src/sdk/pipeline/events.js';

/** Those from `from` to before `to` as JSON strings with commas between, as a batch copies them. */
export function quotedRun(events: Events, from: number, to: number): Buffer {
  let bytes = to - from - 1;
  for (let index = from; index < to; index += 1) bytes += events.quotedSize(index);
  const target = Buffer.alloc(bytes);
  events.copyQuoted(from, to, target, 0);
  return target;
}
