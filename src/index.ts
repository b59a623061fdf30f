/**
 * The SDK's public door: what a trigger for another vendor is written with. Nothing here knows JumpCloud.
 *
 * A trigger reads its settings, makes a `Source`, and hands it with a destination to `runConnector`; the module's entry
 * point hands its triggers to `runPlatformCommand`. What is not exported here may change without notice.
 *
 * @packageDocumentation
 */

// What a module registers
export type {
  CheckContext,
  CheckResult,
  ConfiguredTrigger,
  Trigger,
  TriggerConfiguration,
  TriggerContext,
  TriggerProfile,
} from './sdk/trigger.js';
export {
  loadTrigger,
  type AccountCheck,
  type ConfigurationSources,
  type LoadedTrigger,
  type TriggerRegistration,
} from './sdk/registration.js';
export { runPlatformCommand } from './sdk/platform-command.js';
export { launchTrigger, type Launch, type LogAudience, type World } from './sdk/launch-trigger.js';
export { EXIT_CODE, exitCodeOf, type ExitCode } from './sdk/exit-code.js';

// What the SDK asks of the world, and the real one
export type {
  Clock,
  Environment,
  FileLock,
  FileSystem,
  HttpRequest,
  HttpResponse,
  HttpTransport,
  Random,
} from './sdk/ports.js';
export { systemClock, systemEnvironment, systemFileSystem, systemRandom } from './sdk/system.js';
export { createUndiciTransport, type ClosableTransport } from './sdk/http/undici-transport.js';
export { Stop } from './sdk/stop.js';

// Errors
export {
  abortError,
  ConfigurationError,
  describeError,
  ERROR_CODES,
  isAbort,
  ModuleError,
  type Audience,
  type ConfigurationProblem,
  type ErrorCode,
  type ModuleErrorDetails,
} from './sdk/errors.js';

// From a source to a destination
export { runConnector } from './sdk/connector.js';
export type { ConnectorParts } from './sdk/connector-parts.js';
export { EventList } from './sdk/pipeline/event-list.js';
export type { Events } from './sdk/pipeline/events.js';
export type { RawEvent } from './sdk/pipeline/raw-event.js';
export type { Page, Source, Window } from './sdk/pipeline/source.js';
export type { Added, Batch, DeliverySignals, Destination } from './sdk/pipeline/destination.js';
export type { DeliveryOutcome, Rejection } from './sdk/outcome.js';
export type { PipelineEvent, PipelineListener } from './sdk/pipeline/pipeline-event.js';
export { IntakeDestination } from './sdk/intake/intake-destination.js';
export { checkIntake } from './sdk/intake/check-intake.js';

// Speaking to an API
export { EventSplitter } from './sdk/json/event-splitter.js';
export { RateLimiter } from './sdk/http/rate-limiter.js';
export { rateLimitedTransport } from './sdk/http/rate-limited-transport.js';

// Settings
export type { SettingSchema, SettingsSchema } from './sdk/configuration/schema.js';
export type { Validator } from './sdk/configuration/validate.js';
export { parseAddress } from './sdk/configuration/address.js';
export { parseHeaderText } from './sdk/configuration/header-text.js';
export type { Parsed } from './sdk/configuration/parsed.js';

// Time
export { formatDuration, parseDuration } from './sdk/time/duration.js';
export { compareTimestamps, formatTimestamp, parseTimestamp, type Timestamp } from './sdk/time/timestamp.js';

// State and what is said about it all
export type { Storage } from './sdk/storage/storage.js';
export { createLocalDirectory } from './sdk/storage/local-directory.js';
export { createMemoryStorage } from './sdk/storage/memory.js';
export { directoryLocation } from './sdk/storage/directory-location.js';
export { findStorage, type FoundStorage, type StorageSearch } from './sdk/storage/find-storage.js';
export type { OpenedStorage, StorageLocation } from './sdk/storage/storage-location.js';
export {
  createLog,
  type Log,
  type LogFields,
  type LogLevel,
  type LogOptions,
  type LogRecord,
  type LogSink,
  STREAM_ONLY,
} from './sdk/observability/log.js';
export { pipelineLog } from './sdk/observability/pipeline-log.js';
export { redactor, type Redactor } from './sdk/observability/redactor.js';
