import { gunzipSync } from 'node:zlib';

import { describe, expect, it } from '@jest/globals';

import { isAbort, type ModuleError } from '../../../../src/sdk/errors.js';
import { IntakeDestination, type IntakeOptions } from '../../../../src/sdk/intake/intake-destination.js';
import type { DeliveryOutcome } from '../../../../src/sdk/outcome.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import type { HttpRequest, HttpTransport } from '../../../../src/sdk/ports.js';
import { Stop } from '../../../../src/sdk/stop.js';
import { addTo, alone, rawEvent, testEvent } from '../../../support/events.js';
import { everybodyHadTheirTurn, ManualClock } from '../../../support/manual-clock.js';
import { inTurn, type Script, ScriptedTransport, systemError, textOf } from '../../../support/scripted-transport.js';
import { seededRandom } from '../../../support/seeded-random.js';

const KEY = 'intake-key-of-this-test';

interface Body {
  readonly intake_key: string;
  readonly jsons: readonly string[];
}

const bodyOf = ({ body }: HttpRequest): Body => JSON.parse(textOf(body)) as Body;
const textAt = (index: number): string => testEvent(`event-${index}`, 1_900_000_000_000 + index).text;
const indexesIn = (request: HttpRequest): number[] =>
  bodyOf(request).jsons.map((text) => Number(/event-(\d+)/.exec(text)?.[1]));

/** An intake that takes what it is sent, but for the events at `poison`. */
function taking(request: HttpRequest, poison: readonly number[] = [], status = 400) {
  const indexes = indexesIn(request);
  if (indexes.some((index) => poison.includes(index))) return { status, body: `{"message":"bad event"}` };
  return { body: JSON.stringify({ event_ids: indexes.map((index) => `id-${index}`) }) };
}

interface Rigging extends Partial<
  Pick<IntakeOptions, 'form' | 'isCompressed' | 'url' | 'maxEvents' | 'key' | 'transport'>
> {
  readonly clock?: ManualClock;
}

function rig(script: Script, more: Rigging = {}) {
  const {
    clock = new ManualClock({ autoAdvance: true }),
    url = 'https://intake.example.test/base/',
    maxEvents = 100,
    ...form
  } = more;
  const transport = new ScriptedTransport(script);
  const stop = new Stop();
  const told: PipelineEvent[] = [];
  const destination = new IntakeDestination({
    transport,
    ...form,
    url,
    intakeKey: KEY,
    maxEvents,
    retryForMs: 3_600_000,
    userAgent: 'tests/1',
    clock,
    random: seededRandom(),
    listener: (event) => void told.push(event),
  });
  const deliver = (count = 8): Promise<DeliveryOutcome> => {
    const batch = destination.createBatch();
    for (let index = 0; index < count; index += 1)
      expect(addTo(batch, rawEvent(testEvent(`event-${index}`, 1_900_000_000_000 + index)))).toBe('added');
    return destination.deliver(batch, stop);
  };
  return { destination, transport, clock, stop, told, deliver };
}

describe('the form of a request', () => {
  const linesOf = ({ body }: HttpRequest): string[] => textOf(body).split('\n');
  const takingLines: Script = (request) => ({
    body: JSON.stringify({ event_ids: linesOf(request).map((_, index) => `id-${index}`) }),
  });

  it('is one event a line at /plain/batch where that is asked for, with the key in a header only', async () => {
    const { deliver, transport } = rig(takingLines, { form: 'lines' });
    await expect(deliver(3)).resolves.toEqual({ rejections: [], unsettled: [] });
    const [request] = transport.requests;
    expect(request?.url).toBe('https://intake.example.test/base/plain/batch');
    expect(request?.headers['x-sekoiaio-intake-key']).toBe(KEY);
    expect(linesOf(request!)).toEqual([0, 1, 2].map(textAt));
  });

  it('narrows a refusal of lines down to the event at fault', async () => {
    const { deliver } = rig(
      (request) => (linesOf(request).includes(textAt(2)) ? { status: 400, body: '{}' } : takingLines(request, 0)),
      { form: 'lines' },
    );
    const outcome = await deliver(5);
    expect(outcome.rejections.map(({ index }) => index)).toEqual([2]);
    expect(outcome.unsettled).toEqual([]);
  });

  it('is compressed where that is asked for', async () => {
    const { deliver, transport } = rig(
      (request) => taking({ ...request, body: gunzipSync(request.body as Uint8Array) }),
      { isCompressed: true },
    );
    await expect(deliver(3)).resolves.toEqual({ rejections: [], unsettled: [] });
    expect(transport.requests[0]?.headers['content-encoding']).toBe('gzip');
  });
});

