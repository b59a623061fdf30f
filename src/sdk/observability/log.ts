import { Writable } from 'node:stream';

import { createLogger, format, transports, type Logger } from 'winston';

import { escapeControls } from './escape-controls.js';
import { KnownSecrets, redactor, type Redactor } from './redactor.js';

/** Facts beside the message, by name. Numbers and texts only, so that every line stays flat. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Levels of the platform's log tab. `critical` tells the platform that the item cannot work and may be stopped. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of a log, with every known secret blotted out. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Who else is told what is logged. */
export interface LogSink {
  /** Takes it and returns: what is done with it comes later, and never throws. */
  write(record: LogRecord): void;
}

/**
 * Marks, among the fields, a line that goes to the stream only, as `log.info(text, { [STREAM_ONLY]: true })`: one that is
 * written so often that elsewhere it would hide the others.
 */
export const STREAM_ONLY = Symbol('stream only');

/** Fields as they are given: with the mark, where the line is for the stream only. */
export type GivenFields = LogFields & { readonly [STREAM_ONLY]?: true };

/** Where a program says what it does. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: GivenFields) => void>>;

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
  readonly secrets?: readonly string[] | KnownSecrets;
  /** Told of the same lines. */
  readonly sinks?: readonly LogSink[];
}

/** A log that writes one line a record to `stream`, with every known secret blotted out. */
export function createLog(options: LogOptions): Log {
  const { sinks = [] } = options;
  const redact = redactorOf(options);
  const streams = [options.stream, ...sinks.map((sink) => streamInto(sink, redact))];
  const logger = createLogger({
    level: options.level,
    levels: { critical: 0, error: 1, warning: 2, info: 3, debug: 4 },
    format: options.human ? humanFormat(options) : machineFormat(options),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types it as an interface
    transports: streams.map((stream) => new transports.Stream({ stream, eol: '\n' })),
  });
  return bindLevels(logger);
}

function redactorOf({ secrets = [] }: LogOptions): Redactor {
  return secrets instanceof KnownSecrets ? secrets.redact : redactor(secrets);
}

/** Winston hands records, instead of lines, to a stream of objects. */
function streamInto(sink: LogSink, redact: Redactor): NodeJS.WritableStream {
  return new Writable({
    objectMode: true,
    write(record: LogFields & { level: LogLevel; message: string; [STREAM_ONLY]?: true }, _, done) {
      const { level, message, [STREAM_ONLY]: isKeptBack, ...rest } = record;
      const fields = Object.entries(rest)
        .filter(([name]) => name !== 'timestamp')
        .map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]);
      if (isKeptBack !== true) {
        sink.write({ level, message: redact(message), fields: Object.fromEntries(fields) as LogFields });
      }
      done();
    },
  });
}

function bindLevels(logger: Logger): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: GivenFields = {}): void => {
      logger.log({ ...fields, level, message });
    };
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') };
}

function machineFormat(options: LogOptions): ReturnType<typeof format.combine> {
  const redact = redactorOf(options);
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
  const redact = redactorOf(options);
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
