import {
  createStackParser,
  createTransport,
  ServerRuntimeClient,
  type TransportMakeRequestResponse,
} from '@sentry/core/server';

import { readText } from '../http/body.js';
import type { LogLevel, LogRecord, LogSink } from '../observability/log.js';
import type { Clock, HttpTransport } from '../ports.js';
import { RepeatFilter } from './repeat-filter.js';

const TIMEOUT_MS = 30_000;
/** By level. What is less than a warning is not sent. */
const LEVELS: Readonly<Partial<Record<LogLevel, 'warning' | 'error' | 'fatal'>>> = {
  warning: 'warning',
  error: 'error',
  critical: 'fatal',
};

export interface SentryOptions {
  readonly dsn: string;
  readonly environment?: string | undefined;
  /** Product and version. */
  readonly release?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly transport: HttpTransport;
  readonly clock: Clock;
}

/** What is logged as a warning or worse, sent to Sentry. */
export interface SentrySink extends LogSink {
  close(withinMs: number): Promise<void>;
}

/**
 * Opens Sentry with nothing of its own: no handler of the process, no integration, nothing read of the machine. It sends what
 * it is told, as it is told it.
 * @returns undefined where `dsn` is none
 */
export function openSentry(options: SentryOptions): SentrySink | undefined {
  const { dsn, environment, release, tags, clock } = options;
  // The library would quote a broken one on the console.
  if (!isDsn(dsn)) return undefined;
  const client = new ServerRuntimeClient({
    dsn,
    ...(environment !== undefined && { environment }),
    ...(release !== undefined && { release }),
    platform: 'node',
    integrations: [],
    stackParser: createStackParser(),
    sendClientReports: false,
    transport: (settings) => createTransport(settings, (request) => send(settings, request, options.transport)),
  });
  if (client.getDsn() === undefined) return undefined;
  client.init();
  const repeats = new RepeatFilter();
  return {
    write({ level, message, fields }: LogRecord) {
      const severity = LEVELS[level];
      if (severity === undefined || !repeats.admit(`${level} ${message}`, clock.monotonic())) return;
      const { code } = fields;
      const codeTag = typeof code === 'string' ? { code } : {};
      client.captureEvent({ message, level: severity, tags: { ...tags, ...codeTag }, extra: { ...fields } });
    },
    async close(withinMs) {
      await client.close(withinMs);
    },
  };
}

/** `https://KEY@HOST/PATH/PROJECT` */
function isDsn(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { username, pathname } = new URL(text);
  return /^\w+$/.test(username) && /\/\d+$/.test(pathname);
}

async function send(
  { url, headers = {} }: { readonly url: string; readonly headers?: Record<string, string> },
  { body }: { readonly body: string | Uint8Array },
  transport: HttpTransport,
): Promise<TransportMakeRequestResponse> {
  const response = await transport.request({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-sentry-envelope', ...headers },
    body,
    headersTimeoutMs: TIMEOUT_MS,
    bodyTimeoutMs: TIMEOUT_MS,
  });
  await readText(response);
  return {
    statusCode: response.status,
    headers: {
      'x-sentry-rate-limits': response.headers['x-sentry-rate-limits'] ?? null,
      'retry-after': response.headers['retry-after'] ?? null,
    },
  };
}
