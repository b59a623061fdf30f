import { Option, type Command } from 'commander';

import { ConfigurationError } from '../../../sdk/errors.js';
import { DEAD_LETTER_KINDS, type DeadLetterRecord } from '../../../sdk/dead-letter/dead-letter-record.js';
import { DURATION_SYNTAX, parseDuration } from '../../../sdk/time/duration.js';
import { parseTimestamp } from '../../../sdk/time/timestamp.js';

/** Flags that say which entries are meant. Without any, all are. */
export interface EntryFilterFlags {
  readonly id?: string;
  readonly reason?: string;
  readonly kind?: string;
  readonly since?: string;
  readonly before?: string;
}

export type EntryFilter = (record: DeadLetterRecord) => boolean;

export function addEntryFilterOptions(command: Command): Command {
  return command
    .optionsGroup('Which entries:')
    .option('--id <ID>', 'the event with this id')
    .option('--reason <TEXT>', 'reasons that contain this, in any case')
    .addOption(
      new Option('--kind <KIND>', 'refused by the intake, or over its limit of one event').choices(DEAD_LETTER_KINDS),
    )
    .option('--since <TIME>', 'refused at or after this: a time such as 2030-01-02T03:04:05Z, or a duration before now')
    .option('--before <TIME>', 'refused before this')
    .optionsGroup('Options:');
}

export function hasEntryFilter({ id, reason, kind, since, before }: EntryFilterFlags): boolean {
  return [id, reason, kind, since, before].some((flag) => flag !== undefined);
}

/** @throws ConfigurationError for a time that is none */
export function entryFilter(flags: EntryFilterFlags, nowMs: number): EntryFilter {
  const { id, kind } = flags;
  const reason = flags.reason?.toLowerCase();
  const sinceMs = readTime('since', flags.since, nowMs) ?? -Infinity;
  const beforeMs = readTime('before', flags.before, nowMs) ?? Infinity;
  return (record) => {
    // A record whose time nobody can read is older than any.
    const timeMs = parseTimestamp(record.time)?.ms ?? -Infinity;
    return (
      (id === undefined || record.id === id) &&
      (kind === undefined || record.kind === kind) &&
      (reason === undefined || record.reason.toLowerCase().includes(reason)) &&
      timeMs >= sinceMs &&
      timeMs < beforeMs
    );
  };
}

function readTime(flag: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const durationMs = parseDuration(text);
  const ms = durationMs === undefined ? parseTimestamp(text)?.ms : nowMs - durationMs;
  if (ms !== undefined) return ms;
  const problem = `must be a time such as 2030-01-02T03:04:05Z, or a duration before now (${DURATION_SYNTAX})`;
  throw new ConfigurationError([{ setting: flag, problem, origin: `flag --${flag}` }]);
}
