import { describe, expect, it } from '@jest/globals';

import { runConnector } from '../../../src/sdk/connector.js';
import type { ConnectorParts } from '../../../src/sdk/connector-parts.js';
import { type ErrorCode, ModuleError, type ModuleErrorDetails } from '../../../src/sdk/errors.js';
import { pipelineLog } from '../../../src/sdk/observability/pipeline-log.js';
import type { PipelineEvent } from '../../../src/sdk/pipeline/pipeline-event.js';
import type { Window } from '../../../src/sdk/pipeline/source.js';
import { Stop } from '../../../src/sdk/stop.js';
import { createMemoryStorage } from '../../../src/sdk/storage/memory.js';
import { stateUnavailable } from '../../../src/sdk/storage/state-unavailable.js';
import type { Storage } from '../../../src/sdk/storage/storage.js';
import { formatTimestamp } from '../../../src/sdk/time/timestamp.js';
import { testEvent, type TestEvent } from '../../support/events.js';
import { FailingStorage } from '../../support/failing-storage.js';
import { MANUAL_CLOCK_START_MS as START_MS, ManualClock } from '../../support/manual-clock.js';
import { RecordingDestination, type TextBatch, unsettled } from '../../support/recording-destination.js';
import { RecordingLog } from '../../support/recording-log.js';
import { ScriptedSource } from '../../support/scripted-source.js';
import { seededRandom } from '../../support/seeded-random.js';

const DAY_MS = 86_400_000;

interface Given {
  readonly events?: TestEvent[];
  readonly storage?: Storage;
  readonly clock?: ManualClock;
  readonly once?: boolean;
  readonly parts?: Partial<ConnectorParts<TextBatch>>;
  readonly destination?: RecordingDestination;
  /** Thrown by each reading of the source, as long as there is any; `n` is 1 for the first. */
  readonly sourceFailure?: (n: number) => Error | undefined;
  /** How far the source's clock is ahead of ours. */
  readonly aheadMs?: number;
}

/** A connector that runs, and what one sees of it. */
function start(given: Given = {}) {
  const { events = [], storage = createMemoryStorage(), clock = new ManualClock(), once = false } = given;
  const log = new RecordingLog();
  const stop = new Stop();
  const told: PipelineEvent[] = [];
  const startedAt: number[] = [];
  const source = new ScriptedSource({
    events,
    now: () => clock.now() + (given.aheadMs ?? 0),
    beforePage(page) {
      if (page > 1) return;
      startedAt.push(clock.monotonic());
      const failure = given.sourceFailure?.(startedAt.length);
      if (failure !== undefined) throw failure;
    },
  });
  const destination = given.destination ?? new RecordingDestination();
  const tellLog = pipelineLog(log.log, clock);
  const parts: ConnectorParts<TextBatch> = {
    source,
    destination,
    listener: (event) => {
      told.push(event);
      tellLog(event);
    },
    stream: 'tests',
    startFromMs: START_MS - 60_000,
    startIsRelative: false,
    frequencyMs: 60_000,
    overlapMs: 300_000,
    settlingHorizonMs: DAY_MS,
    reconcileEveryMs: 300_000,
    retentionMs: 90 * DAY_MS,
    ...given.parts,
  };
  const transport = { request: () => Promise.reject(new Error('no network here')) };
  const context = { clock, random: seededRandom(), transport, storage, log: log.log, stop, once };
  let ended = false;
  const run = runConnector(parts, context).finally(() => (ended = true));
  // Whoever is interested looks at it later.
  run.catch(() => undefined);
  return { run, clock, log, stop, told, source, destination, storage, startedAt, hasEnded: () => ended };
}

/** The left edge of what is owed. */
async function edgeOn(storage: Storage): Promise<unknown> {
  const text = Buffer.from((await storage.read('context.json')) ?? []).toString('utf8');
  return (JSON.parse(text) as { delivery: { owed: { from: string }[] } }).delivery.owed[0]?.from;
}

/** Where a backfill began: it asks for a millisecond more, to be sure of the border. */
const earliest = ({ windows }: ScriptedSource): number => Math.min(...windows.map(({ fromMs }) => fromMs)) + 1;

const refusal = (code: ErrorCode, details: ModuleErrorDetails = {}): ModuleError =>
  new ModuleError(code, `failed with ${code}`, { advice: 'Do this.', ...details });

