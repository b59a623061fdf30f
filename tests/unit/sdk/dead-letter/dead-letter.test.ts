import { describe, expect, it } from '@jest/globals';

import {
  DeadLetter,
  type DeadLetterEntry,
  type DeadLetterOptions,
} from '../../../../src/sdk/dead-letter/dead-letter.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { failChange, FailingStorage } from '../../../support/failing-storage.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { deadLetters } from '../../../support/pump-rig.js';

const MEGABYTE = 1_000_000;

function entry(id: string, event = `{"id":"${id}","event_type":"login"}`): DeadLetterEntry {
  return { kind: 'refused', id, reason: 'status 400: no', event: Buffer.from(event) };
}

/** An event that takes about so many bytes on storage. */
function large(id: string, bytes: number): DeadLetterEntry {
  return entry(id, `{"id":"${id}","pad":"${'x'.repeat(bytes - 200)}"}`);
}

async function idsOf(storage: Storage): Promise<unknown[]> {
  return (await deadLetters(storage)).map(({ id }) => id);
}

function open(storage: Storage, options: DeadLetterOptions = {}): DeadLetter {
  return new DeadLetter(storage, new ManualClock(), options);
}

describe('DeadLetter', () => {
  it('keeps the exact text of an event, when and why it was refused, and its size in bytes', async () => {
    const storage = createMemoryStorage();
    const event = '{ "id":"x", "event_type":"sso_auth", "text":"\\u00e9 é 🙂\\n", "n":1.00 }';
    await open(storage).write([
      { kind: 'refused', id: 'x', reason: 'status 413: too large', event: Buffer.from(event), batch: 'b-1' },
    ]);
    expect(await deadLetters(storage)).toEqual([
      {
        time: '2030-01-02T03:04:05Z',
        reason: 'status 413: too large',
        kind: 'refused',
        id: 'x',
        event_type: 'sso_auth',
        bytes: Buffer.byteLength(event),
        batch: 'b-1',
        event,
      },
    ]);
  });

  it.each(['no JSON', '', 'null', '7', '[]', '{"event_type":7}', '{"a":"\u2028\n"}'])(
    'keeps the event %j, although it has no type that can be read',
    async (event) => {
      const storage = createMemoryStorage();
      await open(storage).write([{ kind: 'refused', id: undefined, reason: 'no', event: Buffer.from(event) }]);
      const [record] = await deadLetters(storage);
      expect(record).toMatchObject({ event, reason: 'no' });
      expect(record).not.toHaveProperty('event_type');
      expect(record).not.toHaveProperty('id');
    },
  );

  it('writes no file for nothing', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    await open(storage).write([]);
    expect(storage.operations).toEqual([]);
  });

  it('writes on in the newest file, of an earlier run too', async () => {
    const storage = createMemoryStorage();
    const first = open(storage);
    await first.write([entry('a'), entry('b')]);
    await first.write([entry('c')]);
    await open(storage).write([entry('d')]);
    expect(await storage.list('dead-letter')).toEqual(['00000001.ndjson']);
    expect(await idsOf(storage)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('begins a new file where the newest has grown to a megabyte, and splits one write where it must', async () => {
    const storage = createMemoryStorage();
    const deadLetter = open(storage);
    await deadLetter.write(['a', 'b', 'c', 'd', 'e'].map((id) => large(id, 0.4 * MEGABYTE)));
    await deadLetter.write([large('f', 3 * MEGABYTE)]);
    await deadLetter.write([entry('g')]);
    expect(await storage.list('dead-letter')).toEqual([1, 2, 3, 4, 5].map((number) => `0000000${number}.ndjson`));
    expect(await idsOf(storage)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it.each([
    ['a torn line', '{"time":"t","reason":"r","bytes":2,"event":"{}"}\n{"time":"t","rea'],
    ['no line break at its end', '{"time":"t","reason":"r","bytes":2,"event":"{}"}'],
    ['an event that is not as long as it says', '{"time":"t","reason":"r","bytes":7,"event":"{}"}\n'],
  ])('never writes on in a file with %s', async (_, content) => {
    const storage = createMemoryStorage();
    await storage.write('dead-letter/00000003.ndjson', Buffer.from(content));
    await open(storage).write([entry('new')]);
    expect(Buffer.from((await storage.read('dead-letter/00000003.ndjson'))!).toString()).toBe(content);
    expect(await storage.list('dead-letter')).toEqual(['00000003.ndjson', '00000004.ndjson']);
  });

  it('keeps an exact text once, in a write, a run, and after a crash, and says what was new', async () => {
    const storage = createMemoryStorage();
    const deadLetter = open(storage);
    const kept = await deadLetter.write([entry('a'), entry('b'), entry('a')]);
    expect(kept.map(({ id }) => id)).toEqual(['a', 'b']);
    await deadLetter.write(['c', 'd', 'e'].map((id) => large(id, 0.9 * MEGABYTE)));
    const again = open(storage);
    expect(await again.write([entry('a'), large('d', 0.9 * MEGABYTE)])).toEqual([]);
    expect(await again.write([entry('a', '{"id":"a"} ')])).toHaveLength(1);
    expect(await idsOf(storage)).toEqual(['a', 'b', 'c', 'd', 'e', 'a']);
  });

  it('names each batch differently, over restarts too', () => {
    const [storage, clock] = [createMemoryStorage(), new ManualClock()];
    const first = new DeadLetter(storage, clock);
    clock.jump(1);
    const second = new DeadLetter(storage, clock);
    const names = [first.nameBatch(), first.nameBatch(), second.nameBatch(), second.nameBatch()];
    expect(names[0]).toBe('2030-01-02T03:04:05Z-1');
    expect(new Set(names).size).toBe(4);
  });

  it('goes on behind the highest number, whatever else lies in the folder', async () => {
    const storage = createMemoryStorage();
    await storage.write('dead-letter/00000041.ndjson', Buffer.from('{"id":"old"}\n'));
    await storage.write('dead-letter/00000007.ndjson', Buffer.from('{"id":"older"}\n'));
    await storage.write('dead-letter/99999999.txt', Buffer.from('{"id":"note"}\n'));
    await open(storage).write([entry('new')]);
    expect(await storage.list('dead-letter')).toContain('00000042.ndjson');
  });

  it.each(['undone', 'done'] as const)(
    'keeps everything once when a write fails (%s) and is made again',
    async (failure) => {
      const storage = new FailingStorage(createMemoryStorage(), failChange(2, failure));
      const deadLetter = open(storage);
      await deadLetter.write([entry('a')]);
      await expect(deadLetter.write([entry('b'), entry('c')])).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
      await deadLetter.write([entry('b'), entry('c')]);
      await deadLetter.write([entry('d')]);
      expect(await idsOf(storage)).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  it('can be tried again when the folder could not be read', async () => {
    const storage = new FailingStorage(createMemoryStorage(), ({ ordinal }) => (ordinal === 1 ? 'undone' : undefined));
    const deadLetter = open(storage);
    await expect(deadLetter.write([entry('a')])).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    await deadLetter.write([entry('a')]);
    expect(await idsOf(storage)).toEqual(['a']);
  });

  it('keeps everything when several batches are refused at the same time', async () => {
    const storage = createMemoryStorage();
    const deadLetter = open(storage);
    await Promise.all(['a', 'b', 'c'].map((id) => deadLetter.write([entry(id)])));
    await Promise.all(['d', 'e'].map((id) => deadLetter.write([entry(id)])));
    expect(await idsOf(storage)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('keeps everything when one of several writes at the same time fails and is made again', async () => {
    const storage = new FailingStorage(createMemoryStorage(), failChange(1));
    const deadLetter = open(storage);
    const again = async (id: string): Promise<void> => {
      await deadLetter.write([entry(id)]).catch(() => deadLetter.write([entry(id)]));
    };
    await Promise.all(['a', 'b', 'c'].map(again));
    expect((await idsOf(storage)).toSorted()).toEqual(['a', 'b', 'c']);
  });
});

describe('a dead letter with a limit', () => {
  const limitBytes = 2 * MEGABYTE;

  it('refuses what would exceed it as a whole, keeps all that is there, and says what to do', async () => {
    const storage = createMemoryStorage();
    const deadLetter = open(storage, { limitBytes });
    await deadLetter.write(['a', 'b', 'c'].map((id) => large(id, 0.6 * MEGABYTE)));
    await expect(deadLetter.write([entry('small'), large('d', 0.6 * MEGABYTE)])).rejects.toMatchObject({
      code: 'DEAD_LETTER_FULL',
      retryable: false,
      message: expect.stringMatching(/^The dead letter is full: 1\.8 of 2\.0 MB are taken, 0\.6 MB more are needed$/),
      advice: expect.stringContaining('dead_letter_limit'),
    });
    expect(await idsOf(storage)).toEqual(['a', 'b', 'c']);
    await deadLetter.write([entry('small')]);
  });

  it('counts what earlier runs have left', async () => {
    const storage = createMemoryStorage();
    await open(storage).write(['a', 'b', 'c'].map((id) => large(id, 0.6 * MEGABYTE)));
    await expect(open(storage, { limitBytes }).write([large('d', 0.6 * MEGABYTE)])).rejects.toMatchObject({
      code: 'DEAD_LETTER_FULL',
    });
  });

  it('has room again once files were removed, by whomever', async () => {
    const storage = createMemoryStorage();
    const deadLetter = open(storage, { limitBytes });
    await deadLetter.ensureRoom();
    await deadLetter.write(['a', 'b', 'c'].map((id) => large(id, 0.6 * MEGABYTE)));
    await deadLetter.ensureRoom();
    await deadLetter.write([large('d', 0.6 * MEGABYTE)]).catch(() => undefined);
    await deadLetter.write([entry('small')]);
    await expect(deadLetter.ensureRoom()).rejects.toMatchObject({ code: 'DEAD_LETTER_FULL' });
    for (const name of await storage.list('dead-letter')) await storage.remove(`dead-letter/${name}`);
    await deadLetter.ensureRoom();
    await deadLetter.write([large('d', 0.6 * MEGABYTE)]);
    expect(await idsOf(storage)).toEqual(['d']);
    expect(await storage.list('dead-letter')).toEqual(['00000004.ndjson']);
  });

  it('asks the storage for nothing before each cycle while there is room', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    const deadLetter = open(storage, { limitBytes });
    await deadLetter.write([entry('a')]);
    const asked = storage.operations.length;
    await deadLetter.ensureRoom();
    expect(storage.operations).toHaveLength(asked);
  });

  it('warns once when four fifths are passed, and again only after it was less', async () => {
    const told: PipelineEvent[] = [];
    const storage = createMemoryStorage();
    const deadLetter = open(storage, { limitBytes, listener: (event) => told.push(event) });
    await deadLetter.write(['a', 'b'].map((id) => large(id, 0.7 * MEGABYTE)));
    expect(told).toEqual([]);
    await deadLetter.write([large('c', 0.3 * MEGABYTE)]);
    await deadLetter.write([entry('d')]);
    expect(told).toEqual([{ kind: 'dead-letter-filling', bytes: expect.any(Number), limitBytes }]);
    await storage.remove('dead-letter/00000001.ndjson');
    await deadLetter.write([entry('e')]);
    await deadLetter.write([large('f', 0.7 * MEGABYTE)]);
    expect(told).toHaveLength(2);
  });
});

describe('the oldest of very many files', () => {
  it('are counted, but their texts are not remembered', async () => {
    const storage = createMemoryStorage();
    const line = `{"time":"t","reason":"r","bytes":2,"event":"{}"}\n`;
    for (let n = 1; n <= 70; n += 1) {
      await storage.write(
        `dead-letter/${String(n).padStart(8, '0')}.ndjson`,
        Buffer.from(n === 1 ? line : line.replace('{}', '[]')),
      );
    }
    const limited = open(storage, { limitBytes: 70 * line.length + 10 });
    await expect(limited.write([entry('new')])).rejects.toMatchObject({ code: 'DEAD_LETTER_FULL' });
    const deadLetter = open(storage);
    expect(await deadLetter.write([entry('known', '[]')])).toEqual([]);
    expect(await deadLetter.write([entry('forgotten', '{}')])).toHaveLength(1);
  });

  it('are forgotten as new ones come', async () => {
    const storage = createMemoryStorage();
    for (let n = 1; n <= 64; n += 1) {
      const text = n === 1 ? '{}' : '[]';
      const line = `{"time":"t","reason":"r","bytes":2,"event":"${text}"}\n`;
      await storage.write(`dead-letter/${String(n).padStart(8, '0')}.ndjson`, Buffer.from(line));
    }
    const deadLetter = open(storage);
    expect(await deadLetter.write([entry('known', '{}')])).toEqual([]);
    await deadLetter.write([large('new', 1.1 * MEGABYTE)]);
    expect(await deadLetter.write([entry('forgotten', '{}')])).toHaveLength(1);
  });
});
