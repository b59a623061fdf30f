import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parseFaultScenario } from '../../../../src/simulators/faults/parse-fault-scenario.js';

const schema = JSON.parse(readFileSync('schemas/fault-scenario.schema.json', 'utf8')) as object;
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictTypes: false }).compile(schema);

function scenarioWith(effect: object, more: object = {}): unknown {
  return { version: 1, faults: [{ name: 'f', side: 'jumpcloud', effect, ...more }] };
}

const VALID: unknown[] = [
  { version: 1, faults: [] },
  { $schema: './fault-scenario.schema.json', version: 1, description: 'd', seed: 7, faults: [] },
  scenarioWith({ kind: 'status', status: 429, body: 'empty', message: 'm', retry_after: 5 }),
  scenarioWith({ kind: 'status', status: 503, retry_after: 'Mon, 11 Mar 2030 12:00:00 GMT' }),
  scenarioWith({ kind: 'delay', delay_ms: 0 }),
  scenarioWith({ kind: 'stall' }),
  scenarioWith({ kind: 'slow_body', bytes_per_second: 10 }),
  scenarioWith({ kind: 'truncated_body', keep_share: 0.5, honest_length: true }),
  scenarioWith({ kind: 'reset', point: 'after_processing' }),
  scenarioWith({ kind: 'empty_200' }),
  scenarioWith({ kind: 'html_200' }),
  scenarioWith({ kind: 'missing_headers', headers: ['X-Limit'] }),
  scenarioWith({ kind: 'header_case', style: 'upper' }),
  scenarioWith({ kind: 'repeated_token' }),
  scenarioWith({ kind: 'duplicate_rows', rows: 3 }),
  scenarioWith({ kind: 'late_visibility', min_seconds: 1, max_seconds: 2 }),
  scenarioWith({ kind: 'refuse_events', as: 'event', status: 413, message: 'm' }),
  scenarioWith(
    { kind: 'stall' },
    {
      when: {
        endpoints: ['/events'],
        from_request: 1,
        to_request: 2,
        every_requests: 3,
        times: 4,
        probability: 0.5,
        from_seconds: 0,
        to_seconds: 1.5,
        event_text_contains: 'x',
      },
    },
  ),
];

const INVALID: [unknown, string][] = [
  [null, 'must be an object'],
  [{ faults: [] }, '/version'],
  [{ version: 2, faults: [] }, '/version'],
  [{ version: 1 }, '/faults'],
  [{ version: 1, faults: {} }, '/faults'],
  [{ version: 1, faults: [], extra: 1 }, '/extra'],
  [{ version: 1, faults: [], seed: -1 }, '/seed'],
  [{ version: 1, faults: [{ side: 'sekoia', effect: { kind: 'stall' } }] }, '/faults/0/name'],
  [scenarioWith({ kind: 'stall' }, { side: 'both' }), '/faults/0/side'],
  [scenarioWith({ kind: 'explode' }), '/faults/0/effect'],
  [scenarioWith({ kind: 'toString' }), '/faults/0/effect'],
  [scenarioWith({}), '/faults/0/effect'],
  [scenarioWith({ kind: 'stall', seconds: 1 }), '/faults/0/effect/seconds'],
  [scenarioWith({ kind: 'status', status: 42 }), '/faults/0/effect/status'],
  [scenarioWith({ kind: 'status', status: 429.5 }), '/faults/0/effect/status'],
  [scenarioWith({ kind: 'status', status: 429, body: 'xml' }), '/faults/0/effect/body'],
  [scenarioWith({ kind: 'status', status: 429, retry_after: -1 }), '/faults/0/effect/retry_after'],
  [scenarioWith({ kind: 'slow_body', bytes_per_second: 0 }), '/faults/0/effect/bytes_per_second'],
  [scenarioWith({ kind: 'truncated_body', keep_share: 1.1 }), '/faults/0/effect/keep_share'],
  [scenarioWith({ kind: 'truncated_body', keep_share: 1, honest_length: 'yes' }), '/faults/0/effect/honest_length'],
  [scenarioWith({ kind: 'reset' }), '/faults/0/effect/point'],
  [scenarioWith({ kind: 'missing_headers', headers: [] }), '/faults/0/effect/headers'],
  [scenarioWith({ kind: 'duplicate_rows', rows: 0 }), '/faults/0/effect/rows'],
  [scenarioWith({ kind: 'stall' }, { when: { probability: 2 } }), '/faults/0/when/probability'],
  [scenarioWith({ kind: 'stall' }, { when: { from_request: 0 } }), '/faults/0/when/from_request'],
  [scenarioWith({ kind: 'stall' }, { when: [] }), '/faults/0/when'],
];

describe('a scenario file', () => {
  it.each(VALID.map((value) => [JSON.stringify(value), value]))(
    'is accepted by schema and parser alike: %s',
    (_, value) => {
      expect(validate(value)).toBe(true);
      expect(parseFaultScenario(value)).toBe(value);
    },
  );

  it.each(INVALID.map(([value, at]) => [JSON.stringify(value), at, value]))(
    'is refused by schema and parser alike: %s (%s)',
    (_, at, value) => {
      expect(validate(value)).toBe(false);
      expect(() => parseFaultScenario(value)).toThrow(new RegExp(`^fault scenario: ${String(at)}( |$)`));
    },
  );

  it('has a schema in which every property is described', () => {
    expect(undescribed(schema, '')).toEqual([]);
  });
});

function undescribed(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, child]: [string, unknown]) => {
    const here = `${path}/${name}`;
    const ours = /\/properties\/[^/]+$/.test(here) && !('description' in Object(child)) && !('$ref' in Object(child));
    return [...(ours ? [here] : []), ...undescribed(child, here)];
  });
}
