import { describe, expect, it } from '@jest/globals';

import { streamFilter } from '../../../../src/jumpcloud/stream-filter.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/sdk/checkpoint/checkpoint-document.js';
import { CHECKPOINT_DOCUMENT, DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { leaveRoot, takeRoot } from '../../../../src/sdk/streams/streams-document.js';
import type { RecordingDestination } from '../../../support/recording-destination.js';
import { exported, MemoryObjects, startStored } from '../../../support/stored-rig.js';

const at = (day: number): string => `2030-01-${String(day).padStart(2, '0')}T00:00:00Z`;
const ms = (day: number): number => Date.parse(at(day));
const days = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => exported(String(from + n), at(from + n)));
const idsOf = ({ acknowledged }: RecordingDestination): number[] =>
  acknowledged.map((text) => Number((JSON.parse(text) as { id: string }).id)).sort((a, b) => a - b);

/** The state of an API connector that collects from a day on. */
function apiState(storage: Storage, day: number, stream = 'services all'): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: ms(day), keepMs: 86_400_000, stream });
}
const nothing = { entries: [], settled: undefined };
const beside = (storage: Storage) => ({ other: { storage, filterOf: streamFilter } });

describe('a stream beside the stored one', () => {
  it('is left what it collects; the rest is delivered', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', [...days(1, 20), exported('99', 'no time')]);
    await (await apiState(api, 15)).commit(nothing);
    const { run, destination } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 99]);
  });

  it('is waited for where nothing is known of it', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 3));
    const { run, destination, log, clock, stop } = startStored({ objects, parts: beside(api), once: false });
    await clock.advance(1);
    expect(destination.batches).toHaveLength(0);
    expect(log.at('warning')).toEqual([expect.stringContaining('There is no state of the other connector')]);
    await (await apiState(api, 2)).commit(nothing);
    await clock.advance(10_000);
    expect(idsOf(destination)).toEqual([1]);
    stop.request();
    await run;
  });

  it('gives up a range: objects of which events were left to it are read again', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 20));
    const state = await apiState(api, 5);
    await state.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(5), toMs: ms(10) } });
    const { run, destination, storage } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4]);
    // What it had delivered before is still its own.
    state.giveUpBefore(ms(15));
    await state.commit(nothing);
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4, 10, 11, 12, 13, 14]);
  });

  it('begins anew, later: nothing is left to it that it may not have delivered', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 10));
    await (await apiState(api, 5)).commit(nothing);
    const { run, destination, storage } = startStored({ objects, parts: beside(api) });
    await run;
    const anew = createMemoryStorage();
    await (await apiState(anew, 8)).commit(nothing);
    await startStored({ objects, destination, storage, parts: beside(anew) }).run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('takes over earlier times as soon as it says so', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(8, 9));
    const state = await apiState(api, 9);
    await state.commit(nothing);
    const { run, destination, storage } = startStored({ objects, parts: beside(api) });
    await run;
    state.backfill({ fromMs: ms(3), toMs: ms(9) });
    await state.commit(nothing);
    objects.put('b', days(1, 8));
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    expect(idsOf(destination)).toEqual([1, 2, 8]);
  });

  it('is not left what it does not collect, and not guessed at', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', [exported('1', at(9)), exported('2', at(9), { service: 'radius' })]);
    await (await apiState(api, 5, 'services ldap, radius')).commit(nothing);
    const { run, destination } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1]);
    const odd = createMemoryStorage();
    await (await apiState(odd, 5, 'services all where success is false')).commit(nothing);
    await expect(startStored({ objects, parts: beside(odd) }).run).rejects.toMatchObject({ code: 'STATE_REFUSED' });
  });

  it('is left what it read before its services were changed by what they were then, but for the last day', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', [
      ...days(1, 14),
      ...days(1, 14).map((text) => text.replace('"sso"', '"ldap"').replace('"id":"', '"id":"5')),
    ]);
    const before = await apiState(api, 5, 'services ldap');
    await before.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(5), toMs: ms(10) } });
    const { run, destination, storage } = startStored({ objects, parts: beside(api) });
    await run;
    const itsOwn = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 51, 52, 53, 54];
    expect(idsOf(destination)).toEqual(itsOwn);
    await (await apiState(api, 5, 'services radius')).commit(nothing);
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    // Of the ninth nothing is said, and from the tenth on nothing of it is collected any more.
    expect(idsOf(destination)).toEqual([...itsOwn, 59, 510, 511, 512, 513, 514]);
  });

  it('is not left what it skipped while its services were others, and this connector did not run', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 20));
    const first = await apiState(api, 5);
    await first.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(5), toMs: ms(8) } });
    const { run, destination, storage } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4]);
    const other = await apiState(api, 5, 'services ldap');
    await other.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(8), toMs: ms(12) } });
    await (await apiState(api, 5)).commit(nothing);
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4, 7, 8, 9, 10, 11]);
  });

  it('is not left what lies in the hours of a change that a backfill did not read', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    const time = (hour: number): string => new Date(ms(5) + hour * 3_600_000).toISOString();
    objects.put(
      'a',
      [-1.5, 0.5, 1.5, 2.5, 18.5, 20.3, 20.7].map((hour, n) => exported(String(n), time(hour))),
    );
    const state = (stream: string): Promise<DeliveryState> =>
      DeliveryState.open({ storage: api, startFromMs: ms(5) + 1_200_000, keepMs: 600_000, stream });
    const first = await state('services ldap');
    await first.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(5), toMs: ms(5) + 20.5 * 3_600_000 } });
    const second = await state('services sso');
    second.backfill({ fromMs: ms(5) + 18 * 3_600_000, toMs: ms(5) + 20 * 3_600_000 });
    second.backfill({ fromMs: ms(5) - 2 * 3_600_000, toMs: ms(5) - 3_600_000 });
    await second.commit(nothing);
    const { run, destination } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 5]);
  });

  it('is not left what lies between a backfill and where it began', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 20));
    const first = await apiState(api, 15);
    first.backfill({ fromMs: ms(3), toMs: ms(5) });
    first.backfill({ fromMs: ms(8), toMs: ms(10) });
    await first.commit(nothing);
    const { run, destination, storage } = startStored({ objects, parts: beside(api) });
    await run;
    const between = [1, 2, 5, 6, 7, 10, 11, 12, 13, 14];
    expect(idsOf(destination)).toEqual(between);
    // However its services are changed.
    await (await apiState(api, 15, 'services ldap')).commit(nothing);
    await (await apiState(api, 15)).commit(nothing);
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    await startStored({ objects, destination, storage, parts: beside(api) }).run;
    expect([...new Set(idsOf(destination))]).toEqual(between);
  });

  it('is left what it is to read again from an instant on, whatever it had read there before', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 20));
    const first = await apiState(api, 3, 'services ldap');
    await first.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(3), toMs: ms(12) } });
    const second = await apiState(api, 3);
    second.moveTo(ms(6));
    await second.commit(nothing);
    const { run, destination } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4, 5]);
  });

  it('is not left what a release read under other services that did not take that down', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 20));
    const first = await apiState(api, 1, 'services ldap');
    await first.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(1), toMs: ms(10) } });
    const second = await apiState(api, 1);
    await second.commit({ entries: [], settled: { lane: 'tail', fromMs: ms(10), toMs: ms(20) } });
    second.backfill({ fromMs: ms(3), toMs: ms(5) });
    await second.commit(nothing);
    const content = decodeCheckpoint(await api.read(CHECKPOINT_DOCUMENT), api.location);
    if (content.kind !== 'own') throw new TypeError('there is no checkpoint');
    const { earlier, ...old } = content.checkpoint;
    expect(earlier).toBeDefined();
    await api.write(CHECKPOINT_DOCUMENT, encodeCheckpoint(old, {}));
    const { run, destination } = startStored({ objects, parts: beside(api) });
    await run;
    // Up to an hour behind what was counted then, too.
    expect(idsOf(destination)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10]);
  });

  it('is left what it still owes by what it collects now, not by what it did when it fell behind', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 20));
    const first = await apiState(api, 3, 'services ldap');
    first.leaveToBackfill(ms(12), 0);
    await first.commit({ entries: [], settled: { lane: 'backfill', fromMs: ms(3), toMs: ms(6) } });
    await (await apiState(api, 3)).commit(nothing);
    const { run, destination } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4, 5]);
  });

  it('has left the root of its data path to nobody, once it collects several organizations', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 6));
    await (await apiState(api, 3)).commit(nothing);
    await leaveRoot(api, 2);
    const refused = startStored({ objects, parts: beside(api) });
    await expect(refused.run).rejects.toMatchObject({
      code: 'STATE_REFUSED',
      advice: expect.stringContaining('/organizations/ID'),
    });
    expect(refused.destination.batches).toHaveLength(0);
    await takeRoot(api);
    const { run, destination } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2]);
  });

  it('is left nothing any more once it is not named any more, what was left to it before included', async () => {
    const [objects, api] = [new MemoryObjects(), createMemoryStorage()];
    objects.put('a', days(1, 4));
    objects.put('b', days(1, 2));
    await (await apiState(api, 3)).commit(nothing);
    const { run, destination, storage } = startStored({ objects, parts: beside(api) });
    await run;
    expect(idsOf(destination)).toEqual([1, 2]);
    await startStored({ objects, destination, storage }).run;
    await startStored({ objects, destination, storage }).run;
    expect(idsOf(destination)).toEqual([1, 2, 3, 4]);
    expect(objects.opened).toEqual(['a', 'b', 'a']);
  });
});
