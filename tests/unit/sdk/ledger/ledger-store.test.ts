import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { LedgerStore } from '../../../../src/sdk/ledger/ledger-store.js';
import type { LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import { decodeSegment } from '../../../../src/sdk/ledger/segment.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { failChange, FailingStorage } from '../../../support/failing-storage.js';

/** Keys in a full segment, as the format of the data path has it. */
const SEGMENT_KEYS = 16_384;
const MINUTE_MS = 60_000;

let made = 0;
/** New keys of one minute. */
function keys(count: number, bucket = 1_000_000): LedgerEntry[] {
  return Array.from({ length: count }, () => {
    made += 1;
    return { bucket, place: made % 60_000, high: made, low: ~made, isDeadLettered: made % 5 === 0 };
  });
}

/** What the pump does before it makes keys durable. */
async function append(store: LedgerStore, added: readonly LedgerEntry[], backlogBeforeMs?: number): Promise<void> {
  for (const key of added) store.ledger.add(key);
  await store.append(added, backlogBeforeMs);
}

async function reopen(storage: Storage, named: readonly string[] = []): Promise<LedgerStore> {
  return LedgerStore.open(storage, named);
}

function missing(store: LedgerStore, expected: readonly LedgerEntry[]): number {
  return expected.filter((key) => !store.ledger.has(key)).length;
}

async function segmentSizes(storage: Storage): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const name of await storage.list('ledger')) {
    sizes[name] = decodeSegment((await storage.read(`ledger/${name}`))!, name).length;
  }
  return sizes;
}

