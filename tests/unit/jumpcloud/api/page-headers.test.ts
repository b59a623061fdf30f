import { describe, expect, it } from '@jest/globals';

import { readPageHeaders } from '../../../../src/jumpcloud/api/page-headers.js';

describe('the headers of a page', () => {
  it('are read as numbers, a direction and a token left as it is', () => {
    const headers = {
      'x-result-count': '2',
      'x-limit': '1000',
      'x-sort': ' asc ',
      'x-search_after': ' [1899448275704,"kQ9x"] ',
    };
    expect(readPageHeaders(headers)).toEqual({
      resultCount: 2,
      limit: 1000,
      sort: 'ASC',
      searchAfter: '[1899448275704,"kQ9x"]',
    });
  });

  it('are absent where a proxy stripped them', () => {
    expect(readPageHeaders({})).toEqual({
      resultCount: undefined,
      limit: undefined,
      sort: undefined,
      searchAfter: undefined,
    });
  });

  it.each(['', ' ', 'ten', '1e3', '-1', '1.5', '0x10', '2, 2'])('count %j as no number', (text) => {
    expect(readPageHeaders({ 'x-result-count': text, 'x-limit': text })).toMatchObject({
      resultCount: undefined,
      limit: undefined,
    });
  });

  it('tell that a page is empty, but never that it may hold nothing', () => {
    expect(readPageHeaders({ 'x-result-count': '0', 'x-limit': '0' })).toMatchObject({
      resultCount: 0,
      limit: undefined,
    });
  });

  it.each(['', '[', '[]', '{}', '7', '"a"', 'null', '[1,"a"], [2,"b"]'])('count %j as no token', (text) => {
    expect(readPageHeaders({ 'x-search_after': text }).searchAfter).toBeUndefined();
  });
});
