import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ReadMemory } from '../../../../src/sdk/http/read-memory.js';
import { largeReads, MOST_READ_BYTES } from '../../../../src/sdk/http/socket-reads.js';
import { makeCertificates, type Certificates } from '../../../support/certificates.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const KIB = 1024;

const inBody = (): boolean => true;

/** Reads into what it was given last, as a socket does. */
class Reader {
  readonly stream: Readable;
  memory: Uint8Array;

  constructor(
    private readonly reads: OnReadOpts,
    highWaterMark = 64 * KIB,
  ) {
    this.stream = new Readable({ highWaterMark, read: () => undefined });
    this.memory = this.#nextMemory();
  }

  /** @returns whether reading may go on */
  read(bytes: number, filledWith: number): boolean {
    return this.receive(Buffer.alloc(bytes, filledWith));
  }

  receive(bytes: Uint8Array): boolean {
    this.memory.set(bytes);
    const mayGoOn = this.reads.callback.call(this.stream as never, bytes.length, this.memory);
    this.memory = this.#nextMemory();
    return mayGoOn;
  }

  /** All that waits: of several reads, Node.js 26 gives one at a time. */
  take(): Buffer {
    const waiting: Buffer[] = [];
    for (let read = this.#read(); read !== null; read = this.#read()) waiting.push(read);
    return waiting.length === 1 ? (waiting[0] as Buffer) : Buffer.concat(waiting);
  }

  #read(): Buffer | null {
    return this.stream.read() as Buffer | null;
  }

  #nextMemory(): Uint8Array {
    const { buffer } = this.reads;
    if (typeof buffer !== 'function') throw new TypeError('one memory for all sockets');
    return buffer();
  }
}

describe('a large read', () => {
  it('goes on its way in the memory that it came in, and makes reading stop', () => {
    const reader = new Reader(largeReads(inBody));
    const { memory } = reader;
    expect(reader.read(MOST_READ_BYTES, 1)).toBe(false);
    const taken = reader.take();
    expect(taken.buffer).toBe(memory.buffer);
    expect(taken.equals(Buffer.alloc(MOST_READ_BYTES, 1))).toBe(true);
  });

  it('keeps its bytes until the next one was taken too, and then its memory is used again', () => {
    const reader = new Reader(largeReads(inBody));
    const memories = new Set<Uint8Array>();
    const taken: Buffer[] = [];
    for (let n = 0; n < 20; n += 1) {
      memories.add(reader.memory);
      expect(reader.read(100 * KIB, n)).toBe(false);
      for (const k of [n - 1, n - 2]) if (k >= 0) expect(taken[k]?.every((byte) => byte === k)).toBe(true);
      taken.push(reader.take());
    }
    // The first one is nobody's before its socket is known to be one of a body.
    expect(memories.size).toBe(4);
  });

  it('keeps its bytes while they wait, however much comes meanwhile', () => {
    const reader = new Reader(largeReads(inBody));
    reader.read(MOST_READ_BYTES, 0);
    const first = reader.take();
    reader.stream.unshift(first.subarray(100));
    for (let n = 1; n < 8; n += 1) reader.read(MOST_READ_BYTES, n);
    const rest = reader.take();
    for (let n = 0; n < 8; n += 1) expect(rest[(n + 1) * MOST_READ_BYTES - 101]).toBe(n);
    expect(rest.length).toBe(8 * MOST_READ_BYTES - 100);
  });

  it('shares no memory with another socket', () => {
    const reads = largeReads(inBody);
    const readers = [new Reader(reads), new Reader(reads)] as const;
    for (let n = 0; n < 9; n += 1) {
      const taken = readers.map((reader, which) => {
        reader.read(80 * KIB, 2 * n + which);
        return reader.take();
      });
      const all = [...taken, ...readers.map(({ memory }) => memory)];
      expect(allOverlap(all)).toBe(false);
      expect(taken.map((read) => read[0])).toEqual([2 * n, 2 * n + 1]);
    }
  });

  it('shares no memory with a socket that is opened while its bytes are taken', () => {
    const reads = largeReads(inBody);
    const first = new Reader(reads);
    first.read(MOST_READ_BYTES, 1);
    first.take();
    let opened: Reader | undefined;
    first.stream.push = () => {
      opened = new Reader(reads);
      return false;
    };
    first.read(MOST_READ_BYTES, 2);
    expect(ReadMemory.of(first.memory)).toBeDefined();
    expect(ReadMemory.of((opened as Reader).memory)).toBeUndefined();
  });

  it('is nobody else’s while somebody holds its memory, also after its connection was closed', async () => {
    const reads = largeReads(inBody);
    const closed = new Reader(reads);
    for (const byte of [0, 1]) closed.read(MOST_READ_BYTES, byte);
    closed.take();
    const memory = ReadMemory.of(closed.memory);
    expect(memory).toBeDefined();
    closed.read(MOST_READ_BYTES, 7);
    const held = closed.take();
    expect(ReadMemory.of(held)).toBe(memory);
    memory?.hold();
    closed.stream.destroy();
    await turn();
    const other = new Reader(reads);
    for (let n = 0; n < 9; n += 1) {
      other.read(MOST_READ_BYTES, 8);
      other.take();
    }
    expect(held.every((byte) => byte === 7)).toBe(true);
    memory?.release();
  });

  it('gives its memory back when its connection is closed, whatever waits', async () => {
    const used = new Set<number>();
    for (let n = 0; n < 50; n += 1) {
      const reader = new Reader(largeReads(inBody));
      for (let read = 0; read < 5; read += 1) {
        reader.read(MOST_READ_BYTES, read);
        used.add(reader.memory.byteOffset);
        if (n % 2 === 0) reader.take();
      }
      reader.stream.destroy();
      await turn();
    }
    expect(used.size).toBeLessThan(12);
  });
});

