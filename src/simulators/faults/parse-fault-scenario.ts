import type { FaultEffect, FaultScenario } from './fault-scenario.js';

/** Says what is wrong with a value, or undefined when nothing is. */
type Check = (value: unknown) => string | undefined;

/** The members that an object may have. A name with `?` may be absent. */
type Members = Readonly<Record<string, Check>>;

const text: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const texts: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string')
    ? undefined
    : 'must be a list of strings, not empty';
const quantity = range(0, Infinity);
const share = range(0, 1);
const count = whole(1, Infinity);
const status = whole(100, 599);

const CONDITION: Members = {
  'endpoints?': texts,
  'from_request?': count,
  'to_request?': count,
  'every_requests?': count,
  'times?': count,
  'probability?': share,
  'from_seconds?': quantity,
  'to_seconds?': quantity,
  'event_text_contains?': text,
  'organizations?': texts,
};

const EFFECTS: Readonly<Record<FaultEffect['kind'], Members>> = {
  status: {
    status,
    'body?': oneOf('json', 'html', 'empty'),
    'message?': text,
    'retry_after?': (value) => (typeof value === 'string' ? undefined : quantity(value)),
  },
  delay: { delay_ms: quantity },
  stall: {},
  slow_body: { bytes_per_second: count },
  truncated_body: { keep_share: share, 'honest_length?': flag },
  reset: { point: oneOf('before_processing', 'after_processing', 'in_body') },
  empty_200: {},
  html_200: {},
  missing_headers: { headers: texts },
  header_case: { style: oneOf('lower', 'upper') },
  repeated_token: {},
  duplicate_rows: { rows: count },
  late_visibility: { min_seconds: quantity, max_seconds: quantity },
  refuse_events: { as: oneOf('event', 'request'), status: whole(400, 599), 'message?': text },
};

const FAULT: Members = {
  name: text,
  side: oneOf('jumpcloud', 'sekoia', 'platform'),
  'when?': (value) => problemOf(value, CONDITION),
  effect: (value) => {
    const kind = isObject(value) ? value.kind : undefined;
    if (typeof kind !== 'string' || !Object.hasOwn(EFFECTS, kind)) return 'must have a known kind';
    return problemOf(value, { kind: text, ...EFFECTS[kind as FaultEffect['kind']] });
  },
};

const SCENARIO: Members = {
  '$schema?': text,
  version: (value) => (value === 1 ? undefined : 'must be 1'),
  'description?': text,
  'seed?': whole(0, 0xffff_ffff),
  faults: (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    const problems = value.map((fault, index) => within(String(index), problemOf(fault, FAULT)));
    return problems.find((problem) => problem !== undefined);
  },
};

/**
 * Checks the content of a scenario file, by the rules of `schemas/fault-scenario.schema.json`.
 *
 * @throws TypeError that names the member at fault and what it must be.
 */
export function parseFaultScenario(value: unknown): FaultScenario {
  const problem = problemOf(value, SCENARIO);
  if (problem !== undefined) throw new TypeError(`fault scenario: ${problem}`);
  return value as FaultScenario;
}

function problemOf(value: unknown, members: Members): string | undefined {
  if (!isObject(value)) return 'must be an object';
  const checks = new Map(Object.entries(members).map(([name, check]) => [name.replace('?', ''), check]));
  const unknown = Object.keys(value).find((name) => !checks.has(name));
  if (unknown !== undefined) return within(unknown, 'is not a known member');
  for (const [name, check] of checks) {
    if (value[name] === undefined && Object.hasOwn(members, `${name}?`)) continue;
    const problem = value[name] === undefined ? 'is missing' : check(value[name]);
    if (problem !== undefined) return within(name, problem);
  }
  return undefined;
}

function within(name: string, problem: string | undefined): string | undefined {
  if (problem === undefined) return undefined;
  // A problem of a deeper member begins with that member's path.
  return problem.startsWith('/') ? `/${name}${problem}` : `/${name} ${problem}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf(...names: readonly string[]): Check {
  return (value) => (names.includes(value as string) ? undefined : `must be one of ${names.join(', ')}`);
}

function range(low: number, high: number): Check {
  const bounds = high === Infinity ? `a number from ${low}` : `a number from ${low} to ${high}`;
  return (value) => (typeof value === 'number' && value >= low && value <= high ? undefined : `must be ${bounds}`);
}

function whole(low: number, high: number): Check {
  const inRange = range(low, high);
  return (value) => (Number.isInteger(value) ? inRange(value) : 'must be a whole number');
}
