import { beforeEach, describe, expect, it } from '@jest/globals';

import type { Storage } from '../../src/sdk/storage/storage.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined): string | undefined =>
  content === undefined ? undefined : new TextDecoder().decode(content);

/** What every Storage does. `create` gives a new, empty one each time. */
export function describeStorage(kind: string, create: () => Storage | Promise<Storage>): void {
  describe(`${kind} as a storage`, () => {
    let storage: Storage;

    beforeEach(async () => {
      storage = await create();
    });

    it('has no document before one is written', async () => {
      expect(await storage.read('context.json')).toBeUndefined();
    });

    it('gives back what was written, byte for byte', async () => {
      const content = Uint8Array.from({ length: 256 }, (_, index) => index);
      await storage.write('bytes.bin', content);
      expect([...(await storage.read('bytes.bin'))!]).toEqual([...content]);
    });

    it('keeps an empty document apart from a missing one', async () => {
      await storage.write('empty.json', new Uint8Array());
      expect((await storage.read('empty.json'))?.byteLength).toBe(0);
    });

    it('replaces a document as a whole', async () => {
      await storage.write('context.json', bytes('a much longer text'));
      await storage.write('context.json', bytes('short'));
      expect(text(await storage.read('context.json'))).toBe('short');
    });

    it('lets the last of several writes started together win', async () => {
      await Promise.all(['one', 'two', 'three'].map((content) => storage.write('context.json', bytes(content))));
      expect(text(await storage.read('context.json'))).toBe('three');
      expect(await storage.list('')).toEqual(['context.json']);
    });

    it('is not changed by what happens to the written or the read array afterwards', async () => {
      const content = bytes('kept');
      await storage.write('context.json', content);
      content.fill(0);
      (await storage.read('context.json'))!.fill(0);
      expect(text(await storage.read('context.json'))).toBe('kept');
    });

    it('removes a document', async () => {
      await storage.write('context.json', bytes('{}'));
      await storage.remove('context.json');
      expect(await storage.read('context.json')).toBeUndefined();
    });

    it('removes what is not there without complaint', async () => {
      await expect(storage.remove('nowhere/nothing.json')).resolves.toBeUndefined();
    });

    it('lists the names directly inside a folder, sorted', async () => {
      for (const name of ['b.json', 'a.json', 'ledger/2.json', 'ledger/1.json', 'ledger/old/0.json', 'ledgers.json']) {
        await storage.write(name, bytes('{}'));
      }
      expect(await storage.list('')).toEqual(['a.json', 'b.json', 'ledgers.json']);
      expect(await storage.list('ledger')).toEqual(['1.json', '2.json']);
    });

    it('lists more than a thousand names', async () => {
      const names = Array.from({ length: 1010 }, (_, index) => `${String(index + 1).padStart(8, '0')}.bin`);
      for (let first = 0; first < names.length; first += 25) {
        await Promise.all(names.slice(first, first + 25).map((name) => storage.write(`ledger/${name}`, bytes(name))));
      }
      expect(await storage.list('ledger')).toEqual(names);
    }, 120_000);

    it('keeps documents apart whose names differ by dots and digits', async () => {
      const names = ['00000001.bin', '00000001.bin.1', '00000010.bin', '1.2.3', 'a-b_c.d e+f%2Fg&h'];
      for (const name of names) await storage.write(`ledger/${name}`, bytes(name));
      for (const name of names) expect(text(await storage.read(`ledger/${name}`))).toBe(name);
      expect(await storage.list('ledger')).toEqual(names);
    });

    it('keeps a large document', async () => {
      const content = new Uint8Array(8 * 1024 * 1024).map((_, index) => (index * 31 + (index >> 12)) % 256);
      await storage.write('large.bin', content);
      expect(Buffer.compare((await storage.read('large.bin'))!, content)).toBe(0);
    });

    it('lets a document be written, removed and written again', async () => {
      await storage.write('context.json', bytes('one'));
      await storage.remove('context.json');
      await storage.write('context.json', bytes('two'));
      expect(text(await storage.read('context.json'))).toBe('two');
    });

    it('lists nothing for a folder that does not exist', async () => {
      expect(await storage.list('nowhere')).toEqual([]);
    });

    it.each(['', '/etc/passwd', '../outside', 'a/../b', '.hidden', 'a//b', 'a/', 'a\\b', 'a\0b'])(
      'refuses the name %j, which could lead outside or collide with its own files',
      async (name) => {
        await expect(storage.read(name)).rejects.toThrow(TypeError);
        await expect(storage.write(name, bytes(''))).rejects.toThrow(TypeError);
        await expect(storage.remove(name)).rejects.toThrow(TypeError);
      },
    );

    it('says where it is', () => {
      expect(storage.location).not.toBe('');
    });
  });
}
