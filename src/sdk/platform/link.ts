import type { Lookup } from '../configuration/lookup.js';
import type { JsonObject } from '../configuration/json.js';
import { describeError, ModuleError } from '../errors.js';
import type { ClosableTransport } from '../http/undici-transport.js';
import type { Log, LogSink } from '../observability/log.js';
import type { Clock } from '../ports.js';
import { findPlatformAccess, type PlatformAccess } from './access.js';
import type { PlatformSpeaker } from './ask-platform.js';

/** Names of the platform's context, as tags of error reports. */
const CONTEXT = [
  'community_uuid',
  'playbook_uuid',
  'playbook_run_uuid',
  'node_run_uuid',
  'trigger_configuration_uuid',
  'connector_configuration_uuid',
];
/** What the last lines may take where nothing else is said. */
const USUAL_LAST_MS = 3_000;

/** The way to the platform around a process, as far as there is one. */
export interface PlatformLink {
  readonly access: PlatformAccess | undefined;
  /** Who is told what is logged. */
  readonly sinks: readonly LogSink[];
  /** Texts that no output may contain. */
  readonly secrets: readonly string[];
  /** @throws Error where there is no access */
  speaker(): PlatformSpeaker;
  /**
   * The secrets of the account.
   * @throws ModuleError where they cannot be had
   */
  fetchSecrets(log: Log, requested: AbortSignal): Promise<JsonObject>;
  /** Sends what is left to tell, for so long at the most. Once is enough. */
  close(withinMs?: number): Promise<void>;
}

export interface LinkOptions {
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly openTransport: () => ClosableTransport;
  /** The log of the process itself, which none of the sinks is told of. */
  readonly log: Log;
  /** What runs: the command. */
  readonly command: string;
  /** Product and version. */
  readonly release?: string | undefined;
}

/**
 * Finds out whether there is a platform and a Sentry, and opens what there is; without them nothing is loaded or sent.
 * @throws ConfigurationError where what is said of the platform is broken
 */
export async function openPlatformLink(options: LinkOptions): Promise<PlatformLink> {
  const { lookup, clock, log } = options;
  const [access, dsn] = await Promise.all([findPlatformAccess(lookup), lookup.text('sentry_dsn')]);
  let transport: ClosableTransport | undefined;
  const open = (): ClosableTransport => (transport ??= options.openTransport());
  const speaker = (): PlatformSpeaker => {
    if (access === undefined) throw new Error('There is no platform to speak to');
    return { token: access.token, transport: open(), clock };
  };
  const logTab = access?.logsUrl === undefined ? undefined : await openLogTab(access.logsUrl, speaker(), log);
  const dsnText = dsn?.value.trim() ?? '';
  const sentry = dsnText === '' ? undefined : await openSentryAt(dsnText, open(), options);
  const sinks = [logTab, sentry].filter((sink) => sink !== undefined);
  let closed: Promise<unknown> | undefined;
  return {
    access,
    sinks,
    secrets: [access?.token ?? '', dsnText].filter((text) => text !== ''),
    speaker,
    async fetchSecrets(ownLog, requested) {
      const url = access?.secretsUrl;
      if (url === undefined) {
        throw new ModuleError('PLATFORM_REFUSED', 'Nothing says where the secrets of the account are', {
          advice: 'Provide url_secrets, or a url_callback that contains /callback.',
        });
      }
      const { fetchSecrets } = await import('./fetch-secrets.js');
      return fetchSecrets({ url, log: ownLog, requested }, speaker());
    },
    async close(withinMs = USUAL_LAST_MS) {
      closed ??= Promise.allSettled(sinks.map((sink) => sink.close(withinMs))).then(() => transport?.close());
      await closed;
    },
  };
}

interface ClosableSink extends LogSink {
  close(withinMs: number): Promise<void>;
}

async function openLogTab(url: string, speaker: PlatformSpeaker, log: Log): Promise<ClosableSink> {
  const { LogTab } = await import('./log-tab.js');
  const onTrouble = (error: ModuleError | undefined): void => {
    if (error === undefined) log.info('The log tab of the platform takes lines again');
    else log.warning(`The log tab of the platform takes no lines: ${describeError(error)}`, { code: error.code });
  };
  return new LogTab({ ...speaker, url, onTrouble });
}

/** A Sentry that cannot be had is no reason not to collect. */
async function openSentryAt(
  dsn: string,
  transport: ClosableTransport,
  { lookup, clock, log, command, release }: LinkOptions,
): Promise<ClosableSink | undefined> {
  const { openSentry } = await import('./sentry.js');
  const found = await Promise.all(CONTEXT.map(async (name) => [name, (await lookup.text(name))?.value.trim() ?? '']));
  const tags = Object.fromEntries([...found.filter(([, value]) => value !== ''), ['command', command]]) as Record<
    string,
    string
  >;
  const environment = (await lookup.text('environment'))?.value.trim() || undefined;
  const sentry = openSentry({ dsn, environment, release, tags, transport, clock });
  if (sentry === undefined) log.warning('sentry_dsn is no address of a Sentry project: errors are not reported there');
  return sentry;
}
