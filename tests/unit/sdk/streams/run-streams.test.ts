import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { Stop } from '../../../../src/sdk/stop.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { runStreams } from '../../../../src/sdk/streams/run-streams.js';
import type { TriggerContext } from '../../../../src/sdk/trigger.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { RecordingLog } from '../../../support/recording-log.js';
import { seededRandom } from '../../../support/seeded-random.js';

interface Settings {
  readonly name: string;
  readonly frequencyMs: number;
  readonly requestsPerSecond: number;
}

const NAMES = ['a', 'b', 'c'];

function rig(once: boolean) {
  const clock = new ManualClock({ autoAdvance: true });
  const log = new RecordingLog();
  const [storage, stop] = [createMemoryStorage(), new Stop()];
  const transport = { request: () => Promise.reject(new Error('nobody asks')) };
  const context: TriggerContext = { clock, random: seededRandom(), transport, storage, log: log.log, stop, once };
  const streams = NAMES.map((name) => {
    const settings: Settings = { name, frequencyMs: 60_000, requestsPerSecond: 10 };
    return { id: `id-of-${name}`, name, folder: `organizations/${name}`, settings };
  });
  return { clock, log, storage, stop, context, streams };
}

/** As a connector does it: until it is told to stop. */
function untilStopped({ stop, clock }: TriggerContext): Promise<void> {
  return clock.sleep(Infinity, stop.requested);
}

describe('runStreams', () => {
  it('begins them one after the other, each in its own folder and with what is shared', async () => {
    const { clock, context, streams, stop, storage } = rig(false);
    const begun: (readonly [string, number])[] = [];
    const limiters = new Set<unknown>();
    await runStreams(
      streams,
      async ({ name }, own) => {
        begun.push([name, clock.monotonic()]);
        limiters.add(own.share!.limiter);
        await own.storage.write('context.json', Buffer.from(name));
        if (name === 'c') stop.request();
        await untilStopped(own);
      },
      context,
    );
    expect(begun).toEqual([
      ['a', 0],
      ['b', 1000],
      ['c', 2000],
    ]);
    expect(limiters.size).toBe(3);
    expect(Buffer.from((await storage.read('organizations/b/context.json'))!).toString()).toBe('b');
  });

  it('begins one again that fails, tells it with its name, and leaves the others alone', async () => {
    const { clock, log, context, streams, stop } = rig(false);
    const rounds = { a: 0, b: 0, c: 0 };
    const told: (readonly [string, string | undefined])[] = [];
    const listener: TriggerContext['listener'] = (event, stream) => void told.push([event.kind, stream]);
    await runStreams(
      streams,
      async ({ name }, own) => {
        rounds[name as keyof typeof rounds] += 1;
        if (name === 'b' && rounds.b === 1) throw new ModuleError('STATE_CORRUPT', 'broken in organizations/id-of-b');
        if (name === 'b' && rounds.b === 2) throw new Error('a defect');
        if (name === 'b') stop.request();
        await untilStopped(own);
      },
      { ...context, listener },
    );
    expect(rounds).toEqual({ a: 1, b: 3, c: 1 });
    expect(log.at('critical')).toEqual([]);
    expect(log.at('error')).toEqual(['broken in organizations/…of-b', expect.stringContaining('a defect')]);
    expect(log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['organization'])).toEqual([
      'b',
      'b',
    ]);
    expect(told[0]).toEqual(['cycle-failed', 'b']);
    expect(clock.monotonic()).toBeGreaterThan(120_000);
  });

  it('ends all where another process has taken over the data path', async () => {
    const { context, streams } = rig(false);
    const ended: string[] = [];
    const run = runStreams(
      streams,
      async ({ name }, own) => {
        if (name === 'b') throw new ModuleError('STATE_LOCKED', 'taken over');
        await untilStopped(own);
        ended.push(name);
      },
      context,
    );
    await expect(run).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    expect(ended).toEqual(['a']);
  });

  it('with once runs each to its end, and fails in the end where one has', async () => {
    const { log, context, streams } = rig(true);
    const ended: string[] = [];
    const run = runStreams(
      streams,
      ({ name }) => {
        if (name === 'a') return Promise.reject(new ModuleError('SOURCE_ROLE_REFUSED', 'no role'));
        ended.push(name);
        return Promise.resolve();
      },
      context,
    );
    await expect(run).rejects.toMatchObject({ code: 'SOURCE_ROLE_REFUSED' });
    expect(ended).toEqual(['b', 'c']);
    expect(log.at('error')).toEqual(['no role']);
  });

  it('warns of the state of a single stream, which nobody reads any more', async () => {
    const { log, context, streams, storage } = rig(true);
    await storage.write('context.json', Buffer.from('{}'));
    await runStreams(streams, () => Promise.resolve(), context);
    expect(log.at('warning')).toEqual([expect.stringContaining('holds the state of a single stream')]);
    // And whoever looks at it from elsewhere is told.
    expect(await storage.read('streams.json')).toBeDefined();
  });
});
