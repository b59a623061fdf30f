import { execFileSync } from 'node:child_process';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { reprintPlatformJson, writePlatformJson } from '../../../../src/harness/bundle/platform-json.js';

/** What Python writes, where there is one: the form is defined by its writer. */
function pythonWrites(texts: readonly string[]): string[] | undefined {
  const program =
    'import json,sys; print(json.dumps([json.dumps(json.loads(t), indent=2) for t in json.load(sys.stdin)]))';
  try {
    return JSON.parse(
      execFileSync('python3', ['-c', program], { input: JSON.stringify(texts) }).toString(),
    ) as string[];
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

describe('JSON as the library wants it', () => {
  it.each([
    [
      '{"a":[1,{"b":null}],"c":{},"d":[]}',
      '{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ],\n  "c": {},\n  "d": []\n}',
    ],
    ['{"2":1,"1":2}', '{\n  "2": 1,\n  "1": 2\n}'],
    ['"caf\u00e9 \ud83d\ude00 \u007f"', '"caf\\u00e9 \\ud83d\\ude00 \\u007f"'],
    ['"\\/ \\u0041 \\n"', '"/ A \\n"'],
    [
      '[1E5,1.50,-0,-0.0,1e22,1e-5,0.0001,123456789012345678901234567890]',
      '[\n  100000.0,\n  1.5,\n  0,\n  -0.0,\n  1e+22,\n  1e-05,\n  0.0001,\n  123456789012345678901234567890\n]',
    ],
    [' "a, {b}: [c]" ', '"a, {b}: [c]"'],
  ])('writes %s', (text, written) => {
    expect(reprintPlatformJson(text)).toBe(written);
  });

  it('has no newline at its end', () => {
    expect(writePlatformJson({ a: 1 })).toBe('{\n  "a": 1\n}');
  });

  it('refuses what is no JSON, and a key that is there twice', () => {
    expect(() => reprintPlatformJson('{"a":}')).toThrow(SyntaxError);
    expect(() => reprintPlatformJson('{"a":1,"\\u0061":2}')).toThrow('the key "a" is there twice');
  });

  it('says what was read', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = writePlatformJson(value);
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(reprintPlatformJson(written)).toBe(written);
      }),
    );
  });

  it("is what Python's writer makes, byte for byte", () => {
    const texts = fc.sample(fc.jsonValue(), 300).map((value) => JSON.stringify(value));
    const expected = pythonWrites(texts);
    if (expected !== undefined) expect(texts.map(reprintPlatformJson)).toEqual(expected);
  });
});
