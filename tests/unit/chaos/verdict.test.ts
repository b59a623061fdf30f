import { describe, expect, it } from '@jest/globals';

import { explainedDuplicates, findings, type Outcome } from '../../chaos/verdict.js';

const GOOD: Outcome = {
  account: {
    ...{ held: 100, delivered: 99, deadLettered: 1, lost: 0, duplicated: 0, unknown: 0, pending: 0 },
    ...{ lostEvents: [], apiRequests: 10, intakeRequests: 10 },
  },
  deeds: {
    ...{ incidents: { kill: 2 }, hardEnds: 0, calmStops: 1, refusedStarts: 0, longestStopMs: 100, surprises: [] },
  },
  lostAnswers: 0,
  healthyAfterMs: 1000,
  repeatedAfterCleanStop: 0,
};

describe('the verdict on a run of chaos', () => {
  it('is good where all is delivered or in the dead letter', () => {
    expect(findings(GOOD)).toEqual([]);
  });

  it('lets a crash repeat five batches, and a lost answer one', () => {
    const outcome = { ...GOOD, deeds: { ...GOOD.deeds, hardEnds: 2 }, lostAnswers: 3 };
    expect(explainedDuplicates(outcome)).toBe((2 * 5 + 3) * 200);
    const repeated = (duplicated: number): Outcome => ({ ...outcome, account: { ...GOOD.account, duplicated } });
    expect(findings(repeated(2600))).toEqual([]);
    expect(findings(repeated(2601))).toEqual(['2601 duplicates, of which at most 2600 are explained']);
  });

  it.each<[string, Partial<Outcome>]>([
    ['healthy', { healthyAfterMs: undefined }],
    ['lost', { account: { ...GOOD.account, lost: 1 } }],
    ['never had', { account: { ...GOOD.account, unknown: 1 } }],
    ['duplicates', { account: { ...GOOD.account, duplicated: 1 } }],
    ['repeated', { repeatedAfterCleanStop: 1 }],
    ['by itself', { deeds: { ...GOOD.deeds, surprises: ['it ended by itself'] } }],
  ])('names what must not be: %s', (word, change) => {
    expect(findings({ ...GOOD, ...change })).toEqual([expect.stringContaining(word)]);
  });
});