describe('a small read', () => {
  it('is copied, and its memory used again at once', () => {
    const reader = new Reader(largeReads(inBody));
    const { memory } = reader;
    for (let n = 0; n < 4; n += 1) {
      expect(reader.read(10, n)).toBe(true);
      expect(reader.memory).toBe(memory);
    }
    expect([...reader.take()]).toEqual([0, 1, 2, 3].flatMap((n) => Array<number>(10).fill(n)));
  });
});

function allOverlap(memories: readonly Uint8Array[]): boolean {
  return memories.some((one, index) =>
    memories
      .slice(index + 1)
      .some(
        (other) =>
          one.buffer === other.buffer &&
          one.byteOffset < other.byteOffset + other.length &&
          other.byteOffset < one.byteOffset + one.length,
      ),
  );
}

/**
 * Takes what comes as undici's parser does: at once, or up to somewhere, where it is held back for a while; and as a body is kept:
 * copied, or where it lies.
 */
async function takeAll(socket: Socket, heldAt: readonly number[]): Promise<Buffer> {
  const taken: Buffer[] = [];
  const memories: ReadMemory[] = [];
  const keep = (part: Buffer): void => {
    const memory = taken.length % 2 === 0 ? ReadMemory.of(part) : undefined;
    taken.push(memory === undefined ? Buffer.from(part) : part);
    if (memory === undefined) return;
    memory.hold();
    memories.push(memory);
  };
  let [reads, isHeld] = [0, false];
  const take = (): void => {
    while (!isHeld) {
      const read = socket.read() as Buffer | null;
      if (read === null) return;
      const holdAt = heldAt[reads++ % heldAt.length] ?? 0;
      if (holdAt >= read.length) {
        keep(read);
        continue;
      }
      keep(read.subarray(0, holdAt));
      isHeld = true;
      socket.unshift(read.subarray(holdAt));
      void goOnLater();
    }
  };
  const goOnLater = async (): Promise<void> => {
    for (let left = 3; left > 0; left -= 1) await turn();
    isHeld = false;
    take();
  };
  socket.on('readable', take);
  await once(socket, 'end');
  const all = Buffer.concat(taken);
  for (const memory of memories) memory.release();
  return all;
}

describe('a large read that is not all of a body', () => {
  it('is copied: undici keeps what it reads of headers', () => {
    let isBody = false;
    const reader = new Reader(largeReads(() => isBody));
    const { memory } = reader;
    for (let n = 0; n < 4; n += 1) {
      reader.read(MOST_READ_BYTES, n);
      expect(reader.memory).toBe(memory);
    }
    const taken = reader.take();
    for (let n = 0; n < 4; n += 1) expect(taken[n * MOST_READ_BYTES]).toBe(n);
    isBody = true;
    reader.read(MOST_READ_BYTES, 9);
    expect(reader.memory).not.toBe(memory);
  });
});

