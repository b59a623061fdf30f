import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Pieces } from '../../../../src/sdk/http/pieces.js';

const KIB = 1024;

/** A stream that is written to by hand. */
function openStream(): Readable {
  return new Readable({ highWaterMark: 64 * KIB, read: () => undefined });
}

async function nextOf(pieces: Pieces): Promise<Buffer | undefined> {
  const { done, value } = await pieces.next();
  return done === true ? undefined : Buffer.from(value);
}

describe('Pieces', () => {
  it('are what the stream brought, however it came and however slowly it is read', async () => {
    const anyParts = fc.array(fc.tuple(fc.integer({ min: 1, max: 200 * KIB }), fc.integer({ min: 0, max: 2 })), {
      maxLength: 12,
    });
    const anyWaits = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(anyParts, anyWaits, async (parts, waits) => {
        const stream = openStream();
        const pieces = new Pieces(stream, undefined);
        const sent = parts.map(([length], n) => Buffer.alloc(length, n + 1));
        const write = async (): Promise<void> => {
          for (const [n, [, turns]] of parts.entries()) {
            for (let left = turns; left > 0; left -= 1) await turn();
            stream.push(sent[n]);
          }
          stream.push(null);
        };
        const writing = write();
        const received: Buffer[] = [];
        for (let n = 0, piece = await nextOf(pieces); piece !== undefined; n += 1, piece = await nextOf(pieces)) {
          received.push(piece);
          for (let left = waits[n % waits.length] ?? 0; left > 0; left -= 1) await turn();
        }
        await writing;
        expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('hold together what came at the same time', async () => {
    const stream = openStream();
    const pieces = new Pieces(stream, undefined);
    const first = nextOf(pieces);
    for (const byte of [1, 2, 3]) stream.push(Buffer.alloc(10 * KIB, byte));
    expect((await first)?.length).toBe(30 * KIB);
  });

  it('are handed over as they came, where nothing else did', async () => {
    const stream = openStream();
    const pieces = new Pieces(stream, undefined);
    const only = Buffer.from('alone');
    stream.push(only);
    expect((await pieces.next()).value).toBe(only);
  });

  it('are good until the next one is asked for, while others arrive', async () => {
    const stream = openStream();
    const pieces = new Pieces(stream, undefined);
    const first = pieces.next();
    for (const byte of [1, 1]) stream.push(Buffer.alloc(KIB, byte));
    const { value } = await first;
    for (const byte of [2, 2, 3]) {
      stream.push(Buffer.alloc(KIB, byte));
      await turn();
    }
    expect(Buffer.from(value ?? []).equals(Buffer.alloc(2 * KIB, 1))).toBe(true);
    expect((await nextOf(pieces))?.equals(Buffer.concat([2, 2, 3].map((byte) => Buffer.alloc(KIB, byte))))).toBe(true);
  });

  it('hold the stream back once a quarter of a mebibyte waits', async () => {
    const stream = openStream();
    const pieces = new Pieces(stream, undefined);
    stream.push(Buffer.alloc(1));
    await pieces.next();
    let pushed = 0;
    for (let room = true; room && pushed < 10_000; pushed += 1) {
      room = stream.push(Buffer.alloc(16 * KIB));
      await turn();
    }
    expect(pushed * 16).toBeGreaterThanOrEqual(256);
    expect(pushed * 16).toBeLessThan(512);
    expect((await nextOf(pieces))?.length).toBe(256 * KIB);
  });

  it('that came before the stream broke are handed over first', async () => {
    const stream = openStream();
    const pieces = new Pieces(stream, undefined);
    const first = nextOf(pieces);
    stream.push(Buffer.from('before'));
    await turn();
    stream.destroy(new Error('broken'));
    expect((await first)?.toString()).toBe('before');
    await expect(pieces.next()).rejects.toThrow('broken');
    await expect(pieces.next()).rejects.toThrow('broken');
  });

  it('are no more after an abort, whatever had come', async () => {
    const stopping = new AbortController();
    const stream = openStream();
    const pieces = new Pieces(stream, stopping.signal);
    const first = pieces.next();
    stream.push(Buffer.from('before'));
    stopping.abort();
    stream.destroy(new Error('broken'));
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('end for whoever waits when somebody else lets go of them', async () => {
    const stream = openStream();
    const pieces = new Pieces(stream, undefined);
    const waiting = pieces.next();
    await pieces.return();
    expect(stream.destroyed).toBe(true);
    expect(await waiting).toMatchObject({ done: true });
    expect(await pieces.next()).toMatchObject({ done: true });
  });

  it('have memory of their own, also after that of others was given back', async () => {
    const read = async (stream: Readable, byte: number): Promise<Pieces> => {
      const pieces = new Pieces(stream, undefined);
      const first = pieces.next();
      for (const part of [byte, byte]) stream.push(Buffer.alloc(KIB, part));
      held.push((await first).value ?? new Uint8Array());
      return pieces;
    };
    const held: Uint8Array[] = [];
    await (await read(openStream(), 1)).return();
    await Promise.all([read(openStream(), 2), read(openStream(), 3)]);
    expect(held.slice(1).map((piece) => new Set(piece))).toEqual([new Set([2]), new Set([3])]);
  });
});