describe('the pace of a connector', () => {
  it('counts the frequency from the beginning of a cycle to the beginning of the next', async () => {
    const clock = new ManualClock();
    const destination = new RecordingDestination({
      script: async () => {
        await clock.sleep(25_000);
        return { rejections: [], unsettled: [] };
      },
    });
    const { startedAt, stop, run } = start({ clock, destination, events: [testEvent('one', START_MS - 1000)] });
    await clock.advance(125_000);
    expect(startedAt).toEqual([0, 60_000, 120_000]);
    stop.request();
    await run;
  });

  it('begins at once where a cycle took longer than the frequency', async () => {
    const clock = new ManualClock();
    const destination = new RecordingDestination({
      script: async () => {
        await clock.sleep(90_000);
        return { rejections: [], unsettled: [] };
      },
    });
    const { startedAt, stop, run } = start({ clock, destination, events: [testEvent('one', START_MS - 1000)] });
    await clock.advance(90_000);
    await clock.advance(0);
    expect(startedAt).toEqual([0, 90_000]);
    stop.request();
    await run;
  });

  it('backs off when cycles fail, further and further up to a minute, and hammers nobody', async () => {
    const { clock, startedAt, told, stop, run } = start({ sourceFailure: () => refusal('SOURCE_UNREACHABLE') });
    await clock.advance(600_000);
    const pauses = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0));
    expect(pauses.slice(0, 4).map((ms, n) => ms >= 500 * 2 ** n && ms <= 1000 * 2 ** n)).toEqual(
      [1, 1, 1, 1].map(Boolean),
    );
    expect(Math.max(...pauses)).toBeLessThanOrEqual(60_000);
    expect(Math.min(...pauses.slice(6))).toBeGreaterThanOrEqual(30_000);
    const failed = told.filter((event) => event.kind === 'cycle-failed');
    expect(failed[0]).toMatchObject({ error: { code: 'SOURCE_UNREACHABLE' }, delayMs: pauses[0] });
    stop.request();
    await run;
  });

  it('waits as long as the other side asked, where that is longer', async () => {
    const limited = refusal('SOURCE_RATE_LIMITED', { retryAfterMs: 900_000 });
    const { clock, startedAt, stop, run } = start({ sourceFailure: (n) => (n === 1 ? limited : undefined) });
    await clock.advance(899_000);
    expect(startedAt).toHaveLength(1);
    await clock.advance(2000);
    expect(startedAt).toHaveLength(2);
    stop.request();
    await run;
  });

  it('is regular again, and starts its back-off anew, after failures have passed', async () => {
    const { clock, startedAt, stop, run } = start({
      sourceFailure: (n) => (n <= 5 || n === 7 ? refusal('SOURCE_UNAVAILABLE') : undefined),
    });
    await clock.advance(300_000);
    const pauses = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0));
    expect(pauses[5]).toBe(60_000);
    expect(pauses[6]).toBeLessThanOrEqual(1000);
    stop.request();
    await run;
  });
});

describe('a refusal that only an operator can mend', () => {
  it.each([
    'SOURCE_REQUEST_REFUSED',
    'SOURCE_CREDENTIAL_REFUSED',
    'SOURCE_NOT_LICENSED',
    'SOURCE_ROLE_REFUSED',
    'SOURCE_NOT_FOUND',
    'DESTINATION_REFUSED',
  ] as const)('%s is critical, once, with the remedy, and is tried again after two minutes', async (code) => {
    const ofSource = code.startsWith('SOURCE');
    const destination = new RecordingDestination({
      script: async (batch) => (ofSource ? { rejections: [], unsettled: [] } : unsettled(batch, refusal(code))),
    });
    const given = { events: [testEvent('one', START_MS - 1000)], destination };
    const { clock, startedAt, log, stop, run } = start({
      ...given,
      sourceFailure: () => (ofSource ? refusal(code) : undefined),
    });
    await clock.advance(119_000);
    expect(startedAt).toHaveLength(1);
    expect(log.lines.filter(({ level }) => level === 'critical')).toMatchObject([
      { message: expect.stringMatching(/^failed with .*Do this\. Next try in 120 s/), fields: { code } },
    ]);
    await clock.advance(2000);
    expect(startedAt).toHaveLength(2);
    expect(log.at('critical')).toHaveLength(1);
    expect(log.at('error')).toEqual([]);
    stop.request();
    await run;
  });

  it('leaves the position where it was', async () => {
    const { clock, storage, stop, run } = start({ sourceFailure: () => refusal('SOURCE_CREDENTIAL_REFUSED') });
    await clock.advance(500_000);
    await expect(edgeOn(storage)).resolves.toBe('2030-01-02T03:03:05Z');
    stop.request();
    await run;
  });
});

