import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  expectedOf,
  HOUR_MS,
  type HourRecord,
  HourStore,
  type Proof,
} from '../../../../src/sdk/reconciliation/hour-store.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { failChange, FailingStorage } from '../../../support/failing-storage.js';

const DAY = Date.UTC(2030, 0, 2);

function hour(n: number, more: Partial<HourRecord> = {}): HourRecord {
  const fromMs = DAY + n * HOUR_MS;
  return { fromMs, toMs: fromMs + HOUR_MS, delivered: n, deadLettered: 0, explained: 0, proof: 'proven', ...more };
}

/** At a border at or shortly after the full hour, over three days. */
const anyHour: fc.Arbitrary<HourRecord> = fc
  .record({
    n: fc.integer({ min: 0, max: 71 }),
    shiftMs: fc.nat(5000),
    delivered: fc.nat(),
    deadLettered: fc.nat(),
    explained: fc.integer(),
    proof: fc.constantFrom<Proof>('proven', 'unknown', 'short'),
  })
  .map(({ n, shiftMs, ...rest }) => ({ ...hour(n), fromMs: DAY + n * HOUR_MS + shiftMs, ...rest }));

describe('HourStore', () => {
  it('gives back the last record of each hour that was written, in whatever order and by whomever', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.array(anyHour, { maxLength: 6 }), fc.boolean()), { maxLength: 6 }),
        async (writes) => {
          const storage = createMemoryStorage();
          let store = new HourStore(storage);
          const model = new Map<number, HourRecord>();
          for (const [records, isOther] of writes) {
            if (isOther) store = new HourStore(storage);
            await store.write(records);
            for (const record of records) model.set(Math.floor(record.fromMs / HOUR_MS), record);
            const expected = [...model.values()].sort((a, b) => a.fromMs - b.fromMs);
            await expect(store.read(DAY, DAY + 72 * HOUR_MS)).resolves.toEqual(expected);
            await expect(new HourStore(storage).read(DAY, DAY + 72 * HOUR_MS)).resolves.toEqual(expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has a document a day, and reads only the days that it is asked for', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    await new HourStore(storage).write([hour(1), hour(30), hour(2), hour(49)]);
    expect(await storage.list('proofs')).toEqual(['2030-01-02.json', '2030-01-03.json', '2030-01-04.json']);
    const before = storage.operations.length;
    await expect(new HourStore(storage).read(DAY + 24 * HOUR_MS, DAY + 48 * HOUR_MS)).resolves.toEqual([hour(30)]);
    expect(storage.operations.slice(before).map(({ name }) => name)).toEqual(['proofs/2030-01-03.json']);
  });

  it('gives the hours that begin in a range, the end not included', async () => {
    const store = new HourStore(createMemoryStorage());
    await store.write([1, 2, 3].map((n) => hour(n)));
    await expect(store.read(hour(1).fromMs, hour(3).fromMs)).resolves.toEqual([hour(1), hour(2)]);
    await expect(store.read(hour(1).fromMs + 1, hour(3).fromMs + 1)).resolves.toEqual([hour(2), hour(3)]);
    await expect(store.read(DAY - 48 * HOUR_MS, DAY)).resolves.toEqual([]);
    await expect(store.read(DAY, DAY)).resolves.toEqual([]);
  });

  it('has what it could not write neither in memory nor on storage', async () => {
    const storage = new FailingStorage(createMemoryStorage(), failChange(2));
    const store = new HourStore(storage);
    await store.write([hour(1)]);
    await expect(store.write([hour(2)])).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    await expect(store.read(DAY, DAY + 24 * HOUR_MS)).resolves.toEqual([hour(1)]);
    await store.write([hour(2)]);
    await expect(new HourStore(storage).read(DAY, DAY + 24 * HOUR_MS)).resolves.toEqual([hour(1), hour(2)]);
  });

  it('never reads a damaged document as something else, or as empty', async () => {
    const storage = createMemoryStorage();
    await new HourStore(storage).write([hour(1, { explained: -2 }), hour(2, { proof: 'short', deadLettered: 3 })]);
    const content = Buffer.from((await storage.read('proofs/2030-01-02.json'))!);
    const original = await new HourStore(storage).read(DAY, DAY + 24 * HOUR_MS);
    for (let at = 0; at < content.length; at += 1) {
      for (const damaged of [content.subarray(0, at), flipped(content, at, 0x01), flipped(content, at, 0x10)]) {
        await storage.write('proofs/2030-01-02.json', damaged);
        const read = await new HourStore(storage).read(DAY, DAY + 24 * HOUR_MS).catch((error: unknown) => error);
        // Only the layout may change without being noticed.
        if (!Array.isArray(read)) expect(read).toMatchObject({ code: 'STATE_CORRUPT' });
        else expect(read).toEqual(original);
      }
    }
  });

  it.each([
    ['nothing', '', 'it is empty'],
    ['no JSON', 'x', 'it is not JSON'],
    ['no checksum', '{"version":1,"hours":[]}', 'checksum'],
  ])('says of a document that is %s where and why, and what that means', async (_, text, why) => {
    const storage = createMemoryStorage();
    await storage.write('proofs/2030-01-02.json', Buffer.from(text));
    const read = new HourStore(storage).read(DAY, DAY + 1);
    await expect(read).rejects.toMatchObject({
      code: 'STATE_CORRUPT',
      message: expect.stringMatching(`proofs/2030-01-02.json.*${why}`),
      advice: expect.stringContaining('No event is lost'),
    });
    await expect(new HourStore(storage).write([hour(3)])).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  });

  it('expects of an hour what was delivered, dead-lettered and explained', () => {
    expect(expectedOf(hour(0, { delivered: 10, deadLettered: 2, explained: -3 }))).toBe(9);
  });
});

function flipped(content: Buffer, at: number, bit: number): Buffer {
  const changed = Buffer.from(content);
  changed[at]! ^= bit;
  return changed;
}

describe('a range of centuries', () => {
  it('is read without a try for each of its days', async () => {
    const storage = createMemoryStorage();
    await new HourStore(storage).write([hour(1), hour(30)]);
    let reads = 0;
    const counting = { ...storage, read: (name: string) => ((reads += 1), storage.read(name)) };
    const hours = await new HourStore(counting).read(Date.UTC(1970), Date.UTC(2200));
    expect(hours).toEqual([hour(1), hour(30)]);
    expect(reads).toBe(2);
  });

  it('leaves out what lies outside of it, and whatever else is in the folder', async () => {
    const storage = createMemoryStorage();
    await new HourStore(storage).write([hour(1)]);
    await storage.write('proofs/notes.txt', Buffer.from('x'));
    await expect(new HourStore(storage).read(Date.UTC(1970), DAY)).resolves.toEqual([]);
  });
});