describe('a large read that an answer begins with', () => {
  const outside = (): boolean => false;
  const filled = (head: string, length = 48 * KIB): Buffer =>
    Buffer.concat([Buffer.from(head), Buffer.alloc(length, 7)]);
  const receive = (answer: Buffer): { readonly taken: Buffer; readonly isLent: boolean } => {
    const reader = new Reader(largeReads(outside));
    const { memory } = reader;
    reader.receive(answer);
    const taken = reader.take();
    return { taken, isLent: taken.buffer === memory.buffer };
  };

  it('goes on its way in the memory that it came in, where all of its headers are in it', () => {
    const answer = filled('HTTP/1.1 200 OK\r\nContent-Length: 49152\r\n\r\n');
    const { taken, isLent } = receive(answer);
    expect(isLent).toBe(true);
    expect(taken.equals(answer)).toBe(true);
  });

  it.each([
    ['its headers go on', filled('HTTP/1.1 200 OK\r\nX-Long: ')],
    ['another answer follows it', filled('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-Long: ')],
    ['it is something else', filled('ftp/1.1 200 OK\r\n\r\n')],
    ['it goes on with headers that began before', filled('X-Long: a\r\n\r\n')],
    ['it is small: several may wait', filled('HTTP/1.1 200 OK\r\n\r\n', 20 * KIB)],
  ])('is copied where %s', (_, answer) => {
    const { taken, isLent } = receive(answer);
    expect(isLent).toBe(false);
    expect(taken.equals(answer)).toBe(true);
  });
});

describe('what comes over a connection', () => {
  const anySent = fc.array(fc.integer({ min: 1, max: 400 * KIB }), { minLength: 1, maxLength: 8 });
  const anyHolds = fc.array(fc.oneof(fc.integer({ min: 10 * KIB, max: 200 * KIB }), fc.constant(Infinity)), {
    minLength: 1,
    maxLength: 4,
  });
  const newDirectory = temporaryDirectories();
  let certificates: Certificates;
  let sent: Buffer[] = [];
  let servers: readonly Server[];

  beforeAll(async () => {
    certificates = makeCertificates(newDirectory());
    const serve = (socket: Socket): void => {
      for (const part of sent) socket.write(part);
      socket.end();
    };
    servers = [createServer(serve), createTlsServer(certificates.server, serve)];
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterAll(() => {
    for (const server of servers) server.close();
  });

  const portOf = (which: 0 | 1): number => (servers[which]?.address() as AddressInfo).port;
  const overTcp = (onread: OnReadOpts): Socket => connect({ host: '127.0.0.1', port: portOf(0), onread });
  const overTls = (onread: OnReadOpts): Socket => {
    // The types do not know that it is handed on to the socket.
    const more: object = { onread };
    return connectTls({ host: '127.0.0.1', port: portOf(1), ca: certificates.ca, ...more });
  };

  it.each([
    ['in the clear', overTcp, 64 * KIB],
    // A record has no more than 16 KiB.
    ['encrypted', overTls, 8 * KIB],
  ])('is what was sent, %s, however its reader is held back', async (_, open, unlessLargerThan) => {
    let largest = 0;
    await fc.assert(
      fc.asyncProperty(anySent, anyHolds, async (lengths, holds) => {
        sent = lengths.map((length) => randomBytes(length));
        const reads = largeReads(inBody);
        const sockets = [1, 2, 3].map(() =>
          open({
            ...reads,
            callback(bytes, memory) {
              largest = Math.max(largest, bytes);
              return reads.callback.call(this, bytes, memory);
            },
          }),
        );
        const taken = await Promise.all(sockets.map((socket) => takeAll(socket, holds)));
        for (const bytes of taken) expect(bytes.equals(Buffer.concat(sent))).toBe(true);
      }),
      { numRuns: 30 },
    );
    expect(largest).toBeGreaterThan(unlessLargerThan);
  });
});
