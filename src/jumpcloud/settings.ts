import { parseAddress } from '../sdk/configuration/address.js';
import { parseHeaderText } from '../sdk/configuration/header-text.js';
import type { Parsed } from '../sdk/configuration/parsed.js';
import { showValue } from '../sdk/configuration/redact.js';
import { ConfigurationError, type ConfigurationProblem } from '../sdk/errors.js';
import { DURATION_SYNTAX, formatDuration, parseDuration } from '../sdk/time/duration.js';
import { formatTimestamp, parseTimestamp } from '../sdk/time/timestamp.js';
import type { ConnectorArguments, ModuleConfiguration } from './configuration.generated.js';
import { parseServices } from './services.js';

/** How long JumpCloud keeps events. */
export const RETENTION_MS = 90 * 86_400_000;

/** Where the first run starts. */
export interface StartFrom {
  /** Epoch milliseconds. */
  readonly ms: number;
  /** As it was written. */
  readonly text: string;
  /** True where it was written as a time before now. */
  readonly isRelative: boolean;
}

/** Everything that the connector is told, checked and in the units that the code works with. */
export interface ConnectorSettings {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly organizationId?: string;
  /** Without a slash at the end. */
  readonly intakeUrl: string;
  readonly intakeKey: string;
  /** Most events in one push. */
  readonly chunkSize: number;
  readonly frequencyMs: number;
  /** As the API takes them; `['all']` for every service. */
  readonly services: readonly string[];
  readonly startFrom: StartFrom;
  readonly pageSize: number;
  readonly requestsPerSecond: number;
  readonly overlapMs: number;
  readonly settlingHorizonMs: number;
  readonly reconcileEveryMs: number;
  readonly intakeFormat: ConnectorArguments['intake_format'];
  readonly intakeCompression: ConnectorArguments['intake_compression'];
  readonly oversizedEvents: ConnectorArguments['oversized_events'];
  readonly deadLetterLimitBytes: number;
  readonly retryForMs: number;
  readonly logLevel: ConnectorArguments['log_level'];
}

/** The part of them that is the account's. */
export type AccountSettings = Pick<ConnectorSettings, 'baseUrl' | 'apiKey' | 'organizationId'>;

