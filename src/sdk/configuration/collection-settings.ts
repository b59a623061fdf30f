import { parseAddress } from './address.js';
import { parseHeaderText } from './header-text.js';
import type { Parsed } from './parsed.js';
import type { SettingsReader } from './settings-reader.js';
import { parseStartFrom, type Retention, type StartFrom } from './start-from.js';

/**
 * The arguments that every collecting trigger may declare in the schema of its arguments, by these names and in these
 * units. `intake_key` must be declared; each other one may be, and has a default here.
 */
export interface CollectionArguments {
  /** The key of the intake that receives the events. A secret. */
  readonly intake_key: string;
  /** Address of the intake. Without it, the platform's own `intake_url` counts. */
  readonly intake_server?: string;
  /** Whether `intake_server` may be an http address of another machine. Default: false. */
  readonly allow_unencrypted_intake?: boolean;
  /** Seconds from the start of one cycle to the start of the next. */
  readonly frequency: number;
  /** A duration before now, a time, or `retention`. */
  readonly start_from: string;
  /** A duration: how far each cycle looks back. */
  readonly overlap: string;
  /** A duration: how long delivered ids are remembered, and counts compared. */
  readonly settling_horizon: string;
  /** A duration: how often counts are compared; without counts, how often the last hour is read again. */
  readonly reconcile_every: string;
  /** Requests to the API in a second, at the most. */
  readonly requests_per_second: number;
  /** Events in a push, at the most. */
  readonly chunk_size: number;
  /** How events stand in a request: texts in a JSON document, or one a line. */
  readonly intake_format: 'batch' | 'plain_batch';
  /** Whether requests to the intake are compressed. */
  readonly intake_compression: 'none' | 'gzip';
  /** What becomes of an event over the intake's limit: a trimmed copy is sent, or it is only kept. */
  readonly oversized_events: 'trim' | 'dead_letter';
  /** Megabytes. */
  readonly dead_letter_limit: number;
  /** A duration: how long a failed push is tried again before it is reported. */
  readonly retry_for: string;
  /** Least severe level that is logged. */
  readonly log_level: 'debug' | 'info' | 'warning' | 'error';
}

/** What counts where a schema does not declare an argument. */
export const COLLECTION_DEFAULTS: Omit<CollectionArguments, 'intake_key' | 'intake_server'> = {
  allow_unencrypted_intake: false,
  frequency: 60,
  start_from: '1m',
  overlap: '5m',
  settling_horizon: '24h',
  reconcile_every: '15m',
  requests_per_second: 1,
  chunk_size: 10_000,
  intake_format: 'batch',
  intake_compression: 'none',
  oversized_events: 'trim',
  dead_letter_limit: 1024,
  retry_for: '1h',
  log_level: 'info',
};

/** The collecting trigger's common settings, checked and in the units that the code works with. */
export interface CollectionSettings {
  /** Without a slash at the end. */
  readonly intakeUrl: string;
  /** Without blanks around it. */
  readonly intakeKey: string;
  /** Most events in one push. */
  readonly chunkSize: number;
  /** From the start of one cycle to the start of the next, milliseconds. */
  readonly frequencyMs: number;
  /** Where the first run starts. */
  readonly startFrom: StartFrom;
  /** Requests to the API in a second, at the most; may be a fraction. */
  readonly requestsPerSecond: number;
  /** How far is looked back for late events, milliseconds of event time. */
  readonly overlapMs: number;
  /** How long ids are remembered and counts compared, milliseconds of event time. */
  readonly settlingHorizonMs: number;
  /** How often that is done, milliseconds. */
  readonly reconcileEveryMs: number;
  /** How events stand in a request. */
  readonly intakeFormat: CollectionArguments['intake_format'];
  /** Whether requests to the intake are compressed. */
  readonly intakeCompression: CollectionArguments['intake_compression'];
  /** What becomes of an event over the intake's limit. */
  readonly oversizedEvents: CollectionArguments['oversized_events'];
  /** What the dead letter may take. */
  readonly deadLetterLimitBytes: number;
  /** How long a failed push is tried again before it is reported, milliseconds. */
  readonly retryForMs: number;
  /** Least severe level that is logged. */
  readonly logLevel: CollectionArguments['log_level'];
}

