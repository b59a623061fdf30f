import type { ScenarioEvent } from './scenario.js';

/** An event as the simulated API holds it. */
export interface WorldEvent {
  /** Its place in the scenario. */
  readonly index: number;
  readonly id: string | undefined;
  readonly text: string;
  readonly bytes: Buffer;
  /** Epoch milliseconds, and nanoseconds beyond: what the index knows, also where the text does not say it. */
  readonly atMs: number;
  readonly nanos: number;
  /** Epoch milliseconds of the API's clock. */
  readonly visibleFromMs: number;
  /** When it is deleted, the same. */
  goneFromMs: number;
  /** True once the API answered as if it did not exist. */
  wasLeftOut: boolean;
  readonly spec: ScenarioEvent;
}

const SERVICES = ['sso', 'directory', 'systems', 'radius', 'mdm'];

/** Writes an event in one of the forms that the API's events have: blanks, escapes and numbers that must not change. */
export function worldEvent(spec: ScenarioEvent, index: number, beginsAtMs: number): WorldEvent {
  const atMs = beginsAtMs + spec.atMs;
  const text = filledUp(textOf(spec, index, atMs), spec.bytes ?? 0);
  return {
    index,
    id: spec.id ?? undefined,
    text,
    bytes: Buffer.from(text),
    atMs: Math.floor(atMs),
    nanos: spec.nanos ?? 0,
    visibleFromMs: atMs + Math.max(spec.lateMs, -Infinity),
    goneFromMs: Infinity,
    wasLeftOut: false,
    spec,
  };
}

function textOf(spec: ScenarioEvent, index: number, atMs: number): string {
  const id = spec.id === null ? '' : `"id":${JSON.stringify(spec.id)},`;
  const timestamp = timestampOf(spec, atMs);
  const when = timestamp === undefined ? '' : `"timestamp":"${timestamp}",`;
  const service = SERVICES[index % SERVICES.length] ?? 'sso';
  switch (index % 4) {
    case 0:
      return `{${id}${when}"service":"${service}","n":${index}}`;
    case 1:
      return `{"service": "${service}", "nested": {"id": "not-this", "n": ${index}.0}, ${id} ${when} "success":true}`;
    case 2:
      return `{"username":"z\\u00e9\\/\\"${index}","big":1234567890123456789,${when}${id}"e":1e2}`;
    default:
      return `{ ${when} ${id} "list":[${index}, [ ], {}],\n"text":"é\\ttimestamp € \\\\" }`;
  }
}

function timestampOf({ written, nanos = 0 }: ScenarioEvent, atMs: number): string | undefined {
  const iso = new Date(Math.floor(atMs)).toISOString();
  switch (written) {
    case 's':
      return `${iso.slice(0, 19)}Z`;
    case 'ms':
      return iso;
    case 'ns': {
      const fraction = `${iso.slice(20, 23)}${String(nanos).padStart(6, '0')}`.replace(/0+$/, '');
      return fraction === '' ? `${iso.slice(0, 19)}Z` : `${iso.slice(0, 19)}.${fraction}Z`;
    }
    case 'unreadable':
      return 'yesterday';
    case 'none':
      return undefined;
  }
}

function filledUp(text: string, bytes: number): string {
  const missing = bytes - Buffer.byteLength(text) - ',"filling":""'.length;
  return missing <= 0 ? text : `${text.slice(0, -1)},"filling":"${'x'.repeat(missing)}"}`;
}
