import { describe, expect, it } from '@jest/globals';

import { eventsBody, selectionBody } from '../../../../src/jumpcloud/api/query.js';

const SELECTION = {
  services: ['sso', 'radius'],
  fromMs: Date.UTC(2030, 2, 11, 8),
  toMs: Date.UTC(2030, 2, 11, 9) + 250,
};

describe('the body of a query', () => {
  it('has one service an element, and bounds in UTC', () => {
    expect(selectionBody(SELECTION)).toBe(
      '{"service":["sso","radius"],"start_time":"2030-03-11T08:00:00Z","end_time":"2030-03-11T09:00:00.250Z"}',
    );
  });

  it('takes more members', () => {
    expect(JSON.parse(selectionBody(SELECTION, { field: 'event_type' }))).toMatchObject({ field: 'event_type' });
  });

  it('sorts by sort, not by sortOrder, and limits', () => {
    const body = JSON.parse(eventsBody(SELECTION, 10_000, undefined)) as object;
    expect(body).toMatchObject({ sort: 'ASC', limit: 10_000 });
    expect(Object.keys(body)).toEqual(['service', 'start_time', 'end_time', 'sort', 'limit']);
  });

  it('differs from the first one only by the token, which is not written anew', () => {
    const first = eventsBody(SELECTION, 2, undefined);
    const token = '[18446744073709551617, "k\\u0051"]';
    expect(eventsBody(SELECTION, 2, token)).toBe(first.replace(/}$/, `,"search_after":${token}}`));
  });
});