/** What {@link readCollectionSettings} works on. */
export interface CollectionInput {
  /** Values that met the schema, defaults included. What is missing nevertheless is a problem. */
  readonly arguments: Partial<CollectionArguments>;
  /** The platform's intake address, for where `intake_server` is not set. */
  readonly intakeUrl: string | undefined;
  /** Epoch milliseconds. */
  readonly nowMs: number;
  /** How far back a start makes sense. */
  readonly retention: Retention;
}

/** Reads the common settings; what is wrong with them is left with the reader. */
export function readCollectionSettings(
  reader: SettingsReader,
  { arguments: args, intakeUrl, nowMs, retention }: CollectionInput,
): CollectionSettings {
  const intake = chooseIntake(args, intakeUrl);
  const startFrom = (text: string): Parsed<StartFrom> => parseStartFrom(text, nowMs, retention);
  return {
    intakeUrl: reader.take(intake.setting, intake.text, intake.parse, ''),
    intakeKey: reader.take('arguments.intake_key', args.intake_key, parseHeaderText, ''),
    chunkSize: reader.plain('arguments.chunk_size', args.chunk_size, 0),
    frequencyMs: reader.plain('arguments.frequency', args.frequency, 0) * 1000,
    startFrom: reader.take('arguments.start_from', args.start_from, startFrom, { ms: 0, text: '', isRelative: false }),
    requestsPerSecond: reader.plain('arguments.requests_per_second', args.requests_per_second, 0),
    overlapMs: reader.duration('arguments.overlap', args.overlap),
    settlingHorizonMs: reader.duration('arguments.settling_horizon', args.settling_horizon),
    reconcileEveryMs: reader.duration('arguments.reconcile_every', args.reconcile_every),
    intakeFormat: reader.plain('arguments.intake_format', args.intake_format, 'batch'),
    intakeCompression: reader.plain('arguments.intake_compression', args.intake_compression, 'none'),
    oversizedEvents: reader.plain('arguments.oversized_events', args.oversized_events, 'trim'),
    deadLetterLimitBytes: reader.plain('arguments.dead_letter_limit', args.dead_letter_limit, 0) * 1_000_000,
    retryForMs: reader.duration('arguments.retry_for', args.retry_for),
    logLevel: reader.plain('arguments.log_level', args.log_level, 'info'),
  };
}

interface IntakeChoice {
  readonly setting: string;
  readonly text: string | undefined;
  readonly parse: (text: string) => Parsed<string>;
}

/**
 * The platform's own address serves every region; a default for `intake_server` would only ever suit one. What an operator
 * wrote must be encrypted unless they say that it need not; of what the platform provides, the platform is judge.
 */
function chooseIntake(
  { intake_server: server, allow_unencrypted_intake: isAllowed }: Partial<CollectionArguments>,
  platform: string | undefined,
): IntakeChoice {
  if (server !== undefined && server.trim() !== '') {
    const parse = (text: string): Parsed<string> => parseOwnIntake(text, isAllowed === true);
    return { setting: 'arguments.intake_server', text: server, parse };
  }
  if (platform !== undefined && platform.trim() !== '') {
    return { setting: 'intake_url', text: platform, parse: (text) => parseAddress(text, 'warn') };
  }
  const problem =
    'no intake address: set intake_server, such as https://intake.sekoia.io (argument, or flag --intake-server), ' +
    'or provide what the platform does (file or environment variable intake_url, or intake_url in the playbook file)';
  return { setting: 'arguments.intake_server', text: '', parse: () => ({ problem }) };
}

function parseOwnIntake(text: string, isAllowed: boolean): Parsed<string> {
  const parsed = parseAddress(text, isAllowed ? 'warn' : 'refuse');
  const isAllThatIsWrong = 'problem' in parsed && !('problem' in parseAddress(text, 'warn'));
  if (!isAllThatIsWrong) return parsed;
  return { problem: `${parsed.problem}; inside a network of your own, allow_unencrypted_intake lets it through` };
}