describe('the memory of a body', () => {
  it('serves the next batch once everything in it was accepted in one request', async () => {
    const { destination, stop } = rig((request) => taking(request));
    const batch = destination.createBatch();
    addTo(batch, rawEvent(testEvent('event-0', 0)));
    await destination.deliver(batch, stop);
    const [next, other] = [destination.createBatch(), destination.createBatch()];
    for (const each of [next, other]) addTo(each, rawEvent(testEvent('event-1', 0)));
    expect(next.memory).toBe(batch.memory);
    expect(other.memory).not.toBe(batch.memory);
  });

  it('is left alone after a failure: a connection may still be sending from it', async () => {
    let tries = 0;
    const { destination, stop } = rig((request) => {
      tries += 1;
      return tries === 1 ? { status: 503 } : taking(request);
    });
    const batch = destination.createBatch();
    addTo(batch, rawEvent(testEvent('event-0', 0)));
    await expect(destination.deliver(batch, stop)).resolves.toEqual({ rejections: [], unsettled: [] });
    const next = destination.createBatch();
    addTo(next, rawEvent(testEvent('event-1', 0)));
    expect(next.memory).not.toBe(batch.memory);
  });
});

describe('the memory of answers', () => {
  it('is not shared by two that are read at the same time', async () => {
    let goOn = (): void => undefined;
    const half = new Promise<void>((resolve) => (goOn = resolve));
    const taken: string[] = [];
    const transport: HttpTransport = {
      request: (request) => {
        const indexes = indexesIn(request);
        const answer = Buffer.from(JSON.stringify({ event_ids: indexes.map((index) => `id-${index}`) }));
        const isSlow = indexes.length === 8;
        async function* body(): AsyncGenerator<Uint8Array> {
          yield answer.subarray(0, 30);
          if (isSlow) await half;
          yield answer.subarray(30);
          taken.push(isSlow ? 'slow' : 'quick');
        }
        return Promise.resolve({ status: 200, headers: {}, body: body() });
      },
    };
    const { deliver } = rig(() => ({}), { transport });
    const accepted = { rejections: [], unsettled: [] };
    // One that leaves memory that is large enough for the others.
    await expect(deliver(20)).resolves.toEqual(accepted);
    const slow = deliver(8);
    await everybodyHadTheirTurn();
    // The last one ends within the first piece of the slow one.
    for (const count of [3, 2, 1]) await expect(deliver(count)).resolves.toEqual(accepted);
    goOn();
    await expect(slow).resolves.toEqual(accepted);
    expect(taken).toEqual(['quick', 'quick', 'quick', 'quick', 'slow']);
  });
});

const all = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('an event over the limit', () => {
  const large = rawEvent({
    id: 'large',
    timestampMs: 0,
    text: `{"id":"large","keep":"k","pad":"${'x'.repeat(300_000)}"}`,
  });
  const options = {
    ...{ url: 'https://intake.example.test', intakeKey: KEY, maxEvents: 10, retryForMs: 0, userAgent: 'tests/1' },
    ...{ transport: new ScriptedTransport(() => ({})), clock: new ManualClock(), random: seededRandom() },
  };

  it('has no reduced copy unless it is told what to protect', () => {
    const destination = new IntakeDestination(options);
    expect(destination.createBatch().add(...alone(large))).toBe('oversized');
    expect(destination.reduce(large)).toBeUndefined();
  });

  it('has a reduced copy that a batch takes, with what is protected in it', () => {
    const destination = new IntakeDestination({ ...options, protectedMembers: ['keep'] });
    const bytes = destination.reduce(large)!;
    expect(Buffer.from(bytes).toString()).toMatch(/^\{"id":"large","keep":"k","pad":"x+","_trimmed":\{/);
    expect(destination.createBatch().add(...alone({ ...large, bytes }))).toBe(1);
  });

  it('is taken as it is where any size is', () => {
    expect(new IntakeDestination({ ...options, maxEventBytes: Infinity }).createBatch().add(...alone(large))).toBe(1);
  });
});

describe('a push', () => {
  it('is one POST to /batch with the key and the exact texts', async () => {
    const { transport, deliver } = rig((request) => taking(request));
    await expect(deliver(3)).resolves.toEqual({ rejections: [], unsettled: [] });
    const [request] = transport.requests;
    expect(transport.requests).toHaveLength(1);
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://intake.example.test/base/batch',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'tests/1' },
      headersTimeoutMs: 30_000,
      bodyTimeoutMs: 30_000,
    });
    expect(bodyOf(request!)).toEqual({ intake_key: KEY, jsons: all(3).map(textAt) });
    expect(JSON.stringify([request?.url, request?.headers])).not.toContain(KEY);
  });

  it.each(['https://x.test', 'https://x.test/', 'https://x.test//'])(
    'to %s has one slash before batch',
    async (url) => {
      const { transport, deliver } = rig((request) => taking(request), { url });
      await deliver(1);
      expect(transport.requests[0]?.url).toBe('https://x.test/batch');
    },
  );

  it('has at most as many events as set', () => {
    const { destination } = rig(() => ({}), { maxEvents: 2 });
    const batch = destination.createBatch();
    expect(all(3).map((index) => addTo(batch, rawEvent(testEvent(`${index}`, 0))))).toEqual(['added', 'added', 'full']);
  });
});

