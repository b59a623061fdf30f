import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';

import { readStoredEvents } from '../../../../src/sdk/stored/read-stored-events.js';
import { inPieces, readStored } from '../../../support/read-stored.js';
import {
  type ApiEvent,
  COMPRESSIONS,
  descending,
  LAYOUTS,
  sanitised,
  type StoredFixture,
  zstdStored,
} from '../../../support/stored-fixtures.js';

type Layout = keyof typeof LAYOUTS;

const EVENTS: ApiEvent[] = descending(
  Array.from({ length: 7 }, (_, n) => ({
    id: `5f0c${String(n)}`,
    timestamp: `2030-01-02T03:04:0${n}.${n}Z`,
    '@version': '1',
    service: 'directory',
    changes: [{ field: 'a"b\\', from: [], to: [{ '{': ']' }] }, {}],
    text: 'line\nend {"id": "no"}, [é]',
  })),
);

const someNames = fc.constantFrom('id', 'timestamp', '@version', 'changes', 'a"b', '{', '[', '\\', '', 'é', '9');
const someValue = fc.oneof(
  fc.constantFrom<unknown>('\n', '"', '{"a":', '}\n{', '],[', null, true, 1.5, [], {}, '2030-01-02T03:04:05Z'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.jsonValue({ maxDepth: 2 }),
  fc.array(fc.dictionary(someNames, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }), { maxLength: 3 }),
);
const someEvents = fc.array(fc.dictionary(someNames, someValue, { maxKeys: 4 }), { maxLength: 8 });
const someLengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
const someLayout = fc.constantFrom(...(Object.keys(LAYOUTS) as Layout[]));
const someCompression = fc.constantFrom(...Object.keys(COMPRESSIONS));

/** Where each event is; texts are looked for in their order. */
function placesIn({ content, texts }: StoredFixture): [number, number][] {
  let at = 0;
  return texts.map((text) => {
    const offset = content.indexOf(text, at);
    at = offset + Buffer.byteLength(text);
    return [offset, at];
  });
}

function lay(layout: Layout, events: readonly ApiEvent[]): StoredFixture {
  return LAYOUTS[layout](events);
}

