import { describe, expect, it } from '@jest/globals';
import { createEventGenerator } from '../../../../src/simulators/events/event-generator.js';
import { readBatchQuickly } from '../../../../src/simulators/sekoia/read-batch-quickly.js';
import { NOW } from '../support.js';

function read(body: string): { key: string; jsons: string[] } | undefined {
  const quick = readBatchQuickly(Buffer.from(body));
  return quick && { key: quick.key, jsons: quick.events.map(String) };
}

describe('the quick reading of a batch', () => {
  const generator = createEventGenerator({ seed: 2, oddShare: 1, spacedShare: 0.5 });
  const jsons = [...generator.spread({ fromMs: NOW, toMs: NOW + 1000, count: 300 })].map(({ text }) => text);

  it('gives what JSON.parse gives', () => {
    expect(read(JSON.stringify({ intake_key: 'k', jsons }))).toEqual({ key: 'k', jsons });
    expect(read(JSON.stringify({ intake_key: 'k', jsons: ['', '\b\f\n\r\t"\\/'] }))?.jsons).toEqual([
      '',
      '\b\f\n\r\t"\\/',
    ]);
  });

  it('takes the blanks that Python puts', () => {
    expect(read('{"intake_key": "k", "jsons": ["a", "b"]}')).toEqual({ key: 'k', jsons: ['a', 'b'] });
  });

  it.each([
    '{"intake_key":"k","jsons":[]}',
    '{"intake_key":"k","jsons":["a",]}',
    '{"intake_key":"k","jsons":["a",1]}',
    '{"intake_key":"k","jsons":["a"],"more":1}',
    '{"intake_key":"k","jsons":["a"]} ',
    '{"intake_key":"k","jsons":["a"]}x',
    '{"intake_key":"k","jsons":["a"]',
    '{"intake_key":"k","jsons":["a"',
    '{"intake_key":"k","jsons":["a',
    '{"intake_key":"k","jsons":["a\\',
    '{"intake_key":"k","jsons":["\\u0041"]}',
    '{"intake_key":"k","jsons":["\\x"]}',
    '{"intake_key":"k","jsons":["a\nb"]}',
    '{"intake_key":"k","jsons":"[a]"}',
    '{"jsons":["a"],"intake_key":"k"}',
    '{"intake_key":"k\\"","jsons":["a"]}',
    '["a"]',
    '',
  ])('leaves %j to JSON.parse', (body) => {
    expect(read(body)).toBeUndefined();
  });
});
