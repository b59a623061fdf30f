import { describe, expect, it } from '@jest/globals';

import { DeadLetter } from '../../../../src/sdk/dead-letter/dead-letter.js';
import { DeadLetterArchive } from '../../../../src/sdk/dead-letter/dead-letter-archive.js';
import type { DeadLetterEntry, DeadLetterRecord } from '../../../../src/sdk/dead-letter/dead-letter-record.js';
import { type Replay, replayDeadLetter, type ReplayOptions } from '../../../../src/sdk/dead-letter/replay.js';
import { abortError, ModuleError } from '../../../../src/sdk/errors.js';
import type { RawEvent } from '../../../../src/sdk/pipeline/raw-event.js';
import { Stop } from '../../../../src/sdk/stop.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { dieAtChange, FailingStorage } from '../../../support/failing-storage.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { deadLetters } from '../../../support/pump-rig.js';
import {
  ACKNOWLEDGED,
  RecordingDestination,
  type RecordingDestinationOptions,
  type TextBatch,
  unsettled,
} from '../../../support/recording-destination.js';

/** Sends a short copy of what is too large. */
const reduce = ({ id }: RawEvent): Uint8Array => Buffer.from(`{"id":"${id ?? ''}","_trimmed":{}}`);

function entry(id: string, more: Partial<DeadLetterEntry> = {}): DeadLetterEntry {
  return { kind: 'refused', id, reason: 'first reason', event: Buffer.from(`{"id":"${id}"}`), ...more };
}

const LARGE = Buffer.from(`{"id":"large","pad":"${'x'.repeat(2000)}"}`);
const NONE: Replay = {
  ...{ delivered: 0, trimmed: 0, refused: 0, tooLarge: 0, stillRefused: 0, unsettled: 0, skipped: 0 },
  failure: undefined,
};

async function filled(entries: readonly DeadLetterEntry[], storage: Storage = createMemoryStorage()): Promise<Storage> {
  await new DeadLetter(storage, new ManualClock()).write(entries);
  return storage;
}

function replay(
  storage: Storage,
  destination: RecordingDestination,
  more: Partial<ReplayOptions<TextBatch>> = {},
): Promise<Replay> {
  const clock = new ManualClock();
  clock.jump(3_600_000);
  return replayDeadLetter({
    archive: new DeadLetterArchive(storage),
    destination,
    clock,
    stop: new Stop(),
    isMeant: () => true,
    oversized: false,
    onDelivered: async () => undefined,
    onProgress: () => undefined,
    ...more,
  });
}

function destinationOf(script: RecordingDestinationOptions['script'], batchEvents = 2): RecordingDestination {
  return new RecordingDestination({ batchEvents: () => batchEvents, maxEventBytes: 1000, ...(script && { script }) });
}

const ids = ['a', 'b', 'c', 'd', 'e'];
const texts = ids.map((id) => `{"id":"${id}"}`);

describe('a replay', () => {
  it('delivers every entry byte for byte, in batches, and leaves an empty dead letter', async () => {
    const storage = await filled(ids.map((id) => entry(id)));
    const destination = destinationOf(undefined);
    const told: DeadLetterRecord[][] = [];
    const progress: number[] = [];
    const result = await replay(storage, destination, {
      onDelivered: async (entries) => void told.push([...entries]),
      onProgress: ({ delivered }) => progress.push(delivered),
    });
    expect(result).toEqual({ ...NONE, delivered: 5 });
    expect(destination.acknowledged).toEqual(texts);
    expect(destination.batches.map(({ count }) => count)).toEqual([2, 2, 1]);
    expect(told.map((entries) => entries.map(({ id }) => id))).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(progress).toEqual([2, 4, 5]);
    expect(await storage.list('dead-letter')).toEqual([]);
  });

  it('sends nothing where nothing is meant', async () => {
    const storage = await filled(ids.map((id) => entry(id)));
    const destination = destinationOf(undefined);
    expect(await replay(storage, destination, { isMeant: () => false })).toEqual(NONE);
    expect(destination.batches).toEqual([]);
  });

  it('keeps what is refused again, with the new reason and time', async () => {
    const storage = await filled(ids.map((id) => entry(id, { batch: 'b-1' })));
    const destination = destinationOf(async (batch) => ({
      rejections: batch.texts.flatMap((text, index) => (text === texts[1] ? [{ index, reason: 'second reason' }] : [])),
      unsettled: [],
    }));
    expect(await replay(storage, destination)).toEqual({ ...NONE, delivered: 4, refused: 1 });
    expect(await deadLetters(storage)).toMatchObject([
      { id: 'b', reason: 'second reason', time: '2030-01-02T04:04:05Z', batch: 'b-1', event: texts[1] },
    ]);
  });

  it('sends a text once that was written twice, and removes both', async () => {
    const storage = await filled([entry('a'), entry('b')]);
    await storage.write('dead-letter/00000002.ndjson', (await storage.read('dead-letter/00000001.ndjson'))!);
    const destination = destinationOf(undefined);
    expect(await replay(storage, destination)).toEqual({ ...NONE, delivered: 2 });
    expect(await storage.list('dead-letter')).toEqual([]);
  });

  it('repeats at most the batch in flight when it is killed, wherever that happens', async () => {
    for (let change = 1; change <= 4; change += 1) {
      for (const failure of ['undone', 'done'] as const) {
        const inner = await filled(ids.map((id) => entry(id)));
        const first = destinationOf(undefined);
        await replay(new FailingStorage(inner, dieAtChange(change, failure)), first).catch(() => undefined);
        const second = destinationOf(undefined);
        await replay(inner, second);
        const acknowledged = [...first.acknowledged, ...second.acknowledged];
        expect(new Set(acknowledged)).toEqual(new Set(texts));
        expect(acknowledged.length).toBeLessThanOrEqual(texts.length + 2);
        expect(await inner.list('dead-letter')).toEqual([]);
      }
    }
  });

  it('keeps an entry until its delivery was told', async () => {
    const storage = await filled([entry('a')]);
    const onDelivered = async (): Promise<void> => Promise.reject(new ModuleError('STATE_UNAVAILABLE', 'full disk'));
    await expect(replay(storage, destinationOf(undefined), { onDelivered })).rejects.toThrow('full disk');
    expect(await deadLetters(storage)).toHaveLength(1);
  });
});

