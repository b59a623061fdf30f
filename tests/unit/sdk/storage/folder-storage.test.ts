import { describe, expect, it } from '@jest/globals';

import { folderLocation, folderStorage } from '../../../../src/sdk/storage/folder-storage.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { describeStorage } from '../../../contract/storage.js';

describeStorage('a folder of a storage', () => folderStorage(createMemoryStorage(), 'organizations/one'));

describe('folderStorage', () => {
  it('sees nothing of other folders, and they nothing of it', async () => {
    const whole = createMemoryStorage();
    const [one, other] = [folderStorage(whole, 'organizations/1'), folderStorage(whole, 'organizations/11')];
    await one.write('context.json', Buffer.from('one'));
    await other.write('ledger/00000001.bin', Buffer.from('other'));
    expect(await other.read('context.json')).toBeUndefined();
    expect(await one.list('ledger')).toEqual([]);
    expect(await whole.list('organizations/1')).toEqual(['context.json']);
    expect(one.location).toBe('memory/organizations/1');
  });

  it.each(['..', 'organizations/../..', '/etc', 'a//b', '.hidden'])('refuses the folder %j', (folder) => {
    expect(() => folderStorage(createMemoryStorage(), folder)).toThrow(TypeError);
  });

  it('is opened and released with the whole of its data path', async () => {
    const storage = createMemoryStorage();
    let released = 0;
    const whole = {
      description: '/data',
      kind: 'directory' as const,
      secrets: [],
      open: () => Promise.resolve({ storage, release: () => Promise.resolve(void (released += 1)) }),
      openReadOnly: () => Promise.resolve(storage),
    };
    const location = folderLocation(whole, 'organizations/one');
    expect(location.description).toBe('/data/organizations/one');
    const opened = await location.open();
    await opened.storage.write('context.json', Buffer.from('x'));
    await opened.release();
    expect(released).toBe(1);
    expect(await (await location.openReadOnly()).list('')).toEqual(['context.json']);
    expect(await storage.list('organizations/one')).toEqual(['context.json']);
  });
});
