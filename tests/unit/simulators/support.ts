import { request as httpRequest } from 'node:http';
import type { SyntheticEvent } from '../../../src/simulators/events/synthetic-event.js';
import type { JumpcloudSimulatorOptions } from '../../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_API_KEY } from '../../../src/simulators/jumpcloud/options.js';
import { type JumpcloudSimulator, startJumpcloudSimulator } from '../../../src/simulators/jumpcloud/simulator.js';
import { type IntakeSimulatorOptions, SYNTHETIC_INTAKE_KEY } from '../../../src/simulators/sekoia/options.js';
import { type IntakeSimulator, startIntakeSimulator } from '../../../src/simulators/sekoia/simulator.js';

/** The instant at which the simulated clocks of these tests stand. */
export const NOW = Date.parse('2030-03-11T12:00:00Z');

/** The organization of hand-made events. */
const ORGANIZATION = '5e36177f4560c1e448b9ff6e';

const open: { close(): Promise<void> }[] = [];

/** For `afterEach`: closes what the test has started. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
}

export async function startApi(options: JumpcloudSimulatorOptions = {}): Promise<JumpcloudSimulator> {
  const simulator = await startJumpcloudSimulator({ now: () => NOW, ...options });
  open.push(simulator);
  return simulator;
}

export async function startIntake(options: IntakeSimulatorOptions = {}): Promise<IntakeSimulator> {
  const simulator = await startIntakeSimulator({ now: () => NOW, ...options });
  open.push(simulator);
  return simulator;
}

/** Closes something else after the test. */
export function closeLater<T extends { close(): Promise<void> }>(closable: T): T {
  open.push(closable);
  return closable;
}

let nextId = 1;

/** A hand-made event; `at` is the time of 11 March 2030, such as `08:00:00.123456789`. */
export function event(at: string, more: Partial<SyntheticEvent> & { members?: object } = {}): SyntheticEvent {
  const { members = {}, ...overrides } = more;
  const timestamp = `2030-03-11T${at}Z`;
  const id = overrides.id ?? (nextId++).toString(16).padStart(24, '0');
  const service = overrides.service ?? 'sso';
  const organization = overrides.organization === undefined ? ORGANIZATION : overrides.organization;
  const fraction = (at.split('.')[1] ?? '').padEnd(9, '0');
  return {
    id,
    text: JSON.stringify({ id, timestamp, event_type: 'sso_auth', service, organization, ...members }),
    service,
    organization,
    timestampMs: Date.parse(`2030-03-11T${at.split('.')[0]}Z`) + Number(fraction.slice(0, 3)),
    timestampNs: Number(fraction.slice(3)),
    visibleAtMs: NOW - 1000,
    ...overrides,
  };
}

/** Events one second apart from 08:00:00 on. */
export function eventsEverySecond(count: number): SyntheticEvent[] {
  return Array.from({ length: count }, (_, index) =>
    event(new Date(Date.UTC(2030, 2, 11, 8, 0, index)).toISOString().slice(11, 19)),
  );
}

export const WHOLE_DAY = {
  service: ['all'],
  start_time: '2030-03-11T00:00:00Z',
  end_time: '2030-03-11T12:00:00Z',
  sort: 'ASC',
};

/** Posts to the API with a working key; later arguments win. */
export function post(
  api: JumpcloudSimulator,
  body: unknown,
  { path = '/events', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(`${api.url}/insights/directory/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': SYNTHETIC_API_KEY, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** One page: the events' identifiers, and the token of the next. */
export async function page(
  api: JumpcloudSimulator,
  body: object,
): Promise<{ ids: string[]; token: unknown; count: number }> {
  const response = await post(api, body);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const events = (await response.json()) as { id: string }[];
  return {
    ids: events.map(({ id }) => id),
    token: JSON.parse(response.headers.get('x-search_after') ?? 'null'),
    count: Number(response.headers.get('x-result-count')),
  };
}

/** Follows the tokens by the documented rule. */
export async function allPages(
  api: JumpcloudSimulator,
  body: { readonly limit: number; readonly [member: string]: unknown },
): Promise<string[][]> {
  const pages: string[][] = [];
  let token: unknown;
  for (;;) {
    const one = await page(api, token === undefined ? body : { ...body, search_after: token });
    pages.push(one.ids);
    if (one.count < body.limit) return pages;
    token = one.token;
  }
}

export async function messageOf(response: Response): Promise<string> {
  return ((await response.json()) as { message: string }).message;
}

/** Posts to the intake. Objects are sent as JSON, texts and bytes as they are. */
export function push(
  intake: IntakeSimulator,
  body: unknown,
  { path = '/batch', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  return fetch(`${intake.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: raw ? body : JSON.stringify(body),
  });
}

export function batch(jsons: readonly unknown[]): object {
  return { intake_key: SYNTHETIC_INTAKE_KEY, jsons };
}

/** Status of an answer and how many bytes of its body came before it ended or broke off. */
export function rawAnswer(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number | undefined; bytes: number }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', headers }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.byteLength));
      answer.on('error', () => undefined);
      answer.on('close', () => resolve({ status: answer.statusCode, bytes }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The header names of an answer as they come over the wire, which fetch hides. */
export function rawHeaderNames(url: string, headers: Record<string, string>, body: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', headers }, (answer) => {
      answer.resume();
      resolve(answer.rawHeaders.filter((_, index) => index % 2 === 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