describe('LedgerStore', () => {
  it('begins empty on an empty data path, and names and writes no segment for nothing', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    const store = await reopen(storage);
    await store.append([]);
    expect(store.names).toEqual([]);
    expect(store.ledger.size).toBe(0);
    expect(storage.changes).toBe(0);
  });

  it('gives back after reopening exactly what was appended, however it was cut into appends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(20), fc.constantFrom(0, 1, 9000, SEGMENT_KEYS - 1, SEGMENT_KEYS, 20_000)), {
          maxLength: 5,
        }),
        async (counts) => {
          const storage = createMemoryStorage();
          const store = await reopen(storage);
          const all: LedgerEntry[] = [];
          for (const count of counts) {
            const added = keys(count, 1_000_000 + (count % 3));
            await append(store, added);
            all.push(...added);
          }
          const again = await reopen(storage, store.names);
          expect(again.ledger.size).toBe(all.length);
          expect(missing(again, all)).toBe(0);
          expect(again.names).toEqual(store.names);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('lets the last segment grow until it is full, and rewrites no other', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    const store = await reopen(storage);
    await append(store, keys(10));
    await append(store, keys(5));
    expect(await segmentSizes(storage)).toEqual({ '00000001.bin': 15 });
    await append(store, keys(SEGMENT_KEYS - 14));
    expect(await segmentSizes(storage)).toEqual({ '00000001.bin': SEGMENT_KEYS, '00000002.bin': 1 });
    const before = storage.operations.length;
    await append(store, keys(1));
    expect(storage.operations.slice(before).map(({ name }) => name)).toEqual(['ledger/00000002.bin']);
    expect(store.names).toEqual(['00000001.bin', '00000002.bin']);
  });

  it('seals a segment that is exactly full, without writing an empty one behind it', async () => {
    const storage = createMemoryStorage();
    const store = await reopen(storage);
    await append(store, keys(SEGMENT_KEYS));
    expect(await segmentSizes(storage)).toEqual({ '00000001.bin': SEGMENT_KEYS });
    expect(store.names).toEqual(['00000001.bin']);
  });

  it.each(['undone', 'done'] as const)(
    'loses nothing and doubles nothing when any one write of an append fails (%s) and the append is tried again',
    async (failure) => {
      for (let failing = 1; failing <= 5; failing += 1) {
        const inner = createMemoryStorage();
        const storage = new FailingStorage(inner, failChange(failing, failure));
        const store = await reopen(storage);
        const all: LedgerEntry[] = [];
        let failures = 0;
        // One, then three, then one write.
        for (const count of [100, 2 * SEGMENT_KEYS, 3]) {
          const added = keys(count);
          all.push(...added);
          await append(store, added).catch(async (error: unknown) => {
            failures += 1;
            expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE' });
            await store.append(added);
          });
        }
        expect(failures).toBe(1);
        const again = await reopen(inner, store.names);
        expect(missing(again, all)).toBe(0);
        expect(again.ledger.size).toBe(all.length);
        expect(Object.values(await segmentSizes(inner)).reduce((sum, size) => sum + size)).toBe(all.length);
      }
    },
  );

  it('goes on from where a segment was that began in the memory of a full one, where a later one could not be written', async () => {
    const inner = createMemoryStorage();
    const storage = new FailingStorage(inner, failChange(4));
    const store = await reopen(storage);
    // Of several minutes, so that there is room for one that comes in two appends.
    const full = [keys(SEGMENT_KEYS - 2), keys(1, 5), keys(1, 6)].flat();
    const all = [full, keys(100), keys(2 * SEGMENT_KEYS)];
    for (const added of all.slice(0, 2)) await append(store, added);
    await expect(append(store, all[2]!)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    await store.append(all[2]!);
    const again = await reopen(inner, store.names);
    expect(missing(again, all.flat())).toBe(0);
    expect(again.ledger.size).toBe(all.flat().length);
    expect(store.names).toEqual(Object.keys(await segmentSizes(inner)));
  });

  it('names each segment once after a later one could not be written', async () => {
    const inner = createMemoryStorage();
    const store = await reopen(new FailingStorage(inner, failChange(3)));
    const [first, second] = [keys(10), keys(2 * SEGMENT_KEYS)];
    await append(store, first);
    await expect(append(store, second)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    expect(store.names).toEqual(['00000001.bin']);
    await store.append(second);
    expect(store.names).toEqual(['00000001.bin', '00000002.bin', '00000003.bin']);
  });

  it.each(['undone', 'done'] as const)(
    'keeps what is recent and what is of a backlog apart when a write of either fails (%s) and is tried again',
    async (failure) => {
      const oldBeforeMs = 100 * MINUTE_MS;
      for (let failing = 1; failing <= 6; failing += 1) {
        const inner = createMemoryStorage();
        const store = await reopen(new FailingStorage(inner, failChange(failing, failure)));
        const all: LedgerEntry[] = [];
        for (const bucket of [50, 200, 51, 201, 52, 202]) {
          const added = keys(3, bucket);
          all.push(...added);
          await append(store, added, oldBeforeMs).catch(() => store.append(added, oldBeforeMs));
        }
        expect(await segmentSizes(inner)).toEqual({ '00000001.bin': 9, '00000002.bin': 9 });
        expect(store.names).toEqual(['00000001.bin', '00000002.bin']);
        expect(missing(await reopen(inner, store.names), all)).toBe(0);
        expect(store.prune({ fromMs: oldBeforeMs, also: [] })).toEqual(['00000001.bin']);
      }
    },
  );

  it('leaves what it could not write alone: whoever gave up may still be sending it', async () => {
    const inner = createMemoryStorage();
    const given: { readonly content: Uint8Array; readonly copy: Uint8Array }[] = [];
    let fails = false;
    const storage: Storage = {
      ...inner,
      write: (name, content) => {
        if (!fails) return inner.write(name, content);
        given.push({ content, copy: content.slice() });
        return Promise.reject(new Error('the answer did not come'));
      },
    };
    const store = await reopen(storage);
    // So long a segment was there that its memory is large enough for the one that follows it.
    await append(store, keys(SEGMENT_KEYS));
    const all = keys(300);
    for (let n = 0; n < 30; n += 1) {
      fails = n % 3 === 0;
      const added = all.slice(n * 10, n * 10 + 10);
      await append(store, added).catch(async () => {
        fails = false;
        await store.append(added);
      });
    }
    expect(given.length).toBe(10);
    for (const { content, copy } of given) expect(Buffer.from(content).equals(copy)).toBe(true);
    expect(missing(await reopen(inner, store.names), all)).toBe(0);
  });

  it('takes more keys along when it is tried again after a failure', async () => {
    const inner = createMemoryStorage();
    const storage = new FailingStorage(inner, failChange(2));
    const store = await reopen(storage);
    const [first, second, third] = [keys(10), keys(SEGMENT_KEYS), keys(7)];
    await append(store, first);
    await expect(append(store, second)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    await append(store, [...second, ...third]);
    const again = await reopen(inner, store.names);
    expect(missing(again, [...first, ...second, ...third])).toBe(0);
  });

  it('uses a newer segment that the checkpoint does not name yet, and goes on in it', async () => {
    const storage = createMemoryStorage();
    const [early, late, later] = [keys(SEGMENT_KEYS), keys(4), keys(5)];
    await append(await reopen(storage), early);
    await append(await reopen(storage, ['00000001.bin']), late);
    const again = await reopen(storage, ['00000001.bin']);
    expect(missing(again, [...early, ...late])).toBe(0);
    await append(again, later);
    expect(await segmentSizes(storage)).toEqual({ '00000001.bin': SEGMENT_KEYS, '00000002.bin': 9 });
    expect(missing(await reopen(storage, again.names), [...early, ...late, ...later])).toBe(0);
  });

  it('goes on in the last segment after a restart, so that many starts do not leave many small ones', async () => {
    const storage = createMemoryStorage();
    for (let start = 0; start < 5; start += 1) await append(await reopen(storage), keys(1));
    expect(await segmentSizes(storage)).toEqual({ '00000001.bin': 5 });
  });

  it('begins a new segment after a restart where the last one is full, beyond a gap in the numbers too', async () => {
    const storage = createMemoryStorage();
    await append(await reopen(storage), keys(2 * SEGMENT_KEYS));
    await storage.remove('ledger/00000001.bin');
    await append(await reopen(storage), keys(1));
    expect(await storage.list('ledger')).toEqual(['00000002.bin', '00000003.bin']);
  });

  it('calls a segment that the checkpoint names and nobody finds corrupt, and says what to do', async () => {
    const storage = createMemoryStorage();
    await append(await reopen(storage), keys(1));
    await expect(reopen(storage, ['00000001.bin', '00000002.bin'])).rejects.toMatchObject({
      code: 'STATE_CORRUPT',
      message: expect.stringContaining('00000002.bin'),
      advice: expect.stringContaining('Restore'),
    });
  });

  it('refuses a damaged segment, named or not', async () => {
    const storage = createMemoryStorage();
    await storage.write('ledger/00000001.bin', new Uint8Array());
    await expect(reopen(storage)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    await expect(reopen(storage, ['00000001.bin'])).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  });

  it('leaves files alone that are no segments', async () => {
    const storage = createMemoryStorage();
    await storage.write('ledger/README.txt', Buffer.from('notes'));
    const store = await reopen(storage);
    await append(store, keys(1));
    expect(await storage.list('ledger')).toEqual(['00000001.bin', 'README.txt']);
  });

  it('gives up a sealed segment only when the newest minute in it is forgotten, and removes it only when told to', async () => {
    const storage = createMemoryStorage();
    const first = await reopen(storage);
    await append(first, [...keys(SEGMENT_KEYS - 1, 50), ...keys(1, 100)]);
    await append(await reopen(storage), keys(SEGMENT_KEYS, 200));
    const store = await reopen(storage, ['00000001.bin', '00000002.bin']);
    const tail = keys(1, 60);
    await append(store, tail);

    expect(store.prune({ fromMs: 101 * MINUTE_MS - 1, also: [] })).toEqual([]);
    expect(store.names).toEqual(['00000001.bin', '00000002.bin', '00000003.bin']);
    // The minute itself is forgotten in memory at once.
    expect(missing(store, tail)).toBe(1);

    const old = store.prune({ fromMs: 101 * MINUTE_MS, also: [] });
    expect(old).toEqual(['00000001.bin']);
    expect(store.names).toEqual(['00000002.bin', '00000003.bin']);
    expect(await storage.list('ledger')).toHaveLength(3);
    await store.remove(old);
    expect(await storage.list('ledger')).toEqual(['00000002.bin', '00000003.bin']);
    expect(store.prune({ fromMs: 101 * MINUTE_MS, also: [] })).toEqual([]);
  });

  it('keeps a segment until every minute is forgotten that any append has brought into it', async () => {
    for (const backlogBeforeMs of [0, 150 * MINUTE_MS]) {
      const store = await reopen(createMemoryStorage());
      await append(store, keys(1, 100), backlogBeforeMs);
      await append(store, keys(backlogBeforeMs === 0 ? SEGMENT_KEYS - 1 : 1, 50), backlogBeforeMs);
      expect(store.prune({ fromMs: 101 * MINUTE_MS - 1, also: [] })).toEqual([]);
      expect(store.prune({ fromMs: 101 * MINUTE_MS, also: [] })).toEqual(['00000001.bin']);
    }
  });

  it('keeps the segment of an undated event until the minute it was seen in is forgotten', async () => {
    const storage = createMemoryStorage();
    await append(await reopen(storage), keys(SEGMENT_KEYS, -100 - 1));
    const store = await reopen(storage);
    expect(store.prune({ fromMs: 101 * MINUTE_MS - 1, also: [] })).toEqual([]);
    expect(store.prune({ fromMs: 101 * MINUTE_MS, also: [] })).toEqual(['00000001.bin']);
  });

  it('knows after a restart what was delivered out of the dead letter, in whichever segments both stand', async () => {
    for (const between of [0, SEGMENT_KEYS]) {
      const storage = createMemoryStorage();
      const store = await reopen(storage);
      const [dead] = keys(1).map((key) => ({ ...key, isDeadLettered: true }));
      await append(store, [dead!]);
      await append(store, keys(between, 5));
      await append(store, [{ ...dead!, isDeadLettered: false }]);
      const { ledger } = await reopen(storage, store.names);
      const count = ledger.count(1_000_000 * MINUTE_MS, 1_000_001 * MINUTE_MS);
      expect(count).toEqual({ delivered: 1, deadLettered: 0 });
      expect(ledger.size).toBe(between + 1);
    }
  });
});
