import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGunzip, gzipSync } from 'node:zlib';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isAbort } from '../../../../src/sdk/errors.js';
import { type Flow, Pieces } from '../../../../src/sdk/http/pieces.js';
import { ReadMemory } from '../../../../src/sdk/http/read-memory.js';

const KIB = 1024;
const NO_FLOW: Flow = { pause: () => undefined, resume: () => undefined, destroy: () => undefined };

/** A stream that is written to by hand. */
function openStream(): Readable {
  return new Readable({ highWaterMark: 64 * KIB, read: () => undefined });
}

/** Behind what is under way, and in the same turn. */
function tick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Lets whatever is under way come to its end, also on a thread of its own. */
async function turns(): Promise<void> {
  for (let left = 10; left > 0; left -= 1) await turn();
}

async function nextOf(pieces: Pieces): Promise<Buffer | undefined> {
  const { done, value } = await pieces.next();
  return done === true ? undefined : Buffer.from(value);
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
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
        const pieces = Pieces.of(stream, undefined);
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
    const pieces = Pieces.of(stream, undefined);
    const first = nextOf(pieces);
    for (const byte of [1, 2, 3]) {
      stream.push(Buffer.alloc(10 * KIB, byte));
      await tick();
    }
    expect((await first)?.length).toBe(30 * KIB);
  });

  it('are copies: the memory that a part came in may be used again at once', async () => {
    const stream = openStream();
    const pieces = Pieces.of(stream, undefined);
    const part = Buffer.from('alone');
    pieces.take(part);
    part.fill('x');
    expect(await nextOf(pieces)).toEqual(Buffer.from('alone'));
  });

  it('are good until the next one is asked for, while others arrive', async () => {
    const stream = openStream();
    const pieces = Pieces.of(stream, undefined);
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

  it('hold the stream back once an eighth of a mebibyte waits', async () => {
    const stream = openStream();
    const pieces = Pieces.of(stream, undefined);
    stream.push(Buffer.alloc(1));
    await pieces.next();
    let pushed = 0;
    for (let room = true; room && pushed < 10_000; pushed += 1) {
      room = stream.push(Buffer.alloc(16 * KIB));
      await turn();
    }
    expect(pushed * 16).toBeGreaterThanOrEqual(128);
    expect(pushed * 16).toBeLessThan(256);
    expect((await nextOf(pieces))?.length).toBe(128 * KIB);
  });

  it('that came before the stream broke are handed over first', async () => {
    const stream = openStream();
    const pieces = Pieces.of(stream, undefined);
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
    const pieces = Pieces.of(stream, stopping.signal);
    const first = pieces.next();
    stream.push(Buffer.from('before'));
    stopping.abort();
    stream.destroy(new Error('broken'));
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('end for whoever waits when somebody else lets go of them', async () => {
    const stream = openStream();
    const pieces = Pieces.of(stream, undefined);
    const waiting = pieces.next();
    await pieces.return();
    expect(stream.destroyed).toBe(true);
    expect(await waiting).toMatchObject({ done: true });
    expect(await pieces.next()).toMatchObject({ done: true });
  });

  it('have memory of their own, also after that of others was given back', async () => {
    const read = async (stream: Readable, byte: number): Promise<Pieces> => {
      const pieces = Pieces.of(stream, undefined);
      const first = pieces.next();
      for (const part of [byte, byte]) stream.push(Buffer.alloc(KIB, part));
      held.push((await first).value ?? new Uint8Array());
      return pieces;
    };
    const held: Uint8Array[] = [];
    const ended = openStream();
    const pieces = await read(ended, 1);
    ended.push(null);
    // To ask again, or to let go as well, gives nothing back that was given back.
    for (let times = 2; times > 0; times -= 1) expect(await nextOf(pieces)).toBeUndefined();
    await pieces.return();
    await Promise.all([read(openStream(), 2), read(openStream(), 3)]);
    expect(held.slice(1).map((piece) => new Set(piece))).toEqual([new Set([2]), new Set([3])]);
  });

  it.each([true, false])(
    'that closed before their end are not taken for the whole, begun before: %p',
    async (isBegun) => {
      const stream = openStream();
      const pieces = Pieces.of(stream, undefined);
      if (isBegun) {
        const first = nextOf(pieces);
        stream.push(Buffer.from('before'));
        expect((await first)?.toString()).toBe('before');
      }
      stream.destroy();
      await turns();
      await expect(pieces.next()).rejects.toThrow('closed before its end');
    },
  );

  it('come one after another to those who ask at once', async () => {
    const stream = openStream();
    const pieces = Pieces.of(stream, undefined);
    const asked = [nextOf(pieces), nextOf(pieces), nextOf(pieces)];
    stream.push(Buffer.from('one'));
    // It has come, and is not handed over yet.
    await tick();
    const another = nextOf(pieces);
    await turns();
    stream.push(Buffer.from('two'));
    stream.push(null);
    const texts = (await Promise.all([...asked, another])).map((piece) => piece?.toString());
    expect(texts).toEqual(['one', 'two', undefined, undefined]);
  });

  it('are large reads as they came, whose memory nobody else has until the next one is asked for', async () => {
    const pieces = new Pieces(NO_FLOW, undefined);
    const held: ReadMemory[] = [];
    for (const byte of [1, 2]) {
      const memory = ReadMemory.take();
      pieces.take(memory.bytes.fill(byte).subarray(0, 100 * KIB));
      // The socket has no more to do with it.
      memory.release();
      held.push(memory);
    }
    const others = [ReadMemory.take(), ReadMemory.take()];
    for (const memory of others) memory.bytes.fill(9);
    for (const [index, byte] of [1, 2].entries()) {
      const { value } = await pieces.next();
      expect(value?.byteOffset).toBe(held[index]?.bytes.byteOffset);
      expect(value?.length).toBe(100 * KIB);
      expect(new Set(value)).toEqual(new Set([byte]));
    }
    pieces.end();
    await pieces.next();
    // What was held is free again.
    const free = [ReadMemory.take(), ReadMemory.take()];
    expect(new Set(free)).toEqual(new Set(held));
    for (const memory of [...others, ...free]) memory.release();
  });

  it.each([
    ['that were read to the end', ['ask', 'ask', 'ask', 'end', 'ask']],
    ['that broke off, and were asked for', ['ask', 'break', 'ask', 'ask', 'ask']],
    ['that somebody left', ['ask', 'leave']],
    ['that somebody left and asked for again', ['ask', 'leave', 'ask', 'leave']],
    ['that nobody asked for', ['leave']],
    ['of which some came after they were left', ['leave', 'come', 'end']],
    ['that were aborted', ['ask', 'abort', 'ask']],
    ['that were aborted and left', ['ask', 'abort', 'leave']],
    ['that nobody asked for before an abort', ['abort']],
    ['that nobody asked for before their end, and an abort', ['end', 'abort']],
    ['of which some came after an abort', ['abort', 'come', 'end']],
  ])('%s give their memory back, once', async (_, deeds) => {
    const used = new Set<ReadMemory>();
    for (let times = 50; times > 0; times -= 1) {
      const stopping = new AbortController();
      const pieces = new Pieces(NO_FLOW, stopping.signal);
      const come = (): void => {
        const memory = ReadMemory.take();
        used.add(memory);
        pieces.take(memory.bytes.subarray(0, 100 * KIB));
        memory.release();
        pieces.take(Buffer.alloc(150 * KIB));
      };
      come();
      for (const deed of deeds) {
        if (deed === 'ask') await pieces.next().catch(() => undefined);
        if (deed === 'leave') await pieces.return();
        if (deed === 'abort') stopping.abort();
        if (deed === 'end') pieces.end();
        if (deed === 'break') pieces.end(new Error('broken'));
        if (deed === 'come') come();
      }
    }
    expect(used.size).toBeLessThan(10);
    const free = Array.from({ length: 20 }, () => ReadMemory.take());
    expect(new Set(free).size).toBe(20);
    for (const memory of free) memory.release();
  });

  it('give their memory back that nobody can ask for any more', async () => {
    const used = new Set<ReadMemory>();
    for (let times = 60; times > 0; times -= 1) {
      const memory = ReadMemory.take();
      used.add(memory);
      const pieces = new Pieces(NO_FLOW, undefined);
      pieces.take(memory.bytes.subarray(0, 100 * KIB));
      memory.release();
      pieces.end();
      if (times % 10 !== 0) continue;
      collectGarbage();
      await turns();
    }
    expect(used.size).toBeLessThan(40);
  });

  it('are no more once somebody let go, whatever the stream still has, or breaks with', async () => {
    const stream = createGunzip();
    const pieces = Pieces.of(stream, undefined);
    stream.end(gzipSync(Buffer.alloc(4096 * KIB, 1)));
    await pieces.next();
    while (!stream.isPaused() || stream.readableLength === 0) await turn();
    // What waits in the stream is set free by this.
    await pieces.next();
    await pieces.return();
    stream.emit('error', new Error('broken'));
    await turns();
    expect(await pieces.next()).toMatchObject({ done: true });
  });

  it('do not break for whoever let go after the stream broke', async () => {
    const stream = openStream();
    const pieces = Pieces.of(stream, undefined);
    stream.destroy(new Error('broken'));
    await turns();
    await pieces.return();
    expect(await pieces.next()).toMatchObject({ done: true });
  });

  it('end, break or stop as the stream did, at whatever moment, and are what came before', async () => {
    const anyDeed = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 150 * KIB }) },
      { weight: 6, arbitrary: fc.constantFrom('ask', 'wait', 'turn') },
      { weight: 1, arbitrary: fc.constantFrom('end', 'break', 'close', 'abort', 'leave') },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyDeed, { maxLength: 25 }), async (deeds) => {
        const stopping = new AbortController();
        const stream = openStream();
        const pieces = Pieces.of(stream, stopping.signal);
        const sent: Buffer[] = [];
        const answers: Promise<Buffer | string>[] = [];
        const seen = new Set<string>();
        const ask = (): unknown =>
          answers.push(
            nextOf(pieces).then(
              (piece) => piece ?? 'done',
              (error: unknown) => (isAbort(error) ? 'abort' : (error as Error).message),
            ),
          );
        for (const deed of deeds) {
          if (typeof deed === 'number') {
            if (seen.has('end') || stream.destroyed) continue;
            sent.push(Buffer.alloc(deed, sent.length + 1));
            stream.push(sent.at(-1));
            continue;
          }
          seen.add(deed);
          if (deed === 'ask') ask();
          if (deed === 'wait') await turns();
          if (deed === 'turn') await turn();
          if (deed === 'end' && !stream.destroyed) stream.push(null);
          if (deed === 'break') stream.destroy(new Error('broken'));
          if (deed === 'close') stream.destroy();
          if (deed === 'abort') stopping.abort();
          if (deed === 'leave') await pieces.return();
        }
        // Nobody is left waiting.
        if (!stream.destroyed) stream.push(null);
        seen.add('end');
        do ask();
        while (typeof (await answers.at(-1)) !== 'string');
        const all = await Promise.all(answers);
        const received = all.filter((answer) => typeof answer !== 'string');
        const endings = new Set(all.filter((answer) => typeof answer === 'string'));
        const [whole, got] = [Buffer.concat(sent), Buffer.concat(received)];
        expect(whole.subarray(0, got.length).equals(got)).toBe(true);
        if (endings.has('broken')) expect(seen).toContain('break');
        if (endings.has('the body was closed before its end')) expect(seen).toContain('close');
        if (seen.has('abort')) expect(all.at(-1)).toBe('abort');
        else if (seen.has('leave')) expect(all.at(-1)).toBe('done');
        if (endings.has('done') && !seen.has('leave')) expect(got.length).toBe(whole.length);
        // Behind the first ending there are no more pieces.
        expect(
          all.slice(all.findIndex((answer) => typeof answer === 'string')).some((answer) => typeof answer !== 'string'),
        ).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});
