import { describe, expect, it } from '@jest/globals';

import { DeadLetter, type DeadLetterEntry } from '../../../../src/sdk/dead-letter/dead-letter.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { failChange, FailingStorage } from '../../../support/failing-storage.js';
import { ManualClock } from '../../../support/manual-clock.js';

function entry(id: string, event = `{"id":"${id}","event_type":"login"}`): DeadLetterEntry {
  return { id, reason: 'status 400: no', event: Buffer.from(event) };
}

async function records(storage: Storage): Promise<Record<string, unknown>[]> {
  const files = await Promise.all(
    (await storage.list('dead-letter')).map(async (name) =>
      Buffer.from((await storage.read(`dead-letter/${name}`))!).toString(),
    ),
  );
  return files.flatMap((file) => {
    expect(file.endsWith('\n')).toBe(true);
    return file
      .slice(0, -1)
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  });
}

async function ids(storage: Storage): Promise<unknown[]> {
  return (await records(storage)).map(({ id }) => id);
}

describe('DeadLetter', () => {
  it('keeps the exact text of an event, when and why it was refused, and its size in bytes', async () => {
    const storage = createMemoryStorage();
    const event = '{ "id":"x", "event_type":"sso_auth", "text":"\\u00e9 é 🙂\\n", "n":1.00 }';
    await new DeadLetter(storage, new ManualClock()).write([
      { id: 'x', reason: 'status 413: too large', event: Buffer.from(event) },
    ]);
    expect(await records(storage)).toEqual([
      {
        time: '2030-01-02T03:04:05Z',
        reason: 'status 413: too large',
        id: 'x',
        event_type: 'sso_auth',
        bytes: Buffer.byteLength(event),
        event,
      },
    ]);
  });

  it.each(['no JSON', '', 'null', '7', '[]', '{"event_type":7}', '{"a":"\u2028\n"}'])(
    'keeps the event %j, although it has no type that can be read',
    async (event) => {
      const storage = createMemoryStorage();
      await new DeadLetter(storage, new ManualClock()).write([
        { id: undefined, reason: 'no', event: Buffer.from(event) },
      ]);
      const [record] = await records(storage);
      expect(record).toMatchObject({ event, reason: 'no' });
      expect(record).not.toHaveProperty('event_type');
      expect(record).not.toHaveProperty('id');
    },
  );

  it('writes no file for nothing', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    await new DeadLetter(storage, new ManualClock()).write([]);
    expect(storage.operations).toEqual([]);
  });

  it('writes a new file each time, and never over one of an earlier run', async () => {
    const storage = createMemoryStorage();
    const first = new DeadLetter(storage, new ManualClock());
    await first.write([entry('a'), entry('b')]);
    await first.write([entry('c')]);
    await new DeadLetter(storage, new ManualClock()).write([entry('d')]);
    expect(await storage.list('dead-letter')).toEqual(['00000001.ndjson', '00000002.ndjson', '00000003.ndjson']);
    expect(await ids(storage)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('goes on behind the highest number, whatever else lies in the folder', async () => {
    const storage = createMemoryStorage();
    await storage.write('dead-letter/00000041.ndjson', Buffer.from('{"id":"old"}\n'));
    await storage.write('dead-letter/00000007.ndjson', Buffer.from('{"id":"older"}\n'));
    await storage.write('dead-letter/99999999.txt', Buffer.from('{"id":"note"}\n'));
    await new DeadLetter(storage, new ManualClock()).write([entry('new')]);
    expect(await storage.list('dead-letter')).toContain('00000042.ndjson');
  });

  it.each(['undone', 'done'] as const)(
    'keeps everything once when a write fails (%s) and is made again',
    async (failure) => {
      const storage = new FailingStorage(createMemoryStorage(), failChange(2, failure));
      const deadLetter = new DeadLetter(storage, new ManualClock());
      await deadLetter.write([entry('a')]);
      await expect(deadLetter.write([entry('b'), entry('c')])).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
      await deadLetter.write([entry('b'), entry('c')]);
      await deadLetter.write([entry('d')]);
      expect(await ids(storage)).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  it('can be tried again when the folder could not be read', async () => {
    const storage = new FailingStorage(createMemoryStorage(), ({ ordinal }) => (ordinal === 1 ? 'undone' : undefined));
    const deadLetter = new DeadLetter(storage, new ManualClock());
    await expect(deadLetter.write([entry('a')])).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    await deadLetter.write([entry('a')]);
    expect(await ids(storage)).toEqual(['a']);
  });

  it('keeps everything when several batches are refused at the same time', async () => {
    const storage = createMemoryStorage();
    const deadLetter = new DeadLetter(storage, new ManualClock());
    await Promise.all(['a', 'b', 'c'].map((id) => deadLetter.write([entry(id)])));
    await Promise.all(['d', 'e'].map((id) => deadLetter.write([entry(id)])));
    expect(await ids(storage)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('keeps everything when one of several writes at the same time fails and is made again', async () => {
    const storage = new FailingStorage(createMemoryStorage(), failChange(1));
    const deadLetter = new DeadLetter(storage, new ManualClock());
    const again = async (id: string): Promise<void> => {
      await deadLetter.write([entry(id)]).catch(() => deadLetter.write([entry(id)]));
    };
    await Promise.all(['a', 'b', 'c'].map(again));
    expect((await ids(storage)).toSorted()).toEqual(['a', 'b', 'c']);
  });
});