describe('an answer of 200', () => {
  const refused = { status: 413, message: 'event too large' };
  it.each<[string, object]>([
    ['null for its id', { event_ids: ['a', null, 'c'] }],
    ['a status', { event_ids: ['a', null, 'c'], statuses: [200, 413, 200] }],
    ['an object', { event_ids: ['a', 'c'], results: [{ status: 200 }, refused, { status: 200 }] }],
    [
      'an object at its position',
      {
        event_ids: ['a', 'c'],
        errors: [
          { index: 0, status: 200 },
          { index: 1, ...refused },
        ],
      },
    ],
    ['words', { events: [{ status: 'accepted' }, { status: 'rejected', code: 413 }, { status: 'accepted' }] }],
  ])('that refuses one event by %s: that one is rejected, the others are acknowledged', async (_, answer) => {
    const { deliver, transport } = rig(inTurn({ body: JSON.stringify(answer) }));
    await expect(deliver(3)).resolves.toMatchObject({ rejections: [{ index: 1 }], unsettled: [] });
    expect(transport.requests).toHaveLength(1);
  });

  it('that puts events off: only those are sent again', async () => {
    const { deliver, transport } = rig(
      inTurn({ body: '{"statuses":[200,429,503,200]}' }, { body: '{"event_ids":["b","c"]}' }),
    );
    await expect(deliver(4)).resolves.toEqual({ rejections: [], unsettled: [] });
    expect(transport.requests.map(indexesIn)).toEqual([
      [0, 1, 2, 3],
      [1, 2],
    ]);
  });

  it('with fewer ids than events: smaller requests tell which', async () => {
    const { deliver } = rig((request) => {
      const taken = indexesIn(request).filter((index) => index !== 5);
      return { body: JSON.stringify({ event_ids: taken.map(String) }) };
    });
    await expect(deliver(8)).resolves.toMatchObject({ rejections: [{ index: 5 }], unsettled: [] });
  });

  it.each([
    ['empty', ''],
    ['HTML', '<html>welcome</html>'],
    ['without ids', '{"ok":true}'],
    ['with too many ids', '{"event_ids":["a","b","c","d"]}'],
  ])('that is %s acknowledges nothing: the push is tried again until one does', async (_, body) => {
    const { deliver, transport, told } = rig((request, n) => (n < 3 ? { body } : taking(request)));
    await expect(deliver(3)).resolves.toEqual({ rejections: [], unsettled: [] });
    expect(transport.requests).toHaveLength(3);
    expect(told).toMatchObject([{ error: { code: 'DESTINATION_ANSWER_INVALID' } }, { attempt: 2 }]);
  });
});

