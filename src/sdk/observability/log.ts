import { createLogger, format, transports, type Logger } from 'winston';

import { escapeControls } from './escape-controls.js';
import { redactor, type Redactor } from './redactor.js';

/** Facts beside the message, by name. Numbers and texts only, so that every line stays flat. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Levels of the platform's log tab. `critical` tells the platform that the item cannot work and may be stopped. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where a program says what it does. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

export interface LogOptions {
  /** Lines below this level are not written. */
  readonly level: LogLevel;
  /** True for people on a terminal, false for machines: JSON lines. */
  readonly human: boolean;
  /** Terminal colours, in the human form. */
  readonly colours?: boolean;
  /** Where lines go: standard error, or a sink in a test. */
  readonly stream: NodeJS.WritableStream;
  /** Texts that must never be written: keys, tokens. */
  readonly secrets?: readonly string[];
}

/** A log that writes one line a record to `stream`, with every known secret blotted out. */
export function createLog(options: LogOptions): Log {
  const logger = createLogger({
    level: options.level,
    levels: { critical: 0, error: 1, warning: 2, info: 3, debug: 4 },
    format: options.human ? humanFormat(options) : machineFormat(options),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types it as an interface
    transports: [new transports.Stream({ stream: options.stream, eol: '\n' })],
  });
  return bindLevels(logger);
}

function bindLevels(logger: Logger): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      logger.log({ ...fields, level, message });
    };
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') };
}

function machineFormat(options: LogOptions): ReturnType<typeof format.combine> {
  const redact = redactor(options.secrets ?? []);
  return format.combine(
    format.timestamp(),
    // Each text by itself: a secret that looks like JSON must not tear the line apart.
    format.printf(({ timestamp, level, message, ...fields }) =>
      // In JSON the shown form of a control character is an escape: whoever parses the line reads the same text.
      escapeControls(
        JSON.stringify({ time: timestamp, level, message, ...fields }, (_, value: unknown) =>
          typeof value === 'string' ? redact(value) : value,
        ),
      ),
    ),
  );
}

const COLOURS: Readonly<Record<string, string>> = {
  debug: '\u001b[90m',
  info: '\u001b[36m',
  warning: '\u001b[33m',
  error: '\u001b[31m',
  critical: '\u001b[1;31m',
};

function humanFormat(options: LogOptions): ReturnType<typeof format.combine> {
  const redact = redactor(options.secrets ?? []);
  return format.combine(
    format.timestamp({ format: 'HH:mm:ss' }),
    format.printf(({ timestamp, level, message, ...fields }) => {
      const label = level.toUpperCase().padEnd(8);
      const shown = options.colours === true ? `${COLOURS[level] ?? ''}${label}\u001b[0m` : label;
      return `${String(timestamp)} ${shown} ${humanText(redact, String(message), fields)}`;
    }),
  );
}

function humanText(redact: Redactor, message: string, fields: Record<string, unknown>): string {
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(value)}`);
  const text = facts.length === 0 ? message : `${message}  ${facts.join(' ')}`;
  // A message's further lines are indented, so that none can pass for a record.
  return escapeControls(redact(text)).replaceAll('\n', '\n    ');
}
