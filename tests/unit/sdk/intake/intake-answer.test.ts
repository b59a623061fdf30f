import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { type IntakeAnswer, readIntakeAnswer } from '../../../../src/sdk/intake/intake-answer.js';

const YES = { kind: 'accepted' };
const no = (reason: string): unknown => ({ kind: 'rejected', reason });
const later = (reason: string): unknown => ({ kind: 'later', reason });
const verdicts = (...list: readonly unknown[]): unknown => ({ kind: 'verdicts', verdicts: list });

function read(answer: unknown, count: number): IntakeAnswer {
  return readIntakeAnswer(typeof answer === 'string' ? answer : JSON.stringify(answer), count);
}

describe('readIntakeAnswer', () => {
  it.each([
    [{ event_ids: ['a', 'b'] }],
    [{ event_ids: [1, 2] }],
    [{ event_ids: ['a', 'b'], errors: [], note: 'ok', rejected: null }],
    [{ event_ids: ['a', 'b'], warnings: ['slow', 'slower'] }],
  ])('takes an id for each event as an acknowledgement of each: %j', (answer) => {
    expect(read(answer, 2)).toEqual({ kind: 'accepted' });
  });

  it.each([
    [{ statuses: [200, 413] }, verdicts(YES, no('status 413'))],
    [[201, 400], verdicts(YES, no('status 400'))],
    [{ results: [{ status: 200 }, { status: 413, error: 'too large' }] }, verdicts(YES, no('status 413: too large'))],
    [{ results: [{ status_code: 202 }, { code: 422, message: 'bad' }] }, verdicts(YES, no('status 422: bad'))],
    [{ results: [{ status: '200' }, { status: '400' }] }, verdicts(YES, no('status 400'))],
    [{ results: [{ success: true }, { success: false }] }, verdicts(YES, no('no reason given'))],
    [{ results: [{ success: true }, { success: false, reason: 'bad' }] }, verdicts(YES, no('bad'))],
    [{ results: [{ status: 'ok' }, { status: 'rejected' }] }, verdicts(YES, no('rejected'))],
    [{ results: [{ status: 'accepted' }, { status: 'Too Large', reason: 'over' }] }, verdicts(YES, no('over'))],
    [{ results: [{ error: null }, { error: 'bad' }] }, verdicts(YES, no('bad'))],
    [{ results: [{ error: false }, { error: { code: 1 } }] }, verdicts(YES, no('no reason given'))],
    [{ event_ids: ['a'], statuses: [200, 413] }, verdicts(YES, no('status 413'))],
    [{ event_ids: ['a', 'b'], items: [{ index: 1, status: 'ok' }] }, verdicts(YES, YES)],
  ])('reads a status per event from %j', (answer, expected) => {
    expect(read(answer, 2)).toEqual(expected);
  });

  it.each([408, 429, 500, 502, 503, 504])('takes status %d of one event as a wish to have it later', (status) => {
    expect(read({ statuses: [200, status] }, 2)).toEqual(verdicts(YES, later(`status ${status}`)));
  });

  it.each([400, 401, 404, 409, 413, 422, 499])('takes status %d of one event as a refusal', (status) => {
    expect(read({ statuses: [status] }, 1)).toEqual(verdicts(no(`status ${status}`)));
  });

  it('reads entries that name their position, in any order, where the ids say that the others were taken', () => {
    expect(read({ event_ids: ['a', 'c'], errors: [{ index: 1, error: 'bad' }] }, 3)).toEqual(
      verdicts(YES, no('bad'), YES),
    );
    expect(
      read(
        {
          errors: [
            { position: 1, status: 400 },
            { position: 0, status: 200 },
          ],
        },
        2,
      ),
    ).toEqual(verdicts(YES, no('status 400')));
    expect(
      read(
        {
          event_ids: [],
          errors: [
            { index: 1, error: 'b' },
            { index: 0, error: 'a' },
          ],
        },
        2,
      ),
    ).toEqual(verdicts(no('a'), no('b')));
  });

  it('does not take events for accepted that nobody acknowledged, where only the refused ones are named', () => {
    expect(read({ errors: [{ index: 1, error: 'bad' }] }, 3)).toMatchObject({ kind: 'invalid' });
    expect(read({ event_ids: ['a'], errors: [{ index: 1, error: 'bad' }] }, 3)).toEqual({
      kind: 'ambiguous',
      acknowledged: 1,
    });
    expect(read({ event_ids: ['a', 'b', 'c'], errors: [{ index: 1, error: 'bad' }] }, 3)).not.toMatchObject({
      kind: 'ambiguous',
    });
  });

  it.each([
    [{ event_ids: [] }, 0],
    [{ event_ids: ['a'] }, 1],
    [{ event_ids: ['a', null] }, 1],
    [{ event_ids: ['a', ''] }, 1],
    [{ event_ids: ['a', 'b'], statuses: [200] }, 2],
  ])('does not guess which events are meant where there are fewer ids than events: %j', (answer, acknowledged) => {
    expect(read(answer, 3)).toEqual({ kind: 'ambiguous', acknowledged });
  });

  it.each([null, '', false, {}])('does not take %j for the id of an event', (id) => {
    expect(read({ event_ids: ['a', id] }, 2)).toEqual(verdicts(YES, no('the intake gave it no event id')));
  });

  it.each([
    ['', 'empty'],
    [' \r\n', 'empty'],
    ['<html><body>OK</body></html>', 'not JSON'],
    ['{"event_ids":["a"', 'not JSON'],
    ['OK', 'not JSON'],
    [`{"event_ids":${'['.repeat(65)}${']'.repeat(65)}}`, 'not JSON'],
    ['null', 'without event ids'],
    ['true', 'without event ids'],
    ['"a"', 'without event ids'],
    ['[]', 'without event ids'],
    ['["a","b"]', 'without event ids'],
    ['{}', 'without event ids'],
    ['{"message":"ok"}', 'without event ids'],
    ['{"event_ids":"a"}', 'without event ids'],
    ['{"event_ids":{"0":"a","1":"b"}}', 'without event ids'],
    ['{"errors":[]}', 'without event ids'],
    ['{"event_ids":["a","b","c"]}', '3 event ids for 2 events'],
  ])('finds no acknowledgement in %j', (body, reason) => {
    expect(read(body, 2)).toEqual({ kind: 'invalid', reason: expect.stringContaining(reason) });
  });

  it.each([
    [
      {
        results: [
          { index: 0, status: 200 },
          { index: 2, status: 200 },
        ],
      },
    ],
    [
      {
        results: [
          { index: -1, status: 200 },
          { index: 0.5, status: 200 },
        ],
      },
    ],
    [
      {
        results: [
          { index: '0', status: 200 },
          { index: '1', status: 200 },
        ],
      },
    ],
  ])('reads a list of the right length in order where its positions make no sense: %j', (answer) => {
    expect(read(answer, 2)).toEqual(verdicts(YES, YES));
  });

  it('gives a verdict for every event or none, and accepts nothing without a sign, whatever the answer', () => {
    const anyAnswer = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record(
          {
            event_ids: fc.array(fc.oneof(fc.string(), fc.constant(null), fc.integer()), { maxLength: 5 }),
            errors: fc.array(
              fc.oneof(
                fc.integer({ min: 0, max: 700 }),
                fc.record({ index: fc.integer({ min: -1, max: 6 }), status: fc.integer({ min: 0, max: 700 }) }),
                fc.jsonValue(),
              ),
              { maxLength: 5 },
            ),
          },
          { requiredKeys: [] },
        )
        .map((answer) => JSON.stringify(answer)),
    );
    fc.assert(
      fc.property(anyAnswer, fc.integer({ min: 1, max: 5 }), (body, count) => {
        const answer = readIntakeAnswer(body, count);
        if (answer.kind === 'verdicts') {
          expect(answer.verdicts).toHaveLength(count);
          for (const verdict of answer.verdicts) expect(['accepted', 'rejected', 'later']).toContain(verdict.kind);
        } else if (answer.kind === 'ambiguous') expect(answer.acknowledged).toBeLessThan(count);
        else if (answer.kind === 'invalid') expect(answer.reason).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a status that is neither a number nor a text', () => {
  it.each([[{ toString: 1, valueOf: 1 }], [['200']], [true], [{}]])('is none: %j', (status) => {
    const answer = readIntakeAnswer(JSON.stringify({ results: [{ index: 0, status }] }), 1);
    expect(answer.kind).toBe('ambiguous');
  });
});