describe('a refused request', () => {
  it.each([400, 413, 422])('of status %i is narrowed down to the events at fault', async (status) => {
    const { deliver, transport } = rig((request) => taking(request, [3, 12], status));
    const outcome = await deliver(16);
    expect(outcome).toEqual({
      rejections: [
        { index: 3, reason: `The intake answered ${status}: bad event` },
        { index: 12, reason: `The intake answered ${status}: bad event` },
      ],
      unsettled: [],
    });
    const taken = transport.requests.filter((request) => !indexesIn(request).some((index) => [3, 12].includes(index)));
    expect(taken.flatMap(indexesIn).sort((a, b) => a - b)).toEqual(all(16).filter((index) => ![3, 12].includes(index)));
  });

  it('whatever is sent is a failure of the destination: nothing is rejected, and not every event is tried', async () => {
    const { deliver, transport } = rig(inTurn({ status: 400, body: 'no' }));
    const outcome = await deliver(90);
    expect(outcome).toMatchObject({
      rejections: [],
      unsettled: all(90),
      failure: { code: 'DESTINATION_REFUSED', retryable: false },
    });
    expect(transport.requests.length).toBeLessThan(40);
  });

  it.each([
    [401, /does not know/],
    [403, /revoked/],
    [404, /\/batch/],
    [405, /Check the intake/],
    [302, /Check the intake/],
  ])('of status %i stops at once, with the remedy, and leaves all owed', async (status, advice) => {
    const { deliver, transport } = rig(inTurn({ status, body: '{"message":"intake key is not valid"}' }));
    const { failure, ...outcome } = await deliver(4);
    expect(outcome).toEqual({ rejections: [], unsettled: all(4) });
    expect(failure).toMatchObject({
      code: 'DESTINATION_REFUSED',
      message: `The intake answered ${status}: intake key is not valid`,
      status,
      retryable: false,
    });
    expect((failure as ModuleError).advice).toMatch(advice);
    expect(transport.requests).toHaveLength(1);
  });
});

describe('a failure that passes', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('of status %i is tried again, the same bytes', async (status) => {
    const { deliver, transport } = rig((request, n) => (n < 3 ? { status } : taking(request)));
    await expect(deliver(2)).resolves.toEqual({ rejections: [], unsettled: [] });
    expect(new Set(transport.requests.map(({ body }) => textOf(body))).size).toBe(1);
    expect(transport.requests).toHaveLength(3);
  });

  it('is waited out as Retry-After says', async () => {
    const limited = { status: 429, headers: { 'Retry-After': '45' } };
    const { deliver, clock, told } = rig((request, n) => (n === 1 ? limited : taking(request)));
    await deliver(2);
    expect(clock.sleeps).toEqual([45_000]);
    expect(told).toMatchObject([{ kind: 'retrying', side: 'destination', delayMs: 45_000 }]);
  });

  it('waits 1, 2, 4, 8, 10, 10 s at the most, and half of it at the least', async () => {
    const { deliver, clock } = rig((request, n) => (n <= 7 ? { status: 503 } : taking(request)));
    await deliver(1);
    [1, 2, 4, 8, 10, 10, 10].forEach((seconds, index) => {
      expect(clock.sleeps[index]).toBeGreaterThanOrEqual(seconds * 500);
      expect(clock.sleeps[index]).toBeLessThanOrEqual(seconds * 1000);
    });
  });

  it('may come after the intake took the events: they are sent again, since at least once is the promise', async () => {
    const took: number[][] = [];
    const { deliver } = rig((request, n) => {
      took.push(indexesIn(request));
      if (n === 1) throw systemError('ECONNRESET');
      const answer = taking(request);
      return n === 2 ? { body: ['{"event_'], breaksWith: systemError('UND_ERR_SOCKET') } : answer;
    });
    await expect(deliver(3)).resolves.toEqual({ rejections: [], unsettled: [] });
    expect(took).toEqual([all(3), all(3), all(3)]);
  });

  it('is the outcome when the deadline has passed, with every event unsettled', async () => {
    const { deliver, clock } = rig(inTurn({ status: 503 }));
    await expect(deliver(3)).resolves.toMatchObject({
      rejections: [],
      unsettled: [0, 1, 2],
      failure: { code: 'DESTINATION_UNAVAILABLE', retryable: true },
    });
    expect(clock.monotonic()).toBeGreaterThan(3_500_000);
    expect(clock.monotonic()).toBeLessThanOrEqual(3_600_000);
  });

  it('leaves acknowledged what was acknowledged before', async () => {
    const { deliver } = rig((request) => {
      if (indexesIn(request).length > 4) return { status: 413 };
      return indexesIn(request)[0] === 0 ? taking(request) : { status: 503 };
    });
    await expect(deliver(8)).resolves.toMatchObject({ unsettled: [4, 5, 6, 7], rejections: [] });
  });
});

