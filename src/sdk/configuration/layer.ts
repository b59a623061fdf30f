import type { ConfigurationProblem } from '../errors.js';
import type { SettingsSchema } from './schema.js';

/** Values from one place: a file, an environment variable, a playbook, the command line. */
export interface Layer {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the value of a setting came from, to be shown. Never the value. */
  readonly originOf: (setting: string) => string;
}

/** What was found for one part of the configuration (the account, the arguments). */
export interface LoadedSection {
  /** The later layer wins. */
  readonly layers: readonly Layer[];
  /** What went wrong on the way. Reported together with what is wrong in the values. */
  readonly problems?: readonly ConfigurationProblem[];
  /** A layer could not be read, so what seems missing may well be there: missing settings are not reported. */
  readonly incomplete?: boolean;
}

/** A layer whose values all come from the same place. */
export function createLayer(values: Readonly<Record<string, unknown>>, origin: string): Layer {
  return { values, originOf: () => origin };
}

/** The command-line flag of a setting: `page_size` is `--page-size`. */
export function flagOf(setting: string): string {
  return `--${setting.replaceAll('_', '-')}`;
}

/**
 * A layer out of parsed command-line flags, keyed as flag parsers key them: `pageSize` for `--page-size`. Flags that
 * are no setting of the schema are left alone.
 */
export function createFlagLayer(schema: SettingsSchema, flags: Readonly<Record<string, unknown>>): Layer {
  const values = Object.keys(schema.properties).flatMap((setting): [string, unknown][] => {
    const key = setting.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    return Object.hasOwn(flags, key) && flags[key] !== undefined ? [[setting, flags[key]]] : [];
  });
  return { values: Object.fromEntries(values), originOf: (setting) => `flag ${flagOf(setting)}` };
}
