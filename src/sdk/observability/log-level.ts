import { createLayer, type LoadedSection } from '../configuration/layer.js';
import type { SettingsSchema } from '../configuration/schema.js';
import type { Environment } from '../ports.js';
import { LOG_LEVELS, type LogLevel } from './log.js';

/** The setting that names the level, where a trigger has one. */
const SETTING = 'log_level';

/** Python's names for what is called otherwise here. */
const OTHER_NAMES: Readonly<Record<string, LogLevel>> = { warn: 'warning', fatal: 'critical', notset: 'debug' };

/**
 * Reads a level as people and Python programs write it: a name in any case, or a number (10 debug, 20 info, 30
 * warning, 40 error, 50 critical; a number between counts as the next above).
 */
export function parseLogLevel(text: string): LogLevel | undefined {
  const name = text.trim().toLowerCase();
  if (/^\d{1,3}$/.test(name))
    return LOG_LEVELS[Math.min(Math.max(Math.ceil(Number(name) / 10), 1), LOG_LEVELS.length) - 1];
  return OTHER_NAMES[name] ?? LOG_LEVELS.find((level) => level === name);
}

/**
 * Lays the environment variable LOG_LEVEL below a trigger's arguments, as if it were their `log_level`. One that names
 * no level is left out: no collection shall fail to start because of it.
 */
export function withEnvironmentLogLevel(
  section: LoadedSection,
  schema: SettingsSchema,
  environment: Environment,
): LoadedSection {
  const level = parseLogLevel(environment['LOG_LEVEL'] ?? '');
  const declaration = schema.properties[SETTING];
  if (level === undefined || declaration === undefined) return section;
  // A setting without 'critical' goes up to 'error' at most.
  const value = declaration.enum?.includes(level) === false ? 'error' : level;
  return {
    ...section,
    layers: [createLayer({ [SETTING]: value }, 'environment variable LOG_LEVEL'), ...section.layers],
  };
}

/** The level out of resolved arguments; `info` where the trigger has no such setting. */
export function logLevelOf(args: Readonly<Record<string, unknown>>): LogLevel {
  return LOG_LEVELS.find((level) => level === args[SETTING]) ?? 'info';
}
