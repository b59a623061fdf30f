import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { answerExcerpt, readBytes, readText } from '../../../../src/sdk/http/body.js';
import type { HttpResponse } from '../../../../src/sdk/ports.js';

const MEBIBYTE = 1024 * 1024;

function response(body: AsyncIterable<Uint8Array>): HttpResponse {
  return { status: 200, headers: {}, body };
}

async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

describe('readBytes', () => {
  it('puts a body into the memory that it is given, and into larger one where that is too small', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
        fc.nat(100),
        async (parts, size) => {
          const memory = Buffer.alloc(size, 'x');
          const bytes = await readBytes(response(pieces(...parts)), memory);
          const whole = Buffer.concat(parts);
          expect(bytes.equals(whole)).toBe(true);
          if (whole.length <= size) expect(bytes.buffer).toBe(memory.buffer);
          if (whole.length > size) expect(bytes.buffer).not.toBe(memory.buffer);
        },
      ),
    );
  });
});

describe('readText', () => {
  it('gives the text, wherever the pieces were cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.array(fc.nat(50)), async (text, cuts) => {
        const whole = Buffer.from(text);
        const at = cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b);
        const parts = [0, ...at].map((start, n) => whole.subarray(start, at[n] ?? whole.length));
        expect(await readText(response(pieces(...parts)))).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it('gives an empty text for an empty body', async () => {
    expect(await readText(response(pieces()))).toBe('');
  });

  it('is not changed by a transport that uses its buffer again', async () => {
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = Buffer.alloc(2);
      for (const text of ['ab', 'cd', 'ef']) {
        buffer.write(text);
        yield buffer;
      }
    }
    expect(await readText(response(reusing()))).toBe('abcdef');
  });

  it('reads eight mebibytes, and stops reading one byte later', async () => {
    const full = Array.from({ length: 8 }, () => Buffer.alloc(MEBIBYTE, 'x'));
    expect(await readText(response(pieces(...full)))).toHaveLength(8 * MEBIBYTE);
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield* full;
        for (;;) yield Buffer.alloc(1);
      } finally {
        closed = true;
      }
    }
    await expect(readText(response(endless()))).rejects.toThrow('longer than 8388608 bytes');
    expect(closed).toBe(true);
  });

  it('passes on that the body broke off', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('reset');
    }
    await expect(readText(response(broken()))).rejects.toThrow('reset');
  });
});

describe('answerExcerpt', () => {
  it.each([
    ['{"message":"Start Time not after End Time"}', 'Start Time not after End Time'],
    ['{"error":"bad key"}', 'bad key'],
    ['{"message":"","error":"bad key"}', 'bad key'],
    ['{"message":"first","error":"second"}', 'first'],
    ['{"message":{"code":5}}', '{"message":{"code":5}}'],
    ['{"code":5}', '{"code":5}'],
    ['<html><head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>', '502 Bad Gateway nginx'],
    ['plain\n\n  text\t here ', 'plain text here'],
    ['null', 'null'],
    ['', ''],
    [' \n', ''],
    ['{"message":"two\\nlines"}', 'two lines'],
  ])('of %j is %j', (body, excerpt) => {
    expect(answerExcerpt(body)).toBe(excerpt);
  });

  it('is cut to a length that fits a log', () => {
    expect(answerExcerpt('x'.repeat(300))).toBe('x'.repeat(300));
    expect(answerExcerpt('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`);
    expect(answerExcerpt(JSON.stringify({ message: 'y'.repeat(5000) }))).toBe(`${'y'.repeat(300)}…`);
  });

  it('is found in time that grows with the answer, not with its square', () => {
    // With the square it is 24 seconds, and an answer may have forty times as many. Without, it is milliseconds.
    const startedAt = performance.now();
    expect(answerExcerpt('<'.repeat(200_000))).toBe(`${'<'.repeat(300)}…`);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('is one short line, whatever the answer', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 1000 }), fc.json()), (body) => {
        const excerpt = answerExcerpt(body);
        expect(excerpt).not.toMatch(/[\n\r\t]/);
        expect(excerpt.length).toBeLessThanOrEqual(301);
        expect(excerpt.trim()).toBe(excerpt);
      }),
    );
  });
});
