import { apiStages, CHECK_RETRY_FOR_MS, checkSource, lastDayFailure } from './check-source.js';
import {
  COLLECTION_DEFAULTS,
  type CollectionArguments,
  type CollectionSettings,
  readCollectionSettings,
} from './configuration/collection-settings.js';
import type { Parsed } from './configuration/parsed.js';
import { SettingsReader } from './configuration/settings-reader.js';
import { defineTrigger, type SourceContext, type Sources } from './define-trigger.js';
import { type HeldSettings, unchanging } from './held-settings.js';
import { ModuleError } from './errors.js';
import { ApiClient } from './http/api-client.js';
import type { Credential } from './http/credential.js';
import { observedTransport } from './http/observed-transport.js';
import { rateLimitedTransport } from './http/rate-limited-transport.js';
import { RateLimiter, type RequestLimiter, type Urgency } from './http/rate-limiter.js';
import type { Refusals } from './http/refusal.js';
import { ServerClock } from './http/server-clock.js';
import { checkIntake } from './intake/check-intake.js';
import type { EventIdentity } from './pipeline/event-identity.js';
import type { Window } from './pipeline/source.js';
import { type ApiPage, PagedSource, type PageQuestion } from './source/paged-source.js';
import type { CheckContext, CollectingTrigger, TriggerConfiguration } from './trigger.js';

/** A connector's settings: the common ones, and its own two documents as they met their schemas. */
export interface ConnectorSettings<Account, Arguments> extends CollectionSettings {
  /** The module configuration. */
  readonly account: Account;
  /** The trigger's arguments. */
  readonly arguments: Arguments;
}

/** How texts of a document are read further than its schema says. */
export type TextParsers<Document> = { readonly [Name in keyof Document]?: (text: string) => Parsed<string> };

/** The API of an account. */
export interface ConnectorApi {
  /** Scheme, host, port and path, without a slash at the end. */
  readonly baseUrl: string;
  /** Sent with every request: the credential, above all. */
  readonly headers: Readonly<Record<string, string>>;
  /** What statuses mean beyond the usual, with advice in this API's own words. */
  readonly refusals?: Refusals;
}

/** What a page or a count is asked with. */
export interface ConnectorQuestion<Settings> {
  /** The API: rate-limited, patient, with the credential. */
  readonly api: ApiClient;
  /** What `openApi` was given. */
  readonly settings: Settings;
}

/** A connector to a vendor's HTTP API that hands out events in pages, told in what is special about it. */
export interface ConnectorDefinition<Account extends object, Arguments extends object> {
  /** The command of the trigger: `docker_parameters` of its declaration in `triggers/`. */
  readonly command: string;
  /** What people call the API, for messages: `Okta`. */
  readonly name: string;
  /** The vendor, as names of metrics have it: `okta`. Lower-case letters, digits, `_`. */
  readonly vendor: string;
  /** Product and version, as sent to both sides: `okta-system-log/1.0.0`. */
  readonly userAgent: string;
  /** How long the API keeps events, milliseconds. */
  readonly retentionMs: number;
  /** How an event tells its id and its time. */
  readonly identity: EventIdentity;
  /**
   * Members of an event's top level that are left whole where a copy of an oversized event is trimmed, beside those of
   * `identity`. Default: none.
   */
  readonly protectedMembers?: readonly string[];
  /** True where the API names a next page for ever, and a page without events is the last one. Default: false. */
  readonly isEmptyPageLast?: boolean;
  /** Texts of the account that are read further: addresses, credentials. What they return is what `settings` has. */
  readonly account?: TextParsers<Account>;
  /** The same of the arguments. */
  readonly arguments?: TextParsers<Arguments>;
  /** The texts of the settings that no output may contain; the intake key is known. */
  secrets(settings: ConnectorSettings<Account, Arguments>): readonly string[];
  /** What is read, in words. The operator is told when it changed between runs. */
  describeStream(settings: ConnectorSettings<Account, Arguments>): string;
  /** The API of these settings; nothing is asked of it yet. */
  openApi(settings: ConnectorSettings<Account, Arguments>): ConnectorApi;
  /**
   * Asks for a page of events, a JSON array in ascending order of time where the API can.
   * @throws ModuleError where there is none
   */
  openPage(question: ConnectorQuestion<ConnectorSettings<Account, Arguments>> & PageQuestion): Promise<ApiPage>;
  /**
   * Asks something small that only an account that works is answered, for the platform's validation of accounts. What it
   * throws is what the account's owner is told. The arguments are the defaults of their schema, `intake_key` is none.
   * Default: asks for a page of the last day's events. Needed where a page cannot be asked for with these arguments.
   * @throws ModuleError where the account does not work
   */
  readonly checkAccount?: (
    question: ConnectorQuestion<ConnectorSettings<Account, Arguments>> & { readonly signal: AbortSignal },
  ) => Promise<unknown>;
  /** Asks how many events the API holds in a window, both bounds included. Left out where it cannot tell. */
  readonly count?: (
    question: ConnectorQuestion<ConnectorSettings<Account, Arguments>> & Omit<PageQuestion, 'cursor'>,
  ) => Promise<number>;
}