describe('a stop', () => {
  it('ends the wait between tries at once, and leaves the events owed', async () => {
    const clock = new ManualClock();
    const { deliver, stop } = rig(inTurn({ status: 503 }), { clock });
    const delivery = deliver(2);
    await clock.advance(10);
    stop.request();
    const { failure, unsettled } = await delivery;
    expect([isAbort(failure), unsettled]).toEqual([true, [0, 1]]);
    expect(clock.monotonic()).toBe(10);
  });

  it('lets a request under way finish; a second one aborts it', async () => {
    const finished = rig((request) => taking(request));
    finished.stop.request();
    await expect(finished.deliver(2)).resolves.toEqual({ rejections: [], unsettled: [] });

    const aborted = rig(({ signal }) => {
      aborted.stop.force();
      expect(signal?.aborted).toBe(true);
      return {};
    });
    const { failure, unsettled } = await aborted.deliver(2);
    expect([isAbort(failure), unsettled]).toEqual([true, [0, 1]]);
  });

  it('is not held up by narrowing down', async () => {
    const { deliver, stop, transport } = rig(() => {
      stop.request();
      return { status: 400 };
    });
    const { failure, unsettled } = await deliver(50);
    expect([isAbort(failure), unsettled.length, transport.requests.length]).toEqual([true, 50, 1]);
  });
});

describe('the intake key', () => {
  it.each([400, 401, 413, 429, 500])(
    'is in no error and in no event, though an answer of %i quotes the request',
    async (status) => {
      const { deliver, told } = rig((request, n) => {
        if (n > 30) return taking(request);
        return { status, body: JSON.stringify({ message: `invalid request: ${textOf(request.body).slice(0, 200)}` }) };
      });
      const { failure, rejections } = await deliver(3);
      const error = failure as ModuleError | undefined;
      const said = [
        error?.message,
        error?.stack,
        error?.advice,
        String(error?.cause),
        JSON.stringify([told, rejections]),
      ];
      const retries = told.map((event) => (event.kind === 'retrying' ? event.error.message : ''));
      expect([...said, ...retries].join('\n')).not.toContain(KEY);
      expect([...said, ...retries].join('\n')).toContain('[redacted]');
    },
  );

  it('is not in the reason of a rejection either', async () => {
    const { deliver } = rig(
      inTurn({ body: JSON.stringify({ events: [{ status: 200 }, { status: 400, message: `key ${KEY}?` }] }) }),
    );
    await expect(deliver(2)).resolves.toMatchObject({ rejections: [{ reason: 'status 400: key [redacted]?' }] });
  });
});

describe('a batch of which every event is refused', () => {
  const poison = (text: string): boolean => text.includes('"event-0"');
  const intake: Script = (request) =>
    bodyOf(request).jsons.some(poison) ? { status: 400, body: '{"message":"bad event"}' } : taking(request);

  function batchOf(destination: IntakeDestination, index: number) {
    const batch = destination.createBatch();
    addTo(batch, rawEvent(testEvent(`event-${index}`, 1_900_000_000_000 + index)));
    return batch;
  }

  it('is at fault itself where another batch, sent after it, is accepted', async () => {
    const { destination, stop } = rig(intake, { clock: new ManualClock() });
    const refused = destination.deliver(batchOf(destination, 0), stop);
    await everybodyHadTheirTurn();
    await destination.deliver(batchOf(destination, 1), stop);
    await expect(refused).resolves.toMatchObject({ rejections: [{ index: 0 }], unsettled: [] });
  });

  it('is not proven to be at fault by a batch that was accepted before it', async () => {
    const { destination, stop } = rig(intake);
    await destination.deliver(batchOf(destination, 1), stop);
    const outcome = await destination.deliver(batchOf(destination, 0), stop);
    expect(outcome).toMatchObject({ rejections: [], unsettled: [0], failure: { code: 'DESTINATION_REFUSES_EVENT' } });
  });

  it('does not wait for proof once a stop was requested', async () => {
    const { destination, stop, clock } = rig(intake, { clock: new ManualClock() });
    const refused = destination.deliver(batchOf(destination, 0), stop);
    await everybodyHadTheirTurn();
    stop.request();
    await expect(refused).resolves.toMatchObject({ unsettled: [0] });
    expect(clock.monotonic()).toBe(0);
  });
});

