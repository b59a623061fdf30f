import { parseArgs } from 'node:util';

/** What is to be measured, and how long it may take. */
export interface Flags {
  readonly part: string;
  readonly events: number;
  readonly rounds: number;
  /** How long each rate of freshness is watched. */
  readonly seconds: number;
  /** Up to 10 million events. */
  readonly full: boolean;
  /** Keep the guard's figures as the ones to compare with. */
  readonly record: boolean;
}

export function readFlags(): Flags {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      events: { type: 'string', default: '200000' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '12' },
      full: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
    },
  });
  const { events, rounds, seconds, full, record } = values;
  const part = positionals[0] ?? 'all';
  return { part, events: Number(events), rounds: Number(rounds), seconds: Number(seconds), full, record };
}