/** The trigger of a connector. */
export type ConnectorTrigger<Account, Arguments> = CollectingTrigger<ConnectorSettings<Account, Arguments>>;

/**
 * Makes a connector of its definition. What it gets by that: checkpoint, ledger, delivery, dead letter, metrics, rate limit,
 * retries, the commands of the runner, and, where the API counts, reconciliation.
 */
export function defineConnector<Account extends object, Arguments extends object = object>(
  definition: ConnectorDefinition<Account, Arguments>,
): ConnectorTrigger<Account, Arguments> {
  type Settings = ConnectorSettings<Account, Arguments>;
  const { command, vendor, userAgent, retentionMs, identity, name, protectedMembers = [] } = definition;
  const openClient = (settings: Settings, context: SourceContext, shared: Shared, urgency: Urgency): ApiClient => {
    const { baseUrl, refusals } = definition.openApi(settings);
    const { clock, listener, transport } = context;
    const observed = observedTransport(transport, { side: 'source', clock, listener });
    return new ApiClient({
      ...context,
      ...{ name, baseUrl, serverClock: shared.serverClock, credential: shared.credential },
      headers: { 'user-agent': userAgent },
      ...(refusals && { refusals }),
      transport: rateLimitedTransport(observed, shared.limiter, { clock, urgency, listener }),
    });
  };
  const sourceOf = (settings: Settings, api: ApiClient): PagedSource => {
    const { isEmptyPageLast = false, count } = definition;
    return new PagedSource({
      ...{ api, identity, isEmptyPageLast },
      openPage: (question) => definition.openPage({ ...question, api, settings }),
      ...(count && { count: (window: Window, signal: AbortSignal) => count({ api, settings, window, signal }) }),
    });
  };
  const sharedBy = (settings: Settings, context: SourceContext, held: HeldSettings<Settings>): Shared => ({
    limiter:
      context.share?.limiter ??
      context.openLimiter?.(settings.requestsPerSecond) ??
      new RateLimiter(context.clock, settings.requestsPerSecond),
    serverClock: new ServerClock(context.clock),
    credential: {
      async present() {
        const latest = await held.latest();
        return { headers: definition.openApi(latest).headers, secrets: definition.secrets(latest) };
      },
      refused: () => held.refresh(),
    },
  });
  const openSources = (settings: Settings, context: SourceContext, held: HeldSettings<Settings>): Sources => {
    const shared = sharedBy(settings, context, held);
    return {
      source: sourceOf(settings, openClient(settings, context, shared, 'live')),
      backlogSource: sourceOf(settings, openClient(settings, context, shared, 'backlog')),
    };
  };
  return defineTrigger<Settings>({
    ...{ command, vendor, userAgent, retentionMs, openSources },
    protectedMembers: [...namesOf(identity), ...protectedMembers],
    configure(configuration, nowMs) {
      const { settings, warnings } = readSettings(definition, configuration, nowMs);
      return { settings, warnings, secrets: [settings.intakeKey, ...definition.secrets(settings)] };
    },
    describeStream: (settings) => definition.describeStream(settings),
    async *check(settings, context) {
      const { source } = openSources(settings, quiet(context), unchanging(settings));
      const { baseUrl } = definition.openApi(settings);
      const { startFrom, intakeUrl, intakeKey } = settings;
      yield* checkSource({ name, baseUrl, source, startFrom }, context.clock.now(), context.signal);
      yield* checkIntake({ url: intakeUrl, intakeKey, userAgent }, context);
    },
    async *checkAccount(configuration, context) {
      const { clock, signal } = context;
      const nobody = { intakeUrl: NO_INTAKE, arguments: { ...configuration.arguments, ...NO_INTAKE_ARGUMENTS } };
      const { settings } = readSettings(definition, { ...configuration, ...nobody }, clock.now());
      const own = quiet(context);
      const api = openClient(settings, own, sharedBy(settings, own, unchanging(settings)), 'live');
      const failure =
        definition.checkAccount === undefined
          ? await lastDayFailure(sourceOf(settings, api), clock.now(), signal)
          : await failureOf(() => definition.checkAccount?.({ api, settings, signal }));
      yield* apiStages({ name, baseUrl: definition.openApi(settings).baseUrl }, failure);
    },
  });
}

