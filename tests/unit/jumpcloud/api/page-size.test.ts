import { describe, expect, it } from '@jest/globals';

import { fewerRows, PageSize } from '../../../../src/jumpcloud/api/page-size.js';

describe('the size of a page', () => {
  it('is what was configured while all is well', () => {
    const size = new PageSize(10_000);
    for (let page = 0; page < 25; page += 1) size.answered();
    expect(size.rows).toBe(10_000);
  });

  it('is lowered by failures, and doubled with every tenth page that is answered since', () => {
    const size = new PageSize(1000);
    size.lower(fewerRows(1000));
    size.lower(fewerRows(500));
    // A page of before, that fails late.
    size.lower(fewerRows(1000));
    const rows = Array.from({ length: 30 }, () => {
      size.answered();
      return size.rows;
    });
    expect(rows).toEqual([
      ...Array.from({ length: 9 }, () => 250),
      ...Array.from({ length: 10 }, () => 500),
      ...Array.from({ length: 11 }, () => 1000),
    ]);
  });

  it('has to earn its growth again after a failure', () => {
    const size = new PageSize(400);
    size.lower(200);
    for (let page = 0; page < 9; page += 1) size.answered();
    size.lower(200);
    size.answered();
    expect(size.rows).toBe(200);
  });

  it.each([
    [10_000, 5000],
    [201, 100],
    [150, 100],
    [100, 100],
    [7, 7],
    [1, 1],
  ])('after a failure of %i rows is %i', (failed, next) => {
    expect(fewerRows(failed)).toBe(next);
  });
});
