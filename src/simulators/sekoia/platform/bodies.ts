import { headerOf, type SimulatedRequest } from '../../http/exchange.js';
import { PlatformRefused } from './request-refused.js';

/** A line of the log tab as it was sent. */
export interface LogLine {
  /** UTC, ISO 8601 without a zone. */
  readonly date: string;
  readonly level: string;
  readonly message: string;
}

/** How far an item says that its task is. */
export type TaskReport =
  | { readonly status: 'running'; readonly need_secrets?: true }
  | {
      readonly status: 'finished';
      readonly results: Readonly<Record<string, unknown>>;
      readonly error?: string;
      readonly [member: string]: unknown;
    };

/** An event that a trigger starts a playbook with. */
export interface TriggerEvent {
  readonly name: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly request_id: string;
  readonly directory?: string;
}

type Members = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical', 'fatal'];
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?$/;
const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const isText: Check = (value) => typeof value === 'string';
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const LINE: Readonly<Record<string, Check>> = {
  date: (value) => typeof value === 'string' && DATE.test(value),
  level: (value) => LEVELS.includes(value as string),
  message: isText,
};

/** Reads `{"logs": [...]}` (runtime page, A.7). */
export function readLogLines(request: SimulatedRequest): readonly LogLine[] {
  const { logs } = members(readJson(request), { logs: Array.isArray });
  if ((logs as readonly unknown[]).length === 0) throw new PlatformRefused(400, 'logs is empty');
  return (logs as readonly unknown[]).map((line) => members(line, LINE) as unknown as LogLine);
}

/** Reads what a PATCH of the callback says (runtime page, A.6). */
export function readTaskReport(request: SimulatedRequest): TaskReport {
  const body = readJson(request);
  const isRunning = isObject(body) && (body as Members)['status'] === 'running';
  const checks: Readonly<Record<string, Check>> = isRunning
    ? { status: isText, 'need_secrets?': (value) => value === true }
    : {
        status: (value) => value === 'finished',
        results: isObject,
        'error?': isText,
        'logs?': isText,
        'outputs?': isObject,
        'secrets?': isObject,
      };
  return members(body, checks) as unknown as TaskReport;
}

/** Reads what a POST of the callback says (runtime page, A.6). */
export function readTriggerEvent(request: SimulatedRequest): TriggerEvent {
  return members(readJson(request), {
    name: isText,
    event: isObject,
    request_id: (value) => typeof value === 'string' && UUID4.test(value),
    'directory?': isText,
  }) as unknown as TriggerEvent;
}

function readJson(request: SimulatedRequest): unknown {
  const type = headerOf(request, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new PlatformRefused(400, 'Content-Type must be application/json');
  try {
    return JSON.parse(request.body.toString());
  } catch {
    throw new PlatformRefused(400, 'body is not valid JSON');
  }
}

/** The value where it has exactly these members. A name with `?` may be absent. */
function members(value: unknown, checks: Readonly<Record<string, Check>>): Members {
  if (!isObject(value)) throw new PlatformRefused(400, 'a JSON object was expected');
  const given = value as Members;
  const known = new Map(Object.entries(checks).map(([name, check]) => [name.replace('?', ''), check]));
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined) throw new PlatformRefused(400, `${unknown} is not a known member`);
  for (const [name, check] of known) {
    if (given[name] === undefined && Object.hasOwn(checks, `${name}?`)) continue;
    if (!check(given[name])) throw new PlatformRefused(400, `${name} is not what it has to be`);
  }
  return given;
}