describe('events of stored objects', () => {
  for (const layout of Object.keys(LAYOUTS) as Layout[]) {
    for (const [name, compress] of Object.entries(COMPRESSIONS)) {
      it(`are read out of ${layout}, ${name}`, async () => {
        const fixture = lay(layout, EVENTS);
        const { texts, places, ids, faults } = await readStored(compress(fixture.content));
        expect(texts).toEqual(fixture.texts);
        expect(places).toEqual(placesIn(fixture));
        expect(ids).toEqual(EVENTS.map(({ id }) => id));
        expect(faults).toEqual([]);
      });
    }
  }

  it('are the same bytes, whatever they are, in whatever form and pieces they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        someEvents,
        someLayout,
        someCompression,
        someLengths,
        async (events, layout, compression, lengths) => {
          const fixture = lay(layout, events);
          const stored = COMPRESSIONS[compression]?.(fixture.content) ?? fixture.content;
          const { texts, places, faults } = await readStored(stored, { lengths });
          expect(faults).toEqual([]);
          expect(texts).toEqual(fixture.texts);
          expect(places).toEqual(placesIn(fixture));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('before a cut are all delivered, and one fault says where the rest begins', async () => {
    await fc.assert(
      fc.asyncProperty(
        someEvents,
        someLayout,
        someLengths,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (events, layout, lengths, cut) => {
          const { content, texts: wanted } = lay(layout, events);
          const length = Math.floor(cut * content.length);
          const places = placesIn({ content, texts: wanted }).filter(([, end]) => end <= length);
          const { texts, faults } = await readStored(content.subarray(0, length), { lengths });
          expect(texts).toEqual(wanted.slice(0, places.length));
          const under = placesIn({ content, texts: wanted }).find(([offset, end]) => offset < length && end > length);
          if (under !== undefined) {
            expect(faults).toMatchObject([{ offset: under[0], end: length, rest: 'end' }]);
          } else {
            // Between two events only an array knows that more should follow.
            expect(faults.length).toBeLessThanOrEqual(1);
            for (const fault of faults) expect(fault).toMatchObject({ offset: length, end: length, rest: 'end' });
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('before a cut through gzip or zstd are all delivered, and one fault says where the rest begins', async () => {
    await fc.assert(
      fc.asyncProperty(
        someEvents,
        someLayout,
        fc.constantFrom('gzip', 'gzipMembers', 'zstd', 'zstdFrames'),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        async (events, layout, compression, cut) => {
          const { content, texts: wanted } = lay(layout, events);
          const stored = COMPRESSIONS[compression]?.(content) ?? content;
          // Behind the last member is padding, and at the end of the first frame nothing is missed.
          const isPadded = compression === 'gzipMembers' ? 512 : 0;
          const length = Math.max(5, Math.floor(cut * (stored.length - isPadded)));
          const { texts, faults, places } = await readStored(stored.subarray(0, length), { lengths: [length] });
          expect(texts).toEqual(wanted.slice(0, texts.length));
          expect(places).toEqual(placesIn({ content, texts: wanted }).slice(0, places.length));
          if (faults.length === 0) return;
          expect(faults).toHaveLength(1);
          const [next] = placesIn({ content, texts: wanted }).slice(texts.length);
          expect(faults[0]?.rest).toBe('end');
          expect(faults[0]?.offset).toBeLessThanOrEqual(next?.[0] ?? content.length);
          expect(faults[0]?.offset).toBeGreaterThanOrEqual(places.at(-1)?.[1] ?? 0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are the rest of them from any offset on', async () => {
    await fc.assert(
      fc.asyncProperty(someEvents, someLayout, someLengths, fc.nat(2000), async (events, layout, lengths, from) => {
        const fixture = lay(layout, events);
        const { texts, places } = await readStored(fixture.content, { lengths, from });
        const wanted = placesIn(fixture).filter(([offset]) => offset >= from);
        expect(places).toEqual(wanted);
        expect(texts).toEqual(wanted.map(([offset, end]) => fixture.content.toString('utf8', offset, end)));
      }),
      { numRuns: 200 },
    );
  });

  it('are none in an empty object', async () => {
    for (const content of ['', '\n', '[]', '[ ]\n', '\ufeff', '\ufeff[]']) {
      for (const compress of Object.values(COMPRESSIONS)) {
        const { texts, faults } = await readStored(compress(Buffer.from(content)));
        expect([texts, faults]).toEqual([[], []]);
      }
    }
  });

  it('follow a broken line, which is reported', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(EVENTS.length - 1),
        fc.double({ min: 0, max: 1, noNaN: true }),
        someLengths,
        async (broken, cut, lengths) => {
          const lines = EVENTS.map((event) => JSON.stringify(event));
          const line = lines[broken] ?? '';
          lines[broken] = line.slice(0, 1 + Math.floor(cut * (line.length - 2)));
          const content = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const offset = Buffer.byteLength(
            lines
              .slice(0, broken)
              .map((text) => `${text}\n`)
              .join(''),
          );
          const { texts, faults } = await readStored(content, { lengths });
          expect(texts).toEqual(lines.filter((_, n) => n !== broken));
          const isLast = broken === lines.length - 1;
          expect(faults).toEqual([
            {
              offset,
              end: offset + Buffer.byteLength(lines[broken]) + 1,
              reason: expect.any(String),
              rest: isLast ? 'end' : 'skipped',
            },
          ]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('follow what is no event, in lines as in arrays', async () => {
    for (const other of [
      'null',
      '"text"',
      '12',
      '[1, 2]',
      'true',
      'not JSON',
      '}',
      '{"a":1]',
      '{"a":[}',
      '{"a":"b\u0000',
    ]) {
      for (const [before, between, after] of [
        ['', '\n', '\n'],
        ['[', ',\n', ']'],
        ['[\n  ', ',\n  ', '\n]'],
      ] as const) {
        const content = before + ['{"n":1}', other, '{"n":2}', '{"n":3}'].join(between) + after;
        const { texts, faults } = await readStored(Buffer.from(content), { lengths: [3] });
        expect([content, texts]).toEqual([content, ['{"n":1}', '{"n":2}', '{"n":3}']]);
        expect(faults.length).toBeGreaterThan(0);
        for (const { offset, rest } of faults) {
          expect(rest).toBe('skipped');
          expect(content.slice(offset - between.length, offset + 1)).not.toContain('{"n"');
        }
      }
    }
  });

  it('are not taken out of the inside of a broken one', async () => {
    const { content, texts } = LAYOUTS.multiLine(EVENTS);
    const broken = texts[2]?.replace('"service": "directory"', '"service": "direc') ?? '';
    const damaged = Buffer.from(content.toString().replace(texts[2] ?? '', broken));
    const result = await readStored(damaged, { lengths: [50] });
    expect(result.texts).toEqual(texts.filter((_, n) => n !== 2));
    expect(result.faults).toMatchObject([{ offset: damaged.indexOf(broken), rest: 'skipped' }]);
  });

  it('of a line may be broken twice, and behind it follow the others', async () => {
    const content = Buffer.from('{"a":\n{"b":1}\n{"a":\n{"c":\n{"d":2}\n{"e":3}\n{"f":\n{"g":4}\n');
    const { texts, faults } = await readStored(content, { lengths: [5] });
    expect(texts).toEqual(['{"b":1}', '{"d":2}', '{"e":3}', '{"g":4}']);
    expect(faults.map(({ offset, rest }) => [offset, rest])).toEqual([
      [0, 'skipped'],
      [content.indexOf('{"a":\n{"c"'), 'skipped'],
      [content.indexOf('{"c"'), 'skipped'],
      [content.indexOf('{"f"'), 'skipped'],
    ]);
  });

  it('are not looked for again and again in what is nested and broken', async () => {
    const depth = 20_000;
    const content = Buffer.from(`${'{"a":\n'.repeat(depth)}]\n{"n":1}\n`);
    const { texts, faults } = await readStored(content);
    expect(texts).toEqual(['{"n":1}']);
    expect(faults).toHaveLength(4);
  });

  it('longer than the limit are reported, and the others delivered', async () => {
    for (const size of [2000, 400_000, 1_000_000]) {
      const long = `{"id":"${'x'.repeat(size)}","a":[{}]}`;
      for (const text of [`{"n":1}\n${long}\n{"n":2}\n`, `[{"n":1},${long},{"n":2}]`]) {
        const { texts, faults } = await readStored(Buffer.from(text), { maxEventBytes: 1000, lengths: [100_000, 7] });
        expect(texts).toEqual(['{"n":1}', '{"n":2}']);
        const offset = text.indexOf(long);
        expect(faults).toEqual([
          { offset, end: offset + long.length, reason: 'an event is longer than 1000 bytes', rest: 'skipped' },
        ]);
      }
    }
  });

  it('longer than what the kernel holds are whole', async () => {
    const long = `{"text":"${'x'.repeat(900_000)}","id":"long"}`;
    const { texts, places, ids } = await readStored(Buffer.from(`{"id":"a"}\n${long}\n{"id":"b"}`), {
      lengths: [70_000],
    });
    expect(texts).toEqual(['{"id":"a"}', long, '{"id":"b"}']);
    expect(places).toEqual([
      [0, 10],
      [11, 11 + long.length],
      [12 + long.length, 22 + long.length],
    ]);
    expect(ids).toEqual(['a', 'long', 'b']);
  });

  it('before corrupt gzip are all delivered', async () => {
    const { content, texts } = LAYOUTS.ndjson(EVENTS);
    const whole = gzipSync(content);
    const damaged = Buffer.from(whole);
    damaged[whole.length - 6] = (damaged[whole.length - 6] ?? 0) ^ 1;
    for (const stored of [
      damaged,
      Buffer.concat([whole, Buffer.from('more')]),
      Buffer.concat([whole, Buffer.alloc(9), whole]),
    ]) {
      const result = await readStored(stored, { lengths: [stored.length] });
      expect(result.texts).toEqual(texts);
      expect(result.faults).toEqual([
        {
          offset: content.length,
          end: content.length,
          reason: expect.stringContaining('its gzip data is broken'),
          rest: 'end',
        },
      ]);
    }
  });

  it('are read out of what zstd compressed', async () => {
    // Of `zstd -19` and `zstd -1`, of 200 lines.
    for (const stored of ZSTD_SAMPLES) {
      const wanted = Array.from({ length: 200 }, (_, n) => `{"id":"${n}","service":"directory","n":${n * n}}`);
      for (const lengths of [[1], [stored.length]]) {
        const { texts, faults } = await readStored(stored, { lengths });
        expect([texts, faults]).toEqual([wanted, []]);
      }
      const { texts, faults } = await readStored(stored.subarray(0, -9));
      expect(texts).toEqual(wanted.slice(0, texts.length));
      expect(faults).toMatchObject([{ reason: expect.stringContaining('its zstd data is broken: it is cut off') }]);
    }
  });

  it('are not asked much memory for', async () => {
    const frame = zstdStored(Buffer.from('{"n":1}'));
    const greedy = Buffer.from(frame);
    // A window of 2 GiB.
    greedy[5] = 21 << 3;
    const { texts, faults } = await readStored(Buffer.concat([frame, greedy]));
    expect(texts).toEqual(['{"n":1}']);
    expect(faults).toMatchObject([{ offset: 7, rest: 'end', reason: expect.stringContaining('bytes of memory') }]);
  });

  it('may refer back as far as the decoder can be relied on, and no further', async () => {
    const frame = Buffer.from(zstdStored(Buffer.from('{"n":1}')));
    // Windows of 64 MiB and of an eighth more.
    for (const [window, isRead] of [
      [16 << 3, true],
      [(16 << 3) | 1, false],
    ] as const) {
      frame[5] = window;
      const { texts, faults } = await readStored(frame);
      expect([texts, faults]).toMatchObject(
        isRead ? [['{"n":1}'], []] : [[], [{ offset: 0, reason: expect.stringContaining('without --long') }]],
      );
    }
  });

  it('end with what broke the reading, and with a stop', async () => {
    const failure = new Error('reset');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"n":1}\n{"n"');
      await Promise.resolve();
      throw failure;
    }
    const texts: string[] = [];
    const onFault = (): void => void texts.push('fault');
    const read = async (chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> => {
      for await (const events of readStoredEvents(chunks, { onFault, ...(signal && { signal }) })) {
        texts.push(Buffer.from(events.text(0)).toString());
      }
    };
    await expect(read(breaking())).rejects.toBe(failure);
    expect(texts).toEqual(['{"n":1}']);
    await expect(read(inPieces(Buffer.from('{"n":1}'), [9]), AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('of which keys were sanitised are forwarded as they are', async () => {
    const { content, texts } = LAYOUTS.ndjson(EVENTS.map((event) => sanitised(event) as ApiEvent));
    expect((await readStored(content)).texts).toEqual(texts);
    expect(texts[0]).toContain('"_version":"1"');
  });

  it('may be given another form in their place', async () => {
    const restore = (text: Uint8Array): void => {
      text[2] = 0x78;
    };
    const content = Buffer.from('{"a":1}\n{"b":2}\nnull\n{"c":3}');
    expect((await readStored(content, { restore })).texts).toEqual(['{"x":1}', '{"x":2}', '{"x":3}']);
  });
});

const ZSTD_SAMPLES = [
  Buffer.from(
    [
      'KLUv/QRoBA0AlmNKGaAnGQ52Pv5Ll3zNqlqDJCmTTDIBxvdwKgZQAD4APgBDD01TniNslVw7RjQ4y1dK7UWah96QM3/dPVk7btwW',
      'sdjqdb1k8XC8XsoNQIIoDAKGguFAwoACBgcJCAGGwnBggGAg4YDAUDDEUBgCIAwIAkHkLMxNxDBmUb4NYfVBUr3RHQanlq99a9Ka',
      'xq68NcKLjrNL25XISLiCDBvZKjGRGGX+JOIha50tKp5ENNkMNKahZ8jUKZ0yQq0NaY0ZRbxBM/Uu3fKrJXuk9pAd+9H6vojbEnok',
      'mSMs4VXlU4vUvBQay8QzDJnxzs6jKNOL+t/w64+e7vH+MD63VPWvS163+BVrj1jFx9OrJaq6h6h8IdeQNOUJar3KUiWZNY9XEXXU',
      'Sp9a4aLzQ2QKgMeoEVCQyPd/A/A15hGMEOAFRvifH1fyCLEMWIwsBJ4ClgEbkYXAR8AyyCKyEPEIWA5YRBYFHgGbAYvIBXBaJr8M',
      'krQMxlMZpE8GlZJBUEQiLKADoQAdCAV0QiigA2EBHQRNxpBgAjIFuQATQADg4MAVIKsdDQAHMlZTAFMAVACcSWblzs2Ea1VHbnU3',
      'LqJdcPO6b+Vltb0so81TmbchZbP557rdxMnWDsdtFG5bxLjYVrU9Vnur2NuNYhZujg1jm5hXscYejkms0RhjC8YWi1jEArMFyXeN',
      'j9U9PFLnyehuGON0Fgq2exuUrl6Q3aq+dRH+ohvlu6yNr2Q31Ujmt2bZkLWReU6r7GWayMrSKJtHmyziXshWe+da4hV3ziPOVDNz',
      'Q88mNBNDSjt/Cq01J2krz9EiXgzaPMV7JYvlvYpInmeI9oYkjueXWe8eU7yWJr3xw3kRHoa34vCz+mXNXpc0s0jp2TDKmXkk7OxR',
      'ocwaE3K2KHKziCEjABIsfPnX4KW+R5XQ57XE3zBK5rOYpN9LEvnqsvBb1bIvYpb4Rhp5rZWRqt2vUM2fimtDVqbmKZHWXhWRWjkR',
      '1mairBZRStTWoJzW8qRop0yIZnqIaUOHTIDHrBCUwQfwNdZ1JqSYEHFCxCQRE2JMiFghYsKICZEmRMwQMSHFhIgTIiaJmBBjQsQK',
      'ERNGTIg0IWKGiAkpJsQKlGA2/XSJA/aYjBs=',
    ].join(''),
    'base64',
  ),
  Buffer.from(
    [
      'KLUv/QRIZRkApjJmGKC30AF2Pv6ly4/of68mpUwypVRZ6n1qBGwAXQBXAJRxilCG6VF6kN7oQbds8tCfPyxVU7sp10k3d6wd66tV',
      'E2nI4ZznCCkk06YH95ZZKhrhKC/Xa5NjG5VP5XkvlM9VczMcDAiFAaGQMA4GAQOA4WAxUBCQWCgQhoMhEaAwWCQIDACGYTgYEAoD',
      'QqOxsY+NmRwbG2Njg6rGq4arxqpRVaLyqW4qItWoWEOeoctQdYhDMoaITpzT5eST+aHxYcnMyFxmLMPK0GQ8ZMrz8Xmf7Et9+jX8',
      'V2/qOf17cuWtmJWuUllRBlHGBMOUTSnDpYyVMogUIWWQ9KjR46PX0RTPoD1Yb5Cu1XBV7VFUaplK0kuNO63pYWf76En9OSS8cCrk',
      'hESmb9r8PFZH78Qduyruw1k4lhtH29i3MW9j3Ma2EYWEjVdrsFqDqDVTa1Crn5Y5rdNb5LfeSYsqnTsk7kpCLZFb4lr6sGSWPNih',
      'r8OuMzU6H53h6LCKQ1IcszjEEeskbjiX4fii85fz5nmW8BeeKJSXKb4prSkBgY2oIXzOXf87MceISG0OEeywOGWI8E/JHuT0882G',
      'pzKb3R7MCX8hDPXeGGoYKqEUMKp6WNNmhPeEL5RyTR4MeOT086HrtWL9fNH6qrh+Zi9MlSuq39UTzbySElhRqac+NnM0SlBFpdz3',
      '6tHnFz13CLp5TM4dhM4epXMNQbeH6ZK58LqwY6WYzZU/AfY3ZPZo6SsSai1ubc079Mvtd/hQu9RhvcX2096obPzD1IaoXpVSz2vy',
      'M+T4bqqgPiqw56173KUkd8wb111Ucs48c9UXH1fX051BVUdvxL2K+Qp30sYPuHMFn77N9XZ5Gyhr6bY3tMTtXcMZehegvWcWJ8un',
      'ttc6TZ6tpz1ZHqurXVo6S691mjxTT3uyPFZXu7R0ll7rNHmmnvZkeayudmVa3Oqd0+SZetqTZTIPxUqC1iyaOkLYLxjlCjqxjOe3',
      'NCQdSz7lN9QXLqOUqi0USQq0xMm1x+Jk2/WWU1nLCudtl1cQ9PJpQ7XX7Vwh8+QJSQSScQf3wBWyg5sOXFa4Ayvw1rgKzSr2mIwb',
    ].join(''),
    'base64',
  ),
];