describe('a replay that fails', () => {
  const refuses = new ModuleError('DESTINATION_REFUSED', 'each of them');

  it('goes on with the next batch where every event of one was refused, and leaves these as they were', async () => {
    const storage = await filled(ids.map((id) => entry(id)));
    const destination = destinationOf(async (batch, _, n) => (n === 1 ? unsettled(batch, refuses) : ACKNOWLEDGED));
    expect(await replay(storage, destination)).toEqual({ ...NONE, delivered: 3, stillRefused: 2, failure: refuses });
    expect(await deadLetters(storage)).toMatchObject([
      { id: 'a', reason: 'first reason' },
      { id: 'b', reason: 'first reason' },
    ]);
  });

  it.each([
    new ModuleError('DESTINATION_REFUSED', 'status 401', { status: 401 }),
    new ModuleError('DESTINATION_UNAVAILABLE', 'status 503', { status: 503 }),
    new TypeError('a defect'),
  ])('ends at once at %s', async (failure) => {
    const storage = await filled(ids.map((id) => entry(id)));
    const destination = destinationOf(async (batch) => unsettled(batch, failure));
    expect(await replay(storage, destination)).toEqual({ ...NONE, unsettled: 2, failure });
    expect(destination.batches).toHaveLength(1);
    expect(await deadLetters(storage)).toHaveLength(5);
  });

  it('keeps what was acknowledged before a stop delivered', async () => {
    const storage = await filled(ids.map((id) => entry(id)));
    const stop = new Stop();
    const destination = destinationOf(async (batch, _, n) => {
      if (n === 1) return ACKNOWLEDGED;
      stop.request();
      return unsettled(batch, abortError());
    });
    const result = await replay(storage, destination, { stop });
    expect(result).toMatchObject({ delivered: 2, unsettled: 2, failure: { name: 'AbortError' } });
    expect((await deadLetters(storage)).map(({ id }) => id)).toEqual(['c', 'd', 'e']);
  });

  it('sends nothing after a stop', async () => {
    const stop = new Stop();
    stop.request();
    const destination = destinationOf(undefined);
    expect(await replay(await filled([entry('a')]), destination, { stop })).toEqual(NONE);
    expect(destination.batches).toEqual([]);
  });
});

describe('the replay of an oversized event', () => {
  const large = entry('large', { kind: 'oversized', event: LARGE });

  it('leaves one alone of which a trimmed copy was sent', async () => {
    const storage = await filled([{ ...large, delivered: 'trimmed' }, entry('a')]);
    const destination = destinationOf(undefined);
    expect(await replay(storage, destination)).toEqual({ ...NONE, delivered: 1, skipped: 1 });
    expect((await deadLetters(storage)).map(({ id }) => id)).toEqual(['large']);
  });

  it('sends the whole where it is told to, and the destination takes any size', async () => {
    const storage = await filled([{ ...large, delivered: 'trimmed' }]);
    const destination = new RecordingDestination();
    expect(await replay(storage, destination, { oversized: true })).toEqual({ ...NONE, delivered: 1 });
    expect(destination.acknowledged).toEqual([LARGE.toString()]);
    expect(await deadLetters(storage)).toEqual([]);
  });

  it('sends a trimmed copy where none was sent, keeps the whole, and marks it', async () => {
    const storage = await filled([large, entry('a')]);
    const destination = new RecordingDestination({ maxEventBytes: 1000, reduce });
    expect(await replay(storage, destination)).toEqual({ ...NONE, delivered: 1, trimmed: 1 });
    expect(destination.acknowledged).toEqual(['{"id":"large","_trimmed":{}}', '{"id":"a"}']);
    expect(await deadLetters(storage)).toMatchObject([{ id: 'large', delivered: 'trimmed', event: LARGE.toString() }]);
  });

  it('keeps it with the new reason where the trimmed copy is refused', async () => {
    const storage = await filled([large]);
    const destination = new RecordingDestination({
      maxEventBytes: 1000,
      reduce,
      script: async () => ({ rejections: [{ index: 0, reason: 'still no' }], unsettled: [] }),
    });
    expect(await replay(storage, destination)).toEqual({ ...NONE, refused: 1 });
    const [letter] = await deadLetters(storage);
    expect(letter).toMatchObject({ id: 'large', reason: 'still no', event: LARGE.toString() });
    expect(letter).not.toHaveProperty('delivered');
  });

  it('counts it as too large where no copy can be made', async () => {
    const storage = await filled([large]);
    expect(await replay(storage, destinationOf(undefined))).toEqual({ ...NONE, tooLarge: 1 });
    expect(await deadLetters(storage)).toHaveLength(1);
  });
});
