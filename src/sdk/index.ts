/**
 * What a Sekoia.io module that collects events is written with. Nothing here knows any vendor.
 *
 * Begin with {@link defineConnector}: the vendor's API, told in what is special about it. {@link defineModule} puts
 * connectors together with their declarations, {@link runModule} runs them in the platform, and `sekoia-module` anywhere
 * else. Where an API does not hand out pages over HTTP, write a {@link Source} and use {@link defineTrigger}.
 *
 * Times are epoch milliseconds and durations milliseconds, wherever a name ends in `Ms`. What is not exported here may
 * change without notice.
 *
 * @packageDocumentation
 */

// A module
export { defineModule, type ModuleDefinition, type SekoiaModule } from './module.js';
export { runModule } from './run-module.js';

// A connector to an HTTP API
export {
  defineConnector,
  type ConnectorApi,
  type ConnectorDefinition,
  type ConnectorQuestion,
  type ConnectorSettings,
  type ConnectorTrigger,
  type TextParsers,
} from './define-connector.js';
export type { ApiPage, PageQuestion } from './source/paged-source.js';
export type { AnswerReader, ApiAnswer, ApiClient, ApiRequest } from './http/api-client.js';
export type { RefusalMeaning, Refusals } from './http/refusal.js';
export { linkTo } from './source/link-header.js';
export { listInObject, type ListInObject } from './source/list-in-object.js';
export type { EventIdentity, EventMembers, EventPlace } from './pipeline/event-identity.js';

// A trigger on a source of its own
export { defineTrigger, type SourceContext, type Sources, type TriggerDefinition } from './define-trigger.js';
export type { Page, Source, Window } from './pipeline/source.js';
export type { Events } from './pipeline/events.js';
export { EventList } from './pipeline/event-list.js';
export type { RawEvent } from './pipeline/raw-event.js';
export { EventSplitter, MalformedArrayError } from './json/event-splitter.js';
export type { HeldSettings } from './held-settings.js';
export type { ReadingPace } from './connector-parts.js';
export type {
  CheckContext,
  CheckResult,
  CollectingTrigger,
  ConfiguredTrigger,
  Trigger,
  TriggerConfiguration,
} from './trigger.js';
export { checkIntake, type CheckedIntake } from './intake/check-intake.js';
export type { PipelineListener } from './pipeline/pipeline-event.js';
export type { Clock, HttpRequest, HttpResponse, HttpTransport, Random } from './ports.js';

// Another destination than the intake
export { StoreDestination, type StoreDestinationOptions } from './store-destination/store-destination.js';
export type { ObjectStore } from './store-destination/object-store.js';

// Settings
export {
  COLLECTION_DEFAULTS,
  readCollectionSettings,
  type CollectionArguments,
  type CollectionInput,
  type CollectionSettings,
} from './configuration/collection-settings.js';
export type { Retention, StartFrom } from './configuration/start-from.js';
export { SettingsReader } from './configuration/settings-reader.js';
export type { Parsed } from './configuration/parsed.js';
export { parseAddress, type CleartextRule } from './configuration/address.js';
export { parseHeaderText } from './configuration/header-text.js';
export { formatDuration, parseDuration } from './time/duration.js';
export { formatTimestamp, parseTimestamp, type Timestamp } from './time/timestamp.js';

// Errors
export {
  ConfigurationError,
  isAbort,
  ModuleError,
  type Audience,
  type ConfigurationProblem,
  type ErrorCode,
  type ModuleErrorDetails,
} from './errors.js';

// Tests
export { readEvents } from './testing.js';
export type { SourceSimulator, SourceSimulatorOptions } from './source-simulator.js';
