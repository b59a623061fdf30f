import { request, type Dispatcher } from 'undici';

/** What a variant is told on its command line, as JSON. */
export interface VariantOptions {
  readonly apiUrl: string;
  readonly intakeUrl: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly requestsPerSecond?: number;
  /** Time ranges to read at once. */
  readonly slices?: number;
}

/** Reads the options, and keeps the process until it is told to end, so that its usage can be read. */
export function variantOptions(): VariantOptions {
  setInterval(() => undefined, 60_000);
  process.on('SIGTERM', () => process.exit());
  return JSON.parse(process.argv[2] ?? '') as VariantOptions;
}

export function eventsQuery(fromMs: number, toMs: number, limit: number): object {
  const [start_time, end_time] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return { service: ['all'], start_time, end_time, sort: 'ASC', limit };
}

export function post(url: string, body: string | Buffer): Promise<Dispatcher.ResponseData> {
  const headers = { 'content-type': 'application/json', 'x-api-key': 'bench' };
  return request(url, { method: 'POST', headers, body });
}

export function numberOf(headers: Dispatcher.ResponseData['headers'], name: string): number {
  return Number(headers[name]);
}
