import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import { DURATION_SYNTAX, parseDuration } from '../time/duration.js';
import type { Parsed } from './parsed.js';

/** Reads settings one by one and keeps what is wrong with them, so that all of it is told at once. */
export class SettingsReader {
  /** What was wrong so far. */
  readonly problems: ConfigurationProblem[] = [];
  /** What the operator should know of what was read, one sentence each. */
  readonly warnings: string[] = [];

  /**
   * Reads a setting.
   * @param setting its name in messages: `module.base_url`, `arguments.frequency`
   * @param filler what stands in for a value that is missing or wrong, up to `end`
   */
  take<Given, Read>(
    setting: string,
    given: Given | undefined,
    parse: (value: Given) => Parsed<Read>,
    filler: Read,
  ): Read {
    const parsed = given === undefined ? { problem: 'is required' } : parse(given);
    if ('problem' in parsed) {
      this.refuse(setting, parsed.problem);
      return filler;
    }
    if (parsed.warning !== undefined) this.warnings.push(`${setting}: ${parsed.warning}`);
    return parsed.value;
  }

  /** Something is wrong with a setting that reading it does not show. */
  refuse(setting: string, problem: string): void {
    this.problems.push({ setting, problem });
  }

  /** A value that the schema says enough about. */
  plain<Value>(setting: string, given: Value | undefined, filler: Value): Value {
    return this.take(setting, given, (value) => ({ value }), filler);
  }

  /** @returns milliseconds */
  duration(setting: string, given: string | undefined): number {
    return this.take(setting, given, parseDurationText, 0);
  }

  /** @throws ConfigurationError with everything that was wrong; then nothing that was read may be used */
  end(): void {
    if (this.problems.length > 0) throw new ConfigurationError(this.problems);
  }
}

function parseDurationText(text: string): Parsed<number> {
  const value = parseDuration(text);
  return value === undefined ? { problem: `must be a duration: ${DURATION_SYNTAX}` } : { value };
}
