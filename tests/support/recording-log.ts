import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from '../../src/sdk/observability/log.js';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps its lines. */
export class RecordingLog {
  readonly lines: LogLine[] = [];
  readonly log: Log = Object.fromEntries(
    LOG_LEVELS.map((level) => [
      level,
      (message: string, fields: LogFields = {}) => void this.lines.push({ level, message, fields }),
    ]),
  ) as Log;

  /** Messages of one level, in order. */
  at(level: LogLevel): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  /** Everything that was written, as one text. */
  get text(): string {
    return JSON.stringify(this.lines);
  }
}
