import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import type { QueueMessage } from '../../../../src/sdk/stored/sqs-queue.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { RecordingDestination, unsettled } from '../../../support/recording-destination.js';
import { exported, MemoryObjects, startStored } from '../../../support/stored-rig.js';

const down = (): ModuleError => new ModuleError('DESTINATION_UNAVAILABLE', 'It is down');
const idsOf = ({ acknowledged }: RecordingDestination): string[] =>
  acknowledged.map((text) => (JSON.parse(text) as { id: string }).id);

function latch() {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

describe('a run over stored objects', () => {
  it('delivers every event once, byte for byte, however often it runs', async () => {
    const objects = new MemoryObjects();
    objects.put('a', [exported('1'), exported('2')]);
    objects.put('b', [exported('2'), exported('3', 'no time'), ' {"odd" : 1e400}']);
    const { run, storage, destination } = startStored({ objects });
    await run;
    const again = startStored({ objects, storage, destination });
    await again.run;
    expect(destination.acknowledged).toEqual([
      ...[exported('1'), exported('2'), exported('3', 'no time'), '{"odd" : 1e400}'],
    ]);
    expect(objects.opened).toEqual(['a', 'b']);
  });

  it('reads an object again that was written anew, and delivers what is new in it', async () => {
    const objects = new MemoryObjects();
    objects.put('a', [exported('1')]);
    const { run, storage, destination } = startStored({ objects });
    await run;
    objects.put('a', [exported('1'), exported('2')]);
    objects.put('0 comes late', [exported('3')]);
    await startStored({ objects, storage, destination }).run;
    expect(idsOf(destination)).toEqual(['1', '3', '2']);
  });

  it('finds new objects at each listing until it is stopped', async () => {
    const objects = new MemoryObjects();
    const { run, clock, destination, stop } = startStored({ objects, once: false });
    await clock.advance(1_000);
    objects.put('a', [exported('1')]);
    await clock.advance(60_000);
    expect(idsOf(destination)).toEqual(['1']);
    stop.request();
    await run;
  });

  it('forgets objects that are gone, so that what is remembered does not grow', async () => {
    const objects = new MemoryObjects();
    const storage = createMemoryStorage();
    for (let round = 0; round < 3; round += 1) {
      objects.objects.clear();
      for (let n = 0; n < 700; n += 1) objects.put(`${round}-${n}`, []);
      await startStored({ objects, storage }).run;
    }
    const { run, log } = startStored({ objects, storage });
    await run;
    expect(log.lines[0]?.fields).toMatchObject({ finishedObjects: 700 });
  });

  it('goes on where a large object was left', async () => {
    const objects = new MemoryObjects();
    objects.put(
      'a',
      Array.from({ length: 600 }, (_, n) => exported(String(n))),
    );
    const script: RecordingDestination['options']['script'] = (batch, _, n) =>
      Promise.resolve(
        n === 40 ? unsettled(batch, new ModuleError('DESTINATION_REFUSED', 'No')) : { rejections: [], unsettled: [] },
      );
    const destination = new RecordingDestination({ script });
    const { run, storage } = startStored({ objects, destination });
    await expect(run).rejects.toMatchObject({ code: 'DESTINATION_REFUSED' });
    const document = JSON.parse(Buffer.from((await storage.read('objects.json')) ?? []).toString()) as {
      positions: { name: string; offset: number }[];
    };
    expect(document.positions).toMatchObject([{ name: 'a', offset: expect.anything() }]);
    expect(document.positions[0]?.offset).toBeGreaterThan(1000);
    const { told, run: again } = startStored({ objects, destination, storage });
    await again;
    expect(new Set(idsOf(destination)).size).toBe(600);
    expect(destination.acknowledged).toHaveLength(600);
    const shown = told.reduce((sum, event) => (event.kind === 'read' ? sum + event.events : sum), 0);
    expect(shown).toBeLessThan(600);
  });

  it('finishes an object of which an event is on its way in the batch of another, whenever that is written', async () => {
    const objects = new MemoryObjects();
    objects.put(
      'a',
      ['1', '2', '3'].map((id) => exported(id)),
    );
    objects.put('b', [exported('2')]);
    const [inner, taken, written] = [createMemoryStorage(), latch(), latch()];
    const storage: Storage = {
      ...inner,
      // The first commit takes its time: the second batch is settled, and waits for it.
      write: async (name, content) => {
        await written.promise;
        await inner.write(name, content);
      },
    };
    const script: RecordingDestination['options']['script'] = (_batch, _signals, n) => {
      if (n === 2) setImmediate(taken.open);
      return Promise.resolve({ rejections: [], unsettled: [] });
    };
    const destination = new RecordingDestination({ script, batchEvents: () => 1 });
    const late: typeof objects.store = {
      ...objects.store,
      async *list(signal) {
        for await (const page of objects.store.list(signal)) {
          yield page.map((object) => ({
            ...object,
            open: async (stop) => {
              if (object.name === 'b') {
                await taken.promise;
                setImmediate(() => setImmediate(written.open));
              }
              return object.open(stop);
            },
          }));
        }
      },
    };
    await startStored({ objects, storage, destination, parts: { store: late } }).run;
    await startStored({ objects, storage, destination }).run;
    expect(idsOf(destination)).toEqual(['1', '2', '3']);
    expect(objects.opened).toEqual(['a', 'b']);
  });

  it('is stopped in the middle of a listing', async () => {
    const objects = new MemoryObjects();
    let pages = 0;
    const store: typeof objects.store = {
      ...objects.store,
      // One that does not look at the signal.
      async *list() {
        for (; pages < 50; pages += 1) {
          if (pages === 3) started.stop.request();
          yield await Promise.resolve([]);
        }
      },
    };
    const started = startStored({ objects, once: false, parts: { store } });
    await started.run;
    expect(pages).toBe(3);
  });

  it('leaves an object that may not be read, delivers the others, and says so at its end', async () => {
    const objects = new MemoryObjects();
    for (const name of ['a', 'b', 'c']) objects.put(name, [exported(name)]);
    objects.failure = (name) => (name === 'b' ? new ModuleError('SOURCE_ROLE_REFUSED', 'b is not for us') : undefined);
    const { run, storage, destination, log } = startStored({ objects });
    await expect(run).rejects.toMatchObject({ code: 'SOURCE_ROLE_REFUSED' });
    expect(idsOf(destination)).toEqual(['a', 'c']);
    expect(log.at('warning')).toEqual([expect.stringContaining('b is not for us: left for the next listing')]);
    objects.failure = undefined;
    await startStored({ objects, storage, destination }).run;
    expect(idsOf(destination)).toEqual(['a', 'c', 'b']);
  });

  it('leaves an object that always makes the storage fail, delivers the others, and says so louder while it lasts', async () => {
    const objects = new MemoryObjects();
    for (const name of ['a', 'b', 'c']) objects.put(name, [exported(name)]);
    const failing = new Set(['b']);
    objects.failure = (name) =>
      failing.has(name) ? new ModuleError('SOURCE_UNAVAILABLE', `${name} fails`) : undefined;
    const [clock, received] = [new ManualClock(), [] as number[]];
    const messages: NonNullable<Parameters<typeof startStored>[0]['parts']>['messages'] = {
      ...{ bucket: 'mine', prefix: '', object: ({ name }) => objects.object(name) },
      queue: {
        receive: async (signal) => {
          received.push(clock.now());
          await clock.sleep(20_000, signal);
          return { messages: [], remove: () => Promise.resolve(), letGo: () => undefined };
        },
        examine: () => Promise.resolve(0),
        close: () => undefined,
      },
    };
    const startedAt = clock.now();
    const { run, destination, log, told, stop } = startStored({
      ...{ objects, clock, once: false },
      parts: { messages, listEveryMs: 21_600_000 },
    });
    for (let minutes = 0; minutes < 15; minutes += 1) await clock.advance(60_000);
    expect(idsOf(destination)).toEqual(['a', 'c']);
    expect(received.length).toBeGreaterThan(10);
    expect(log.at('warning')).toEqual([expect.stringContaining('b fails: left for the next listing')]);
    expect(log.at('error')).toEqual([]);
    for (let minutes = 0; minutes < 15; minutes += 1) await clock.advance(60_000);
    expect(log.at('error')).toEqual([expect.stringContaining('b fails: left for the next listing')]);
    // For whoever watches, everything since the beginning is still owed.
    const upTo = told.map((event) =>
      event.kind === 'caught-up' ? event.toMs : event.kind === 'committed' ? event.owedFromMs : startedAt,
    );
    expect(Math.max(...upTo)).toBe(startedAt);
    failing.clear();
    for (let minutes = 0; minutes < 11; minutes += 1) await clock.advance(60_000);
    expect(idsOf(destination)).toEqual(['a', 'c', 'b']);
    expect(told.findLast((event) => event.kind === 'caught-up')?.toMs).toBeGreaterThan(startedAt);
    stop.request();
    await run;
  });

  it('has caught up with nothing where the storage fails', async () => {
    const objects = new MemoryObjects();
    for (let n = 0; n < 12; n += 1) objects.put(`object-${n}`, [exported(String(n))]);
    objects.failure = () => new ModuleError('SOURCE_UNAVAILABLE', 'It fails');
    const { run, told, stop, clock } = startStored({ objects, once: false });
    await clock.advance(1);
    stop.request();
    await run;
    expect(told.map(({ kind }) => kind)).toContain('cycle-failed');
    expect(told.map(({ kind }) => kind)).not.toContain('caught-up');
  });

  it('keeps what the destination refuses, and what is too large, and goes on', async () => {
    const objects = new MemoryObjects();
    const large = exported('large', undefined, { text: 'x'.repeat(500) });
    objects.put('a', [exported('1'), exported('bad'), large]);
    const script: RecordingDestination['options']['script'] = ({ texts }) => {
      const bad = texts.findIndex((text) => text.includes('bad'));
      return Promise.resolve({ rejections: bad < 0 ? [] : [{ index: bad, reason: 'odd' }], unsettled: [] });
    };
    const destination = new RecordingDestination({ script, maxEventBytes: 200 });
    const { run, storage } = startStored({ objects, destination });
    await run;
    await startStored({ objects, storage, destination }).run;
    expect(idsOf(destination)).toEqual(['1']);
    const kept = Buffer.from((await storage.read('dead-letter/00000001.ndjson')) ?? []).toString();
    expect(
      kept
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id)
        .sort(),
    ).toEqual(['bad', 'large']);
  });

  it('begins again after a failure of the destination, and reports it once', async () => {
    const objects = new MemoryObjects();
    objects.put('a', [exported('1')]);
    const script: RecordingDestination['options']['script'] = (batch, _, n) =>
      Promise.resolve(n < 3 ? unsettled(batch, down()) : { rejections: [], unsettled: [] });
    const destination = new RecordingDestination({ script });
    const { run, log } = startStored({ objects, destination });
    await run;
    expect(idsOf(destination)).toEqual(['1']);
    expect(log.at('warning')).toHaveLength(1);
    expect(log.at('info').at(-1)).toBe('Collecting again');
  });

  it('of what can be read only once says that it has to be given again', async () => {
    const objects = new MemoryObjects();
    objects.isReadOnce = true;
    objects.put('-', [exported('1')]);
    const destination = new RecordingDestination({ script: (batch) => Promise.resolve(unsettled(batch, down())) });
    await expect(startStored({ objects, destination, once: false }).run).rejects.toMatchObject({
      code: 'DESTINATION_UNAVAILABLE',
    });
  });

  it('removes a message once its objects are delivered, and leaves the others in the queue', async () => {
    const objects = new MemoryObjects();
    const destination = new RecordingDestination();
    const message = (bucket: string, ...keys: string[]): string =>
      JSON.stringify({
        Records: keys.map((key) => ({
          eventName: 'ObjectCreated:Put',
          s3: { bucket: { name: bucket }, object: { key } },
        })),
      });
    const bodies = [
      message('mine', 'new'),
      message('mine', 'refused'),
      message('another', 'x'),
      'no JSON',
      message('mine', 'gone'),
      message('mine', 'new', 'refused'),
      message('mine', 'refused', 'gone'),
    ];
    const waiting: QueueMessage[] = bodies.map((body, n) => ({
      ...{ id: `message-${n}`, body, receipt: String(n) },
    }));
    const removed: string[] = [];
    const remove = (messages: readonly QueueMessage[]): Promise<void> => {
      // Never before the events are durable.
      expect(idsOf(destination)).toEqual(['1']);
      removed.push(...messages.map(({ receipt }) => receipt));
      return Promise.resolve();
    };
    const queue = {
      receive: () => {
        // Written after the listing: only the message tells.
        objects.put('new', [exported('1')]);
        objects.put('refused', [exported('2')]);
        return Promise.resolve({ messages: waiting.splice(0), remove, letGo: () => undefined });
      },
      examine: () => Promise.resolve(0),
      close: () => undefined,
    };
    objects.failure = (name) => (name === 'refused' ? new ModuleError('SOURCE_ROLE_REFUSED', 'No') : undefined);
    const messages = {
      queue,
      bucket: 'mine',
      prefix: '',
      object: ({ name }: { name: string }) => objects.object(name),
    };
    const { run, log, stop, clock } = startStored({ objects, destination, once: false, parts: { messages } });
    await clock.advance(1);
    stop.request();
    await run;
    expect(removed).toEqual(['0', '4']);
    expect(log.at('warning').filter((line) => line.includes('not understood'))).toEqual([
      expect.stringContaining('about the bucket "another"'),
      expect.stringContaining('not a JSON object'),
    ]);
  });

  it('loses nothing and repeats nothing, whatever fails, and across ends at any write', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(60), { maxLength: 40 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(30), { maxLength: 6 }),
        fc.array(fc.nat(12), { maxLength: 4 }),
        async (contents, failingBatches, failingWrites) => {
          const objects = new MemoryObjects();
          const inner = createMemoryStorage();
          let writes = 0;
          let limit: number | undefined;
          // A process that ends at a write: it and all after it do not happen.
          const storage: Storage = {
            ...inner,
            write: (name, content) => {
              writes += 1;
              if (limit !== undefined && writes > limit) return Promise.reject(new Error('the end of the process'));
              return inner.write(name, content);
            },
          };
          const script: RecordingDestination['options']['script'] = (batch, _, n) =>
            Promise.resolve(failingBatches.includes(n) ? unsettled(batch, down()) : { rejections: [], unsettled: [] });
          const destination = new RecordingDestination({ script, batchEvents: () => 7 });
          for (const [n, ids] of contents.entries()) {
            objects.put(
              `object-${n % 4}`,
              ids.map((id) => exported(String(id), `2030-01-${String((id % 20) + 1).padStart(2, '0')}T00:00:00Z`)),
            );
            [writes, limit] = [0, failingWrites[n]];
            if (limit !== undefined) {
              const before = destination.acknowledged.length;
              await startStored({ objects, storage, destination }).run.catch(() => undefined);
              limit = undefined;
              // What was under way when it ended may be repeated: no more than the batches of then.
              expect(destination.acknowledged.length - before).toBeLessThanOrEqual(ids.length + 200);
            }
            await startStored({ objects, storage, destination }).run;
            const delivered = idsOf(destination);
            for (const id of ids) expect(delivered).toContain(String(id));
          }
          const hadEnd = failingWrites.length > 0;
          const delivered = idsOf(destination);
          if (!hadEnd) expect(new Set(delivered).size).toBe(delivered.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
