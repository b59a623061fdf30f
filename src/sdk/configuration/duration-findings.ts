import { DURATION_SYNTAX, formatDuration, parseDuration } from '../time/duration.js';
import { declarationOf, type SettingSchema, type SettingsSchema } from './schema.js';
import type { Finding, ShowValue } from './validate.js';

/** What is wrong with the durations of a section: our own keyword `x-duration`, which the validator does not know. */
export function findDurationProblems(
  schema: SettingsSchema,
  values: Readonly<Record<string, unknown>>,
  show: ShowValue,
): Finding[] {
  return Object.entries(values).flatMap(([name, value]): Finding[] => {
    const bounds = declarationOf(schema, name)?.['x-duration'];
    if (bounds === undefined || typeof value !== 'string') return [];
    const problem = durationProblem(value, bounds, show([name], value));
    return problem === undefined ? [] : [{ path: [name], problem, missing: false }];
  });
}

function durationProblem(
  text: string,
  { minimum = '0s', maximum }: NonNullable<SettingSchema['x-duration']>,
  shown: string,
): string | undefined {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) return `must be a duration: ${DURATION_SYNTAX}, not ${shown}`;
  if (durationMs < boundMs(minimum)) return `must be at least ${minimum}, not ${formatDuration(durationMs)}`;
  if (maximum === undefined || durationMs <= boundMs(maximum)) return undefined;
  return `must be at most ${maximum}, not ${formatDuration(durationMs)}`;
}

function boundMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new Error(`x-duration: '${text}' is no duration`);
  return ms;
}
