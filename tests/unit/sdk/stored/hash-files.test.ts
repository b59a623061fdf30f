import { describe, expect, it } from '@jest/globals';

import type { LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { FILE_ENTRIES, HashFiles } from '../../../../src/sdk/stored/hash-files.js';
import { dieAtChange, FailingStorage } from '../../../support/failing-storage.js';

const entry = (n: number, bucket = 7): LedgerEntry => ({ bucket, place: 0, high: n, low: n, isDeadLettered: false });
const entries = (from: number, to: number): LedgerEntry[] =>
  Array.from({ length: to - from }, (_, index) => entry(from + index, from + index < FILE_ENTRIES ? 7 : 8));

async function numbersIn(files: HashFiles, ...buckets: number[]): Promise<number[]> {
  const found: number[] = [];
  for (const bucket of buckets) for await (const { low } of files.entriesOf(bucket)) found.push(low);
  return found.sort((a, b) => a - b);
}

function latch() {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

describe('hashes in files', () => {
  it('lose nothing that was durable, wherever a process ends', async () => {
    const durable = FILE_ENTRIES - 10;
    const added = entries(durable, 2 * FILE_ENTRIES + 5);
    for (let change = 1; change <= 5; change += 1) {
      for (const failure of ['undone', 'done'] as const) {
        const storage = new FailingStorage(createMemoryStorage());
        const files = await HashFiles.open(storage, 'ids', { from: 1, count: 0 });
        await files.append(entries(0, durable));
        // What the checkpoint says: written after the hashes, and not at all where the process ends before.
        let { mark } = files;
        storage.plan = dieAtChange(storage.changes + change, failure);
        try {
          await files.append(added);
          mark = files.mark;
          await files.removeLeft();
        } catch {
          // The end of the process.
        }
        const again = await HashFiles.open(storage.inner, 'ids', mark);
        const read = await numbersIn(again, 7, 8);
        const found = new Set(read);
        expect(read).toHaveLength(found.size);
        for (let n = 0; n < durable; n += 1)
          if (!found.has(n)) throw new Error(`${n} is lost at ${change}, ${failure}`);
        await again.append([entry(-1)]);
        await again.removeLeft();
        expect(await numbersIn(await HashFiles.open(storage.inner, 'ids', again.mark), 7)).toContain(-1);
      }
    }
  });

  it('may be written again after a failure, without a gap', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    const files = await HashFiles.open(storage, 'ids', { from: 1, count: 0 });
    const all = entries(0, 2 * FILE_ENTRIES + 5);
    storage.plan = ({ change }) => (change === 2 ? 'done' : undefined);
    await expect(files.append(all)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    await files.append(all);
    await files.removeLeft();
    const again = await HashFiles.open(storage, 'ids', files.mark);
    expect(again.mark).toEqual({ from: 1, count: 2 });
    expect(await numbersIn(again, 7, 8)).toEqual(all.map(({ low }) => low));
  });

  it('may be read while the oldest are forgotten', async () => {
    const inner = createMemoryStorage();
    const began = latch();
    const forgotten = latch();
    const storage: typeof inner = {
      ...inner,
      async read(name) {
        began.open();
        await forgotten.promise;
        return inner.read(name);
      },
    };
    const files = await HashFiles.open(storage, 'ids', { from: 1, count: 0 });
    await files.append(Array.from({ length: 2 * FILE_ENTRIES }, (_, n) => entry(n)));
    const found = numbersIn(files, 7);
    await began.promise;
    expect(files.forgetBeyond(FILE_ENTRIES)).toBe(true);
    await files.removeLeft();
    forgotten.open();
    expect((await found)[0]).toBe(FILE_ENTRIES);
    for (const name of await inner.list('ids')) await inner.remove(`ids/${name}`);
    await expect(numbersIn(files, 7)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  });
});