describe('what a connector tells', () => {
  it('is nothing for an empty cycle', async () => {
    const { clock, log, told, stop, run } = start();
    await clock.advance(1000);
    const before = log.lines.length;
    await clock.advance(600_000);
    expect(told.filter(({ kind }) => kind === 'caught-up').length).toBeGreaterThan(5);
    expect(log.lines).toHaveLength(before);
    stop.request();
    await run;
  });

  it('is one line for a cycle that moved events', async () => {
    const { clock, log, stop, run } = start({ events: [testEvent('one', START_MS - 1), testEvent('two', START_MS)] });
    await clock.advance(1000);
    expect(log.at('info').filter((line) => line.startsWith('Delivered'))).toEqual([
      'Delivered 2 events up to 2030-01-02T03:04:05Z in 0.0 s',
    ]);
    stop.request();
    await run;
  });

  it('is where it begins, and at the end what is owed', async () => {
    const { clock, log, stop, run } = start();
    await clock.advance(1000);
    stop.request();
    await run;
    expect(log.at('info')).toEqual([
      'First start on this data path: collecting from 2030-01-02T03:03:05Z on',
      'Stopped, owed: from 2030-01-02T03:04:05Z on',
    ]);
  });

  it('is a warning for a failure that may pass, and an error when it does not', async () => {
    const { clock, log, stop, run } = start({ sourceFailure: () => refusal('SOURCE_UNREACHABLE') });
    await clock.advance(30_000);
    expect(log.lines.slice(1, 4).map(({ level }) => level)).toEqual(['warning', 'debug', 'error']);
    stop.request();
    await run;
  });

  it('is a warning where the stream is another than in the run before', async () => {
    const storage = createMemoryStorage();
    const first = start({ storage, once: true });
    await first.run;
    const second = start({ storage, once: true, parts: { stream: 'others' } });
    await second.run;
    expect(second.log.at('warning')).toEqual([
      "The stream was 'tests' and is now 'others': what is new in it is collected from the position on",
    ]);
    const third = start({ storage, once: true, parts: { stream: 'others' } });
    await third.run;
    expect(third.log.at('warning')).toEqual([]);
    expect(third.log.at('info')[0]).toMatch(/^Resuming, owed: from 2030-01-02T03:04:05Z on/);
  });
});

