import { describe, expect, it } from '@jest/globals';

import { DeadLetter } from '../../../../src/sdk/dead-letter/dead-letter.js';
import { DeadLetterArchive } from '../../../../src/sdk/dead-letter/dead-letter-archive.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { FailingStorage } from '../../../support/failing-storage.js';
import { ManualClock } from '../../../support/manual-clock.js';

const FIRST = 'dead-letter/00000001.ndjson';
const SECOND = 'dead-letter/00000002.ndjson';

function line(event: string, more: object = {}): string {
  const facts = {
    time: '2030-01-02T03:04:05Z',
    reason: 'no',
    kind: 'refused',
    id: event,
    bytes: Buffer.byteLength(event),
  };
  return `${JSON.stringify({ ...facts, ...more, event })}\n`;
}

async function storageOf(files: Readonly<Record<string, string>>): Promise<Storage> {
  const storage = createMemoryStorage();
  for (const [name, content] of Object.entries(files)) await storage.write(name, Buffer.from(content));
  return storage;
}

async function textOf(storage: Storage, name: string): Promise<string | undefined> {
  const content = await storage.read(name);
  return content && Buffer.from(content).toString('utf8');
}

async function summary(storage: Storage): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of new DeadLetterArchive(storage).read()) {
    found.push(entry.kind === 'damaged' ? `damaged ${entry.file} ${entry.line}` : `${entry.number} ${entry.record.id}`);
  }
  return found;
}

describe('reading the dead letter', () => {
  it('gives back every entry as it was written, whatever its bytes', async () => {
    const storage = createMemoryStorage();
    const odd = Buffer.from([0x7b, 0xff, 0xfe, 0x0a, 0x7d]);
    const entries = [
      {
        kind: 'refused',
        id: 'a',
        reason: 'status 400',
        event: Buffer.from('{"event_type":"x","n":1e400}'),
        batch: 'b-1',
      },
      { kind: 'oversized', id: undefined, reason: 'large', event: odd, delivered: 'trimmed' },
    ] as const;
    await new DeadLetter(storage, new ManualClock()).write(entries);
    const read = [];
    for await (const entry of new DeadLetterArchive(storage).read())
      if (entry.kind === 'entry') read.push(entry.record);
    const time = '2030-01-02T03:04:05Z';
    expect(read).toEqual([
      { ...entries[0], time, eventType: 'x' },
      { ...entries[1], time, eventType: undefined },
    ]);
  });

  it('tells each damaged line and goes on behind it', async () => {
    const storage = await storageOf({
      [FIRST]: `${line('a')}{"time":"torn\n${line('b')}[]\nnull\n"x"\n{}\n${line('c', { bytes: 7 })}${line('d', { time: 1 })}`,
      [SECOND]: `${line('e')}{"time":`,
      'dead-letter/note.txt': 'whatever',
    });
    expect(await summary(storage)).toEqual([
      '1 a',
      `damaged ${FIRST} 2`,
      '2 b',
      ...[4, 5, 6, 7, 8, 9].map((number) => `damaged ${FIRST} ${number}`),
      '3 e',
      `damaged ${SECOND} 2`,
    ]);
  });

  it('shows a text once that a crash had written twice', async () => {
    const storage = await storageOf({ [FIRST]: line('a') + line('b'), [SECOND]: line('a') + line('c') });
    expect(await summary(storage)).toEqual(['1 a', '2 b', '3 c']);
  });

  it('reads what a version without kinds has written', async () => {
    const storage = await storageOf({ [FIRST]: '{"time":"t","reason":"r","bytes":2,"event":"{}"}\n' });
    for await (const entry of new DeadLetterArchive(storage).read()) {
      expect(entry).toMatchObject({ kind: 'entry', record: { kind: 'refused', id: undefined } });
    }
  });

  it('passes over a file that goes while it looks', async () => {
    const inner = await storageOf({ [FIRST]: line('a'), [SECOND]: line('b') });
    const storage = new FailingStorage(inner);
    storage.read = async (name) => (name === FIRST ? undefined : inner.read(name));
    expect(await summary(storage)).toEqual(['1 b']);
    await new DeadLetterArchive(storage).removeWhere(() => true);
    expect(await inner.list('dead-letter')).toEqual(['00000001.ndjson']);
  });
});

describe('clearing the dead letter', () => {
  it('removes what is unwanted, keeps damaged lines, and removes a file of which nothing is left', async () => {
    const storage = await storageOf({ [FIRST]: `${line('a')}{"torn\n${line('b')}`, [SECOND]: line('a') });
    expect(await new DeadLetterArchive(storage).removeWhere(({ id }) => id === 'a')).toBe(1);
    expect(await textOf(storage, FIRST)).toBe(`{"torn\n${line('b')}`);
    expect(await storage.list('dead-letter')).toEqual(['00000001.ndjson']);
  });

  it('writes no file in which nothing changes', async () => {
    const storage = new FailingStorage(await storageOf({ [FIRST]: line('a') }));
    await new DeadLetterArchive(storage).removeWhere(() => false);
    await new DeadLetterArchive(storage).removeRepeats();
    expect(storage.changes).toBe(0);
  });

  it('removes repeats and keeps the first of each text', async () => {
    const storage = await storageOf({ [FIRST]: line('a') + line('b') + line('b'), [SECOND]: line('a') });
    await new DeadLetterArchive(storage).removeRepeats();
    expect(await textOf(storage, FIRST)).toBe(line('a') + line('b'));
    expect(await storage.list('dead-letter')).toEqual(['00000001.ndjson']);
  });
});
