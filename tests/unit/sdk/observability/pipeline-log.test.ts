import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { pipelineLog } from '../../../../src/sdk/observability/pipeline-log.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { RecordingLog } from '../../../support/recording-log.js';

function listening() {
  const clock = new ManualClock();
  const log = new RecordingLog();
  return { clock, log, tell: pipelineLog(log.log, clock) };
}

const toMs = Date.UTC(2030, 0, 2, 3, 4, 5);
const READ: PipelineEvent = { kind: 'read', events: 3, repeated: 0, bytes: 900 };
const FRESHNESS = { lane: 'tail', sinceSeenMs: 12, sinceHappenedMs: undefined } as const;
const DELIVERED: PipelineEvent = { kind: 'delivered', events: 3, bytes: 900, durationMs: 10, freshness: FRESHNESS };
const COMMITTED: PipelineEvent = {
  kind: 'committed',
  owedFromMs: toMs,
  accountedFor: 3,
  ledgerEvents: 3,
  provenToMs: undefined,
};
const caughtUp = (events: number): PipelineEvent => ({ kind: 'caught-up', toMs, events, durationMs: 1234 });

function retrying(side: 'source' | 'counts' | 'destination' | 'state', attempt = 1): PipelineEvent {
  const error = new ModuleError('SOURCE_UNREACHABLE', `No answer from the ${side}`, { advice: 'Do this.' });
  return { kind: 'retrying', side, error, attempt, delayMs: 1500 };
}

describe('the log of a stream', () => {
  it('has a line for a cycle that moved events', () => {
    const { log, tell } = listening();
    [READ, DELIVERED, COMMITTED, caughtUp(3), caughtUp(1)].forEach(tell);
    expect(log.lines).toMatchObject([
      { level: 'info', message: 'Delivered 3 events up to 2030-01-02T03:04:05Z in 1.2 s' },
      { level: 'info', message: 'Delivered an event up to 2030-01-02T03:04:05Z in 1.2 s' },
    ]);
  });

  it('has none for an empty cycle', () => {
    const { log, tell } = listening();
    [COMMITTED, caughtUp(0)].forEach(tell);
    expect(log.lines).toEqual([]);
  });

  it('tells of each event that was kept, of trimmed ones that a copy was sent, and of a dead letter that fills', () => {
    const { log, tell } = listening();
    const kept = { kind: 'dead-lettered', id: 'x', reason: 'why', bytes: 7 } as const;
    tell(kept);
    tell({ ...kept, delivered: 'trimmed' });
    tell({ kind: 'dead-letter-filling', bytes: 855, limitBytes: 1000 });
    const fields = { id: 'x', bytes: 7 };
    expect(log.lines).toEqual([
      { level: 'warning', message: 'An event went to the dead letter: why', fields },
      {
        level: 'warning',
        message: 'A trimmed copy of an event is sent, and the whole of it kept in the dead letter: why',
        fields,
      },
      {
        level: 'warning',
        message: 'The dead letter has taken 85 % of dead_letter_limit: collection stops when it is full',
        fields: { bytes: 855, limitBytes: 1000 },
      },
    ]);
  });

  it.each([
    ['source', READ, 'warning', undefined],
    ['destination', DELIVERED, 'warning', undefined],
    // Nobody but an operator makes room on a disk: that is an error, with the remedy.
    ['state', COMMITTED, 'error', 'Do this.'],
  ] as const)(
    'has one line when trouble with the %s begins and one when it ends',
    async (side, sign, level, advice) => {
      const { clock, log, tell } = listening();
      tell(retrying(side));
      await clock.advance(1500);
      tell(retrying(side, 2));
      tell(retrying(side, 3));
      await clock.advance(5500);
      tell(sign);
      tell(sign);
      expect(log.lines).toMatchObject([
        {
          level,
          message: `No answer from the ${side}; try 2 in 1.5 s`,
          fields: { code: 'SOURCE_UNREACHABLE', ...(advice === undefined ? {} : { advice }) },
        },
        { level: 'debug', message: `No answer from the ${side}; try 3 in 1.5 s` },
        { level: 'debug', message: `No answer from the ${side}; try 4 in 1.5 s` },
        { level: 'info', message: `The ${side} works again after 3 failed tries, 7 s later` },
      ]);
    },
  );

  it('tells the trouble of one side from that of another', () => {
    const { log, tell } = listening();
    [retrying('source'), retrying('destination'), READ].forEach(tell);
    expect(log.at('warning')).toHaveLength(2);
    expect(log.at('info')).toEqual(['The source works again after a failed try, 0 s later']);
  });

  it('has the end of trouble with the source also where there was nothing to read, so that the next one is told', () => {
    const { log, tell } = listening();
    [retrying('source'), COMMITTED, caughtUp(0), retrying('source')].forEach(tell);
    expect(log.lines.map(({ level }) => level)).toEqual(['warning', 'info', 'warning']);
  });

  it('has a line for each dead letter, with id, reason and size', () => {
    const { log, tell } = listening();
    tell({ kind: 'dead-lettered', id: 'abc', reason: 'status 400: bad', bytes: 260_000 });
    tell({ kind: 'dead-lettered', id: undefined, reason: 'too large', bytes: 1 });
    expect(log.lines).toMatchObject([
      {
        level: 'warning',
        message: 'An event went to the dead letter: status 400: bad',
        fields: { id: 'abc', bytes: 260_000 },
      },
      { level: 'warning', fields: { id: undefined, bytes: 1 } },
    ]);
  });

  it('keeps trouble with counts apart: pages that arrive meanwhile do not end it', () => {
    const { log, tell } = listening();
    [retrying('counts'), READ, retrying('counts', 2), caughtUp(0), retrying('counts', 3)].forEach(tell);
    expect(log.at('warning')).toHaveLength(1);
    expect(log.at('info')).toEqual([]);
    tell({ kind: 'counted' });
    expect(log.at('info')).toEqual(['The source answers questions for counts again after 3 failed tries, 0 s later']);
  });

  it('has no line of its own for counts while the source does not answer at all', () => {
    const { log, tell } = listening();
    [retrying('source'), retrying('counts'), READ].forEach(tell);
    expect(log.at('warning')).toEqual(['No answer from the source; try 2 in 1.5 s']);
  });

  it('has one line for the first of many events that are kept for one reason, and one that counts the others', () => {
    const { log, tell } = listening();
    const keep = (n: number): PipelineEvent => ({
      ...{ kind: 'dead-lettered', id: `e${n}`, reason: `its ${n} bytes exceed what is taken`, bytes: n },
    });
    for (let n = 1; n <= 100; n += 1) tell(keep(n));
    tell(COMMITTED);
    tell(COMMITTED);
    tell(keep(101));
    expect(log.at('warning')).toEqual([
      'An event went to the dead letter: its 1 bytes exceed what is taken',
      '99 more events went to the dead letter for the same reason: its 1 bytes exceed what is taken',
      'An event went to the dead letter: its 101 bytes exceed what is taken',
    ]);
    expect(log.at('debug')).toHaveLength(99);
  });

  it('leaves failed cycles to whoever pauses after them', () => {
    const { log, tell } = listening();
    tell({ kind: 'cycle-failed', error: new ModuleError('SOURCE_UNREACHABLE', 'x'), delayMs: 1 });
    expect(log.lines).toEqual([]);
  });
});
