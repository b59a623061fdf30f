import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { restoreKeys } from '../../../../src/jumpcloud/stored/restore-keys.js';
import { sanitised } from '../../../support/stored-fixtures.js';

function restored(text: string): string {
  const bytes = Buffer.from(`##${text}##`);
  restoreKeys(new Uint8Array(bytes.buffer, bytes.byteOffset + 2, bytes.length - 4));
  expect(bytes.toString().startsWith('##') && bytes.toString().endsWith('##')).toBe(true);
  return bytes.toString().slice(2, -2);
}

describe('keys of events that an exporter sanitised', () => {
  it('are as the API has them again, where that is certain', () => {
    const event = {
      '@version': '1',
      id: 'a',
      list: [{ field: 'mfa.exclusion', from: null }],
      text: '{"@": [], "_version": {}}',
      nested: { _version: 'not this one' },
    };
    for (const indent of [0, 2]) {
      expect(restored(JSON.stringify(sanitised(event), undefined, indent))).toBe(
        JSON.stringify(event, undefined, indent),
      );
    }
    // As Python writes it, and where it is not the first one.
    expect(restored('{"id": "a", "_version": "1"}')).toBe('{"id": "a", "@version": "1"}');
    expect(restored('{"id" : "a",\r\n\t"_version" : 1}')).toBe('{"id" : "a",\r\n\t"@version" : 1}');
  });

  it('stay where the event was not sanitised, or there are two', () => {
    for (const text of [
      '{"_version":"1","@version":"1"}',
      '{"_version":"1","a.b":1}',
      '{"_version":"1","a":{"9":1}}',
      '{"_version":"1","a":{}}',
      '{"_version":"1","a":[ ]}',
      '{"_version":"1","_version":"2"}',
      '{"_version":"1","\\u0061":1}',
      '{"\\u005fversion":"1"}',
      '{"a":{"_version":"1"}}',
      '{"a":"_version"}',
      '{"a":["_version"]}',
      '{"a":[{"_version":1}]}',
      '{"_versions":"1"}',
    ]) {
      expect(restored(text)).toBe(text);
    }
  });

  it('change nothing but the key of the version, of whatever event', () => {
    const keys = fc.constantFrom('@version', '_version', 'a', '9', 'a-b', '', '"', 'é');
    const values = fc.oneof(
      fc.constantFrom<unknown>([], {}, null, '"_version":', '\\'),
      fc.dictionary(keys, fc.constantFrom<unknown>(1, {}, [], 'x'), { maxKeys: 2 }),
    );
    fc.assert(
      fc.property(fc.dictionary(keys, values, { maxKeys: 4 }), (event) => {
        const text = JSON.stringify(event);
        const isSure = Object.hasOwn(event, '_version') && JSON.stringify(sanitised(event)) === text;
        const wanted = isSure
          ? JSON.stringify(
              Object.fromEntries(
                Object.entries(event).map(([key, value]) => [key === '_version' ? '@version' : key, value]),
              ),
            )
          : text;
        expect(restored(text)).toBe(wanted);
      }),
      { numRuns: 500 },
    );
  });
});