/** What {@link parseSettings} works on. */
export interface SettingsInput {
  /** Values that met the schemas, defaults included. What is missing nevertheless is a problem. */
  readonly module: Partial<ModuleConfiguration>;
  readonly arguments: Partial<ConnectorArguments>;
  /** The platform's intake address, for where `intake_server` is not set. */
  readonly intakeUrl: string | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Turns validated values into settings.
 * @throws ConfigurationError with every problem at once.
 */
export function parseSettings(input: SettingsInput): { settings: ConnectorSettings; warnings: readonly string[] } {
  const { settings, warnings, problems } = interpret(input);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { settings, warnings };
}

/**
 * Turns the validated values of an account into settings.
 * @throws ConfigurationError with every problem at once.
 */
export function parseAccount(module: Partial<ModuleConfiguration>): AccountSettings {
  const { take, problems } = createReader();
  const account = takeAccount(module, take);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return account;
}

/** Reads a value that must be there, or notes what is wrong with it and gives a filler in its place. */
type Take = <T, F>(setting: string, given: T | undefined, parse: (value: T) => Parsed<F>, filler: F) => F;

/** The values are to be used only where there is no problem: whatever has one is filled up with nonsense. */
function createReader(): { take: Take; warnings: string[]; problems: ConfigurationProblem[] } {
  const warnings: string[] = [];
  const problems: ConfigurationProblem[] = [];
  const take: Take = (setting, given, parse, filler) => {
    const parsed = given === undefined ? { problem: 'is required' } : parse(given);
    if ('problem' in parsed) {
      problems.push({ setting, problem: parsed.problem });
      return filler;
    }
    if (parsed.warning !== undefined) warnings.push(`${setting}: ${parsed.warning}`);
    return parsed.value;
  };
  return { take, warnings, problems };
}

function takeAccount(module: Partial<ModuleConfiguration>, take: Take): AccountSettings {
  return {
    baseUrl: take('module.base_url', module.base_url, (text) => parseAddress(text, 'refuse'), ''),
    apiKey: take('module.apikey', module.apikey, parseHeaderText, ''),
    ...(module.organization_id !== undefined && {
      organizationId: take('module.organization_id', module.organization_id, parseOrganization, ''),
    }),
  };
}

function interpret({ module, arguments: args, intakeUrl, now }: SettingsInput): {
  settings: ConnectorSettings;
  warnings: string[];
  problems: ConfigurationProblem[];
} {
  const { take, warnings, problems } = createReader();
  const number = (setting: string, given: number | undefined): number =>
    take(setting, given, (value) => ({ value }), 0);
  const duration = (setting: string, given: string | undefined): number => take(setting, given, parseDurationText, 0);
  const intake = chooseIntake(args, intakeUrl);

  const settings: ConnectorSettings = {
    ...takeAccount(module, take),
    intakeUrl: take(intake.setting, intake.text, intake.parse, ''),
    intakeKey: take('arguments.intake_key', args.intake_key, parseHeaderText, ''),
    chunkSize: number('arguments.chunk_size', args.chunk_size),
    frequencyMs: number('arguments.frequency', args.frequency) * 1000,
    services: take('arguments.service', args.service, readServices, []),
    startFrom: take('arguments.start_from', args.start_from, (text) => parseStartFrom(text, now), {
      ms: 0,
      text: '',
      isRelative: false,
    }),
    pageSize: number('arguments.page_size', args.page_size),
    requestsPerSecond: number('arguments.requests_per_second', args.requests_per_second),
    overlapMs: duration('arguments.overlap', args.overlap),
    settlingHorizonMs: duration('arguments.settling_horizon', args.settling_horizon),
    reconcileEveryMs: duration('arguments.reconcile_every', args.reconcile_every),
    intakeFormat: take('arguments.intake_format', args.intake_format, (value) => ({ value }), 'batch'),
    intakeCompression: take('arguments.intake_compression', args.intake_compression, (value) => ({ value }), 'none'),
    oversizedEvents: take('arguments.oversized_events', args.oversized_events, (value) => ({ value }), 'trim'),
    deadLetterLimitBytes: number('arguments.dead_letter_limit', args.dead_letter_limit) * 1_000_000,
    retryForMs: duration('arguments.retry_for', args.retry_for),
    logLevel: take('arguments.log_level', args.log_level, (value) => ({ value }), 'info'),
  };
  return { settings, warnings, problems };
}

/**
 * Reads where the first run starts, against `now` (epoch milliseconds): a duration before now, an RFC 3339 time, or
 * `retention` for as far back as JumpCloud keeps events. Farther back than that is cut off with a warning.
 */
export function parseStartFrom(text: string, now: number): Parsed<StartFrom> {
  const trimmed = text.trim();
  const oldest = now - RETENTION_MS;
  if (trimmed.toLowerCase() === 'retention') return { value: { ms: oldest, text: trimmed, isRelative: true } };
  const durationMs = parseDuration(trimmed);
  const ms = durationMs === undefined ? parseTimestamp(trimmed)?.ms : now - durationMs;
  if (ms === undefined) {
    const forms = `a duration (${DURATION_SYNTAX}), a time such as 2030-01-02T03:04:05Z, or 'retention'`;
    return { problem: `must be ${forms}, not ${showValue(trimmed, false)}` };
  }
  if (ms > now) return { problem: `${trimmed} is in the future: it is now ${formatTimestamp(now)}` };
  const isRelative = durationMs !== undefined;
  if (ms >= oldest) return { value: { ms, text: trimmed, isRelative } };
  return {
    value: { ms: oldest, text: trimmed, isRelative },
    warning: `${trimmed} is longer ago than the ${formatDuration(RETENTION_MS)} that JumpCloud keeps: starting at ${formatTimestamp(oldest)}`,
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
  { intake_server: server, allow_unencrypted_intake: isAllowed }: Partial<ConnectorArguments>,
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

function parseOrganization(text: string): Parsed<string> {
  const parsed = parseHeaderText(text);
  if ('value' in parsed && parsed.value.includes(',')) return { problem: 'must be one organization, not several' };
  return parsed;
}

function readServices(value: string | readonly string[]): Parsed<readonly string[]> {
  const { services, warnings, problems } = parseServices(value);
  if (problems.length > 0) return { problem: problems.join('; ') };
  return warnings.length === 0 ? { value: services } : { value: services, warning: warnings.join('; ') };
}

function parseDurationText(text: string): Parsed<number> {
  const value = parseDuration(text);
  return value === undefined ? { problem: `must be a duration: ${DURATION_SYNTAX}` } : { value };
}