/** Stands in the place of an intake where none is asked: an account is examined alone. */
const NO_INTAKE = 'https://intake.invalid';
const NO_INTAKE_ARGUMENTS = { intake_key: 'none', intake_server: '' };

function quiet(context: CheckContext): SourceContext {
  return { ...context, listener: () => undefined, retryForMs: CHECK_RETRY_FOR_MS };
}

async function failureOf(ask: () => Promise<unknown> | undefined): Promise<ModuleError | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    if (error instanceof ModuleError) return error;
    throw error;
  }
}

/** What the sources of one account have in common. */
interface Shared {
  readonly limiter: RequestLimiter;
  readonly serverClock: ServerClock;
  readonly credential: Credential;
}

function namesOf(identity: EventIdentity): string[] {
  if (typeof identity === 'function') return [];
  const { id, timestamp, service } = identity;
  return service === undefined ? [id, timestamp] : [id, timestamp, service];
}

function readSettings<Account extends object, Arguments extends object>(
  { name, retentionMs, account, arguments: args }: ConnectorDefinition<Account, Arguments>,
  configuration: TriggerConfiguration,
  nowMs: number,
): { settings: ConnectorSettings<Account, Arguments>; warnings: readonly string[] } {
  const reader = new SettingsReader();
  // The schemas have checked both documents: that is what makes them what their types say.
  const module = readTexts(reader, 'module', configuration.module as Account, account);
  const own = readTexts(reader, 'arguments', configuration.arguments as Arguments, args);
  const given: Partial<CollectionArguments> = { ...COLLECTION_DEFAULTS, ...configuration.arguments };
  const { intakeUrl } = configuration;
  const retention = { ms: retentionMs, keeper: name };
  const settings = {
    ...readCollectionSettings(reader, { arguments: given, intakeUrl, nowMs, retention }),
    account: module,
    arguments: own,
  };
  reader.end();
  return { settings, warnings: reader.warnings };
}

function readTexts<Document extends object>(
  reader: SettingsReader,
  section: string,
  document: Document,
  parsers: TextParsers<Document> = {},
): Document {
  const read = { ...document } as Record<string, unknown>;
  for (const [name, parse] of Object.entries<((text: string) => Parsed<string>) | undefined>(parsers)) {
    const text = read[name];
    if (parse !== undefined && typeof text === 'string')
      read[name] = reader.take(`${section}.${name}`, text, parse, '');
  }
  return read as Document;
}