describe('a wait that the intake asks for', () => {
  it('holds every batch, not only the one that was told', async () => {
    const clock = new ManualClock();
    let told = false;
    const { destination, transport, stop } = rig(
      (request) => {
        if (told) return taking(request);
        told = true;
        return { status: 429, headers: { 'retry-after': '60' }, body: '' };
      },
      { clock },
    );
    const batches = [0, 1].map((index) => {
      const batch = destination.createBatch();
      addTo(batch, rawEvent(testEvent(`event-${index}`, 1_900_000_000_000 + index)));
      return batch;
    });
    const first = destination.deliver(batches[0]!, stop);
    await everybodyHadTheirTurn();
    const second = destination.deliver(batches[1]!, stop);
    await clock.advance(59_000);
    expect(transport.requests).toHaveLength(1);
    await clock.advance(2_000);
    expect(await Promise.all([first, second])).toEqual([ALL_TAKEN, ALL_TAKEN]);
  });
});

const ALL_TAKEN: DeliveryOutcome = { rejections: [], unsettled: [] };

describe('an intake that errs for a while', () => {
  it.each([400, 413, 500])('with %d makes no good event rejected', async (status) => {
    for (let incident = 1; incident < 20; incident += 1) {
      const { deliver } = rig((request, n) => (n <= incident ? { status, body: '' } : taking(request)));
      const outcomes = [await deliver(4)];
      // Where every event was refused, the batch comes again, as the next cycle brings it.
      for (; outcomes.at(-1)?.failure !== undefined && outcomes.length < 9;) outcomes.push(await deliver(4));
      expect(outcomes.flatMap(({ rejections }) => rejections)).toEqual([]);
      expect(outcomes.at(-1)).toEqual(ALL_TAKEN);
    }
  });

  it('with 500 for one event rejects that one, and delivers the rest, in the time of a push', async () => {
    const { deliver } = rig((request) =>
      indexesIn(request).includes(3) ? { status: 500, body: 'boom' } : taking(request),
    );
    const outcome = await deliver(20);
    expect(outcome).toMatchObject({ rejections: [{ index: 3 }], unsettled: [] });
    expect(outcome.rejections[0]?.reason).toContain('500');
  });

  it('with 503 throughout blames no event, however long it lasts', async () => {
    const { deliver } = rig(() => ({ status: 503, body: '' }));
    await expect(deliver(20)).resolves.toMatchObject({
      rejections: [],
      unsettled: all(20),
      failure: { code: 'DESTINATION_UNAVAILABLE' },
    });
  });
});

describe('a key that is replaced', () => {
  const OLD = KEY;
  const NEW = 'synthetic-intake-key-that-is-longer';

  function rigged(form: 'json' | 'lines', status = 401) {
    let current = OLD;
    const refreshes: string[] = [];
    const keyOf = ({ headers, body }: HttpRequest): string =>
      headers['x-sekoiaio-intake-key'] ?? (JSON.parse(textOf(body)) as { intake_key: string }).intake_key;
    const sent: string[] = [];
    const made = rig(
      (request) => {
        sent.push(keyOf(request));
        if (keyOf(request) !== NEW) return { status, body: `{"message":"unknown ${keyOf(request)}"}` };
        const count = form === 'json' ? indexesIn(request).length : textOf(request.body).split('\n').length;
        return { body: JSON.stringify({ event_ids: Array.from({ length: count }, (_, n) => `id-${n}`) }) };
      },
      {
        form,
        key: {
          latest: () => Promise.resolve(current),
          refresh: () => {
            refreshes.push(current);
            current = replacement;
            return Promise.resolve();
          },
        },
      },
    );
    let replacement = NEW;
    return { ...made, sent, refreshes, keep: () => (replacement = OLD) };
  }

  it.each(['json', 'lines'] as const)(
    'is looked for after a refusal, and the same events are sent with it: %s',
    async (form) => {
      const { deliver, sent, transport } = rigged(form);
      const outcome = await deliver(3);
      expect(outcome).toMatchObject({ rejections: [] });
      expect(outcome.failure).toBeUndefined();
      expect(sent).toEqual([OLD, NEW]);
      expect(textOf(transport.requests[1]?.body).match(/event-\d/g)).toEqual(['event-0', 'event-1', 'event-2']);
      await deliver(2);
      expect(sent).toEqual([OLD, NEW, NEW]);
    },
  );

  it('is looked for once where it is still the same, and neither is shown', async () => {
    const { deliver, sent, refreshes, keep } = rigged('json', 403);
    keep();
    const { failure } = await deliver(3);
    expect(failure).toMatchObject({ code: 'DESTINATION_REFUSED', status: 403 });
    expect(String(failure)).not.toContain(OLD);
    expect([sent, refreshes]).toEqual([[OLD], [OLD]]);
  });
});