describe('a connector that runs once', () => {
  it('delivers what is there and returns', async () => {
    const { run, destination, clock } = start({ once: true, events: [testEvent('one', START_MS - 1000)] });
    await run;
    expect(destination.acknowledged).toHaveLength(1);
    expect(clock.monotonic()).toBe(0);
  });

  it('compares counts before it returns, and fetches what is missing', async () => {
    const events = [testEvent('one', START_MS - 50_000)];
    const { run, source, destination } = start({ once: true, events });
    const count = source.count.bind(source);
    source.count = (window) => {
      if (events.length === 1) events.push(testEvent('late', START_MS - 40_000));
      return count(window);
    };
    await run;
    expect(destination.acknowledged).toHaveLength(2);
  });

  it('ends as stopped, and says what is owed, where it is stopped while it compares', async () => {
    const rig = start({ once: true, events: [testEvent('one', START_MS - 50_000)] });
    rig.source.count = () => {
      rig.stop.request();
      return Promise.reject(Object.assign(new Error('Stopped'), { name: 'AbortError' }));
    };
    await rig.run;
    expect(rig.log.at('info').at(-1)).toMatch(/^Stopped, owed: from /);
  });

  it('rejects where what is missing cannot be read', async () => {
    let n = 0;
    const rig = start({
      once: true,
      sourceFailure: () => ((n += 1) > 1 ? refusal('SOURCE_UNREACHABLE') : undefined),
    });
    rig.source.count = () => Promise.resolve(5);
    await expect(rig.run).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('rejects at a refusal', async () => {
    const { run } = start({ once: true, sourceFailure: () => refusal('SOURCE_CREDENTIAL_REFUSED') });
    await expect(run).rejects.toMatchObject({ code: 'SOURCE_CREDENTIAL_REFUSED' });
  });

  it('is patient with what may pass, for five minutes', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const mended = start({
      once: true,
      clock,
      sourceFailure: (n) => (n < 4 ? refusal('SOURCE_UNREACHABLE') : undefined),
    });
    await mended.run;
    const later = new ManualClock({ autoAdvance: true });
    const broken = start({ once: true, clock: later, sourceFailure: () => refusal('SOURCE_UNREACHABLE') });
    await expect(broken.run).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(later.monotonic()).toBeGreaterThan(300_000);
    expect(later.monotonic()).toBeLessThan(400_000);
  });
});

describe('the position', () => {
  it('is durable before the first request of a first start, so that an interrupted one begins there again', async () => {
    const storage = createMemoryStorage();
    const first = start({ storage, sourceFailure: () => refusal('SOURCE_UNREACHABLE') });
    await first.clock.advance(0);
    await expect(edgeOn(storage)).resolves.toBe('2030-01-02T03:03:05Z');
    first.stop.request();
    await first.run;

    const clock = new ManualClock({ nowMs: START_MS + DAY_MS });
    const second = start({ storage, clock, once: true, parts: { startFromMs: START_MS + DAY_MS - 60_000 } });
    await second.run;
    expect(earliest(second.source)).toBe(START_MS - 60_000);
  });

  it('is taken over from the file of the Python connector, a minute earlier, and its keys are kept', async () => {
    const storage = createMemoryStorage();
    const file = '{"most_recent_date_seen": "2030-01-02T01:00:00+00:00", "other": {"a": 1}}';
    await storage.write('context.json', Buffer.from(file));
    const { run, log, source } = start({ storage, once: true });
    await run;
    expect(earliest(source)).toBe(Date.UTC(2030, 0, 2, 0, 59, 0));
    expect(log.at('info')[0]).toBe(
      'Taking over the position 2030-01-02T01:00:00Z: collecting from 2030-01-02T00:59:00Z on',
    );
    const after = JSON.parse(Buffer.from((await storage.read('context.json'))!).toString('utf8'));
    expect(after).toMatchObject({ most_recent_date_seen: '2030-01-02T03:03:05+00:00', other: { a: 1 } });
  });

  it('older than the retention is moved up, and the gap is told exactly', async () => {
    const storage = createMemoryStorage();
    await storage.write('context.json', Buffer.from('{"most_recent_date_seen": "2029-09-01T00:00:01+00:00"}'));
    const { run, log, source } = start({ storage, once: true });
    await run;
    const edge = START_MS - 90 * DAY_MS;
    expect(earliest(source)).toBe(edge);
    expect(log.at('error')).toEqual([
      `Events from 2029-08-31T23:59:01Z to ${formatTimestamp(edge)} cannot be had any more: ` +
        'the source keeps them for a limited time only',
    ]);
  });

  it('a little older than the retention is no alarm', async () => {
    const { run, log, source } = start({ once: true, parts: { startFromMs: START_MS - 90 * DAY_MS - 1_800_000 } });
    await run;
    expect(log.at('error')).toEqual([]);
    expect(earliest(source)).toBe(START_MS - 90 * DAY_MS - 1_800_000);
  });

  it('in the future is moved back to now, with a warning, and events go on to be collected', async () => {
    const storage = createMemoryStorage();
    await storage.write('context.json', Buffer.from('{"most_recent_date_seen": "2035-01-01T00:00:00+00:00"}'));
    const events: TestEvent[] = [];
    const { clock, run, log, stop, destination } = start({ storage, events });
    await clock.advance(1000);
    expect(log.at('warning')[0]).toMatch(/^The position 2034-12-31T23:59:00Z lies in the future: collecting from now/);
    events.push(testEvent('new', START_MS + 30_000));
    await clock.advance(120_000);
    expect(destination.acknowledged).toHaveLength(1);
    expect(log.at('warning')).toHaveLength(1);
    stop.request();
    await run;
  });

  it('never passes the clock of the source, though ours turns out to be fast', async () => {
    // Until the first answer, nothing is known of the source's clock, and ours is 50 s ahead of it.
    const clock = new ManualClock();
    let known = false;
    const inner = new ScriptedSource({ events: [], now: () => clock.now() - (known ? 50_000 : 0) });
    const source = {
      now: () => inner.now(),
      count: (window: Window) => inner.count(window),
      learnTime: () => Promise.resolve(undefined),
      read(...given: Parameters<ScriptedSource['read']>) {
        known = true;
        return inner.read(...given);
      },
    };
    const { storage, stop, run } = start({ clock, parts: { source, overlapMs: 0, startFromMs: START_MS - DAY_MS } });
    await clock.advance(1000);
    await expect(edgeOn(storage)).resolves.toBe('2030-01-02T03:03:15Z');
    stop.request();
    await run;
  });

  it('stays where it is until the clock of the source has passed it', async () => {
    const { clock, source, stop, run } = start({ aheadMs: -90_000 });
    await clock.advance(20_000);
    expect(source.windows).toEqual([]);
    await clock.advance(60_000);
    expect(source.windows).toHaveLength(1);
    expect(source.windows[0]?.toMs).toBe(START_MS - 30_000);
    stop.request();
    await run;
  });
});

describe('late events', () => {
  it('inside the overlap arrive, and nothing arrives twice', async () => {
    const events = [testEvent('first', START_MS - 10_000)];
    const { clock, destination, stop, run } = start({ events });
    await clock.advance(130_000);
    events.push(testEvent('late', START_MS - 9000), testEvent('same instant', START_MS - 10_000));
    await clock.advance(300_000);
    expect(destination.acknowledged).toHaveLength(3);
    expect(new Set(destination.acknowledged).size).toBe(3);
    stop.request();
    await run;
  });
});

describe('a stop', () => {
  it.each([
    ['the pause between cycles', {}],
    ['the pause after a failure', { sourceFailure: () => refusal('SOURCE_UNREACHABLE') }],
    ['the pause after a refusal', { sourceFailure: () => refusal('SOURCE_CREDENTIAL_REFUSED') }],
  ] as const)('ends %s at once', async (_, given) => {
    const { clock, stop, run, hasEnded } = start(given);
    await clock.advance(100);
    expect(hasEnded()).toBe(false);
    stop.request();
    await run;
    expect(clock.monotonic()).toBe(100);
  });

  it('before the first cycle leaves everything owed', async () => {
    const rig = start();
    rig.stop.request();
    await rig.run;
    expect(rig.source.windows).toEqual([]);
    await expect(edgeOn(rig.storage)).resolves.toBe('2030-01-02T03:03:05Z');
  });
});

describe('the two lanes of a connector', () => {
  it('both end where one of them has a defect, and what the other has under way is finished', async () => {
    const clock = new ManualClock();
    const destination = new RecordingDestination({
      script: async () => {
        await clock.sleep(1000);
        return { rejections: [], unsettled: [] };
      },
    });
    const { run, source, storage } = start({ clock, destination, events: [testEvent('one', START_MS - 1000)] });
    source.count = () => Promise.reject(new TypeError('a bug'));
    // The first turn has nothing to compare; by the second, the tail has read something.
    await clock.advance(400_000);
    await expect(run).rejects.toThrow('a bug');
    expect(destination.acknowledged).toHaveLength(1);
    await expect(edgeOn(storage)).resolves.toBe('2030-01-02T03:08:05Z');
  });

  it('find what became visible behind the edge, at the interval and as soon as a trouble is over', async () => {
    const events = [testEvent('one', START_MS - 1000)];
    let isBroken = false;
    const rig = start({
      events,
      parts: { overlapMs: 0, reconcileEveryMs: DAY_MS },
      sourceFailure: () => (isBroken ? refusal('SOURCE_UNREACHABLE') : undefined),
    });
    await rig.clock.advance(DAY_MS + 120_000);
    events.push(testEvent('late', START_MS + 60_500));
    await rig.clock.advance(600_000);
    expect(rig.destination.acknowledged).toHaveLength(1);
    isBroken = true;
    await rig.clock.advance(300_000);
    isBroken = false;
    await rig.clock.advance(120_000);
    expect(rig.log.at('info')).toContain('Collecting again');
    expect(rig.destination.acknowledged).toHaveLength(2);
    rig.stop.request();
    await rig.run;
  });

  it('keep ids long enough for the look-back where that is longer than the horizon', async () => {
    const rig = start({
      once: true,
      parts: { settlingHorizonMs: 60_000, overlapMs: 6 * 3_600_000, startFromMs: START_MS - DAY_MS },
    });
    await rig.run;
    const text = Buffer.from((await rig.storage.read('context.json'))!).toString('utf8');
    const { delivery } = JSON.parse(text) as { delivery: { ledger: { from: string } } };
    expect(Date.parse(delivery.ledger.from)).toBeLessThanOrEqual(START_MS - 6 * 3_600_000);
  });
});

describe('what a connector cannot go on with', () => {
  it('is state that is corrupt: it is not read as empty', async () => {
    const storage = createMemoryStorage();
    await storage.write('context.json', Buffer.from('{"most_recent'));
    const { run, source } = start({ storage });
    await expect(run).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    expect(source.windows).toEqual([]);
    expect(Buffer.from((await storage.read('context.json'))!).toString('utf8')).toBe('{"most_recent');
  });

  it('is state that cannot be written at the start', async () => {
    const { run, source } = start({ storage: new FailingStorage(createMemoryStorage(), () => 'undone') });
    await expect(run).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    expect(source.windows).toEqual([]);
  });

  it('is state that another process has taken over: ours is outdated', async () => {
    const storage = createMemoryStorage();
    let taken = false;
    const write: Storage['write'] = (name, content) =>
      taken ? Promise.reject(new ModuleError('STATE_LOCKED', 'taken over')) : storage.write(name, content);
    const { run, clock } = start({ storage: { ...storage, write } });
    const ended = expect(run).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    await clock.advance(1000);
    taken = true;
    await clock.advance(120_000);
    await ended;
  });

  it('is a bug', async () => {
    const { run } = start({ sourceFailure: () => new TypeError('a bug') });
    await expect(run).rejects.toThrow('a bug');
  });
});

describe('a start on a full disk', () => {
  function fullDisk(code: string) {
    const inner = createMemoryStorage();
    const disk = { isFull: true };
    const write: Storage['write'] = async (name, content) => {
      if (disk.isFull) throw stateUnavailable('write', name, Object.assign(new Error('no room'), { code }));
      await inner.write(name, content);
    };
    return { disk, storage: { ...inner, write } };
  }

  it('waits for room, says so once with the remedy, and goes on by itself', async () => {
    const { disk, storage } = fullDisk('ENOSPC');
    const { clock, run, log, stop, destination, hasEnded } = start({
      storage,
      events: [testEvent('one', START_MS - 1000)],
    });
    await clock.advance(60_000);
    expect(hasEnded()).toBe(false);
    expect(log.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { message: expect.stringContaining('ENOSPC'), fields: { advice: expect.stringContaining('Free space') } },
    ]);
    expect(destination.acknowledged).toEqual([]);
    disk.isFull = false;
    await clock.advance(60_000);
    expect(log.at('info')[0]).toContain('The state works again');
    expect(destination.acknowledged).toHaveLength(1);
    stop.request();
    await run;
  });

  it('ends at a stop', async () => {
    const { clock, run, stop } = start({ storage: fullDisk('EDQUOT').storage });
    await clock.advance(5000);
    stop.request();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends where the run is to end by itself, or the disk refuses for another reason', async () => {
    const once = start({ storage: fullDisk('ENOSPC').storage, once: true });
    await expect(once.run).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    const readOnly = start({ storage: fullDisk('EROFS').storage });
    await expect(readOnly.run).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
  });
});

describe('a start beside a damaged dead letter', () => {
  it('says which line cannot be read, and what to do, and collects', async () => {
    const storage = createMemoryStorage();
    await storage.write('dead-letter/00000001.ndjson', Buffer.from('{"time":\nrubbish\n'));
    const { run, log, destination } = start({ storage, once: true, events: [testEvent('one', START_MS - 1000)] });
    await run;
    expect(log.lines.filter(({ level }) => level === 'warning')).toEqual([
      {
        level: 'warning',
        message: 'The dead letter has events that cannot be read: dead-letter/00000001.ndjson, line 1, and 1 more',
        fields: { advice: expect.stringContaining('Restore the file from a copy') },
      },
    ]);
    expect(destination.acknowledged).toHaveLength(1);
  });

  it('collects where it cannot be looked at', async () => {
    const storage = new FailingStorage(createMemoryStorage(), ({ kind, name }) =>
      kind === 'list' && name === 'dead-letter' ? 'undone' : undefined,
    );
    const { run, log } = start({ storage, once: true });
    await run;
    expect(log.at('warning')).toEqual([expect.stringContaining('The dead letter cannot be looked at')]);
  });
});
