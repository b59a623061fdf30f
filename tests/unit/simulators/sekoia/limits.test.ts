import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { RejectionShape } from '../../../../src/simulators/sekoia/options.js';
import { batch, closeAll, push, startIntake } from '../support.js';

afterEach(closeAll);

const LIMIT = 256_000;
const exact = 'a'.repeat(LIMIT);
const tooLong = 'b'.repeat(LIMIT + 1);
const tooManyBytes = 'é'.repeat(LIMIT / 2 + 1);

describe('an event', () => {
  it('of 256,000 bytes is accepted, one of a byte more is not', async () => {
    const intake = await startIntake();
    expect((await push(intake, batch([exact]))).status).toBe(200);
    expect((await push(intake, batch([tooLong]))).status).toBe(413);
    expect((await push(intake, batch([tooManyBytes]))).status).toBe(413);
    expect([intake.received.events, intake.received.refused]).toEqual([1, 2]);
  });

  const ID = expect.stringMatching(/^0{8}-/);
  it.each<[RejectionShape, unknown]>([
    ['null_ids', { event_ids: [ID, null, ID] }],
    ['fewer_ids', { event_ids: [ID, ID] }],
    ['status_codes', { event_ids: [ID, null, ID], statuses: [200, 413, 200] }],
    [
      'statuses',
      {
        event_ids: [ID, ID],
        statuses: [
          { status: 200, event_id: ID },
          { status: 413, message: 'event too large' },
          { status: 200, event_id: ID },
        ],
      },
    ],
    [
      'events',
      {
        events: [
          { status: 'accepted', event_id: ID },
          { status: 'rejected', code: 413, reason: 'event too large' },
          { status: 'accepted', event_id: ID },
        ],
      },
    ],
  ])('that is too long does not spoil its batch; the answer has the shape %s', async (rejectionShape, shape) => {
    const intake = await startIntake({ rejectionShape });
    const response = await push(intake, batch(['{}', tooLong, '[]']));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(shape);
    expect([intake.received.count('{}'), intake.received.count(tooLong), intake.received.count('[]')]).toEqual([
      1, 0, 1,
    ]);
  });

  it('spoils its batch when all are too long', async () => {
    const intake = await startIntake();
    expect((await push(intake, batch([tooLong, tooLong]))).status).toBe(413);
  });
});

describe('a request', () => {
  const MAX = 10 * 1024 * 1024;

  function bodyOf(bytes: number): string {
    const filling = bytes - JSON.stringify(batch(Array.from({ length: 60 }, () => ''))).length;
    const share = Math.floor(filling / 60);
    const texts = Array.from({ length: 60 }, (_, index) => 'a'.repeat(index === 0 ? filling - 59 * share : share));
    return JSON.stringify(batch(texts));
  }

  it('of 10 MiB is taken, one of a byte more is not', async () => {
    const intake = await startIntake();
    expect((await push(intake, bodyOf(MAX))).status).toBe(200);
    expect((await push(intake, bodyOf(MAX + 1))).status).toBe(413);
    expect(intake.received.events).toBe(60);
  });

  it('is measured unpacked too', async () => {
    const intake = await startIntake();
    const headers = { 'content-encoding': 'gzip' };
    expect((await push(intake, gzipSync(bodyOf(MAX), { level: 1 }), { headers })).status).toBe(200);
    expect((await push(intake, gzipSync(bodyOf(MAX + 1), { level: 1 }), { headers })).status).toBe(413);
  });
});

describe('the record', () => {
  it('keeps the texts that were wanted and forgets on demand', async () => {
    const intake = await startIntake({ keepText: () => true });
    await push(intake, batch(['{"é":1}', '{}']));
    expect(intake.received.texts).toEqual(['{"é":1}', '{}']);
    intake.received.clear();
    expect(intake.received).toMatchObject({ events: 0, bytes: 0, texts: [] });
    expect((await startIntake()).received.texts).toEqual([]);
  });
});
