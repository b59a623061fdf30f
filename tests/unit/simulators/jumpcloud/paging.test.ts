import { afterEach, describe, expect, it } from '@jest/globals';
import {
  allPages,
  closeAll,
  event,
  eventsEverySecond,
  messageOf,
  page,
  post,
  startApi,
  WHOLE_DAY,
} from '../support.js';

afterEach(closeAll);

describe('the limit', () => {
  it.each([
    ['absent', undefined, '1000'],
    ['zero', 0, '1000'],
    ['negative', -5, '1000'],
    ['textual', '50', '1000'],
    ['fractional', 2.5, '1000'],
    ['above 10,000', 10_001, '1000'],
    ['the maximum', 10_000, '10000'],
    ['ordinary', 7, '7'],
  ])('that is %s is told by X-Limit', async (_, limit, applied) => {
    const api = await startApi();
    const response = await post(api, { ...WHOLE_DAY, limit });
    expect(response.headers.get('x-limit')).toBe(applied);
  });

  it('above 10,000 becomes 10,000 when so configured', async () => {
    const api = await startApi({ excessiveLimit: 'maximum' });
    expect((await post(api, { ...WHOLE_DAY, limit: 99_999 })).headers.get('x-limit')).toBe('10000');
  });

  it('cuts the page', async () => {
    const api = await startApi();
    eventsEverySecond(1003).forEach((one) => api.add(one));
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(1000);
  });
});

describe('the direction', () => {
  it.each([
    ['ASC', 'ASC'],
    ['desc', 'DESC'],
    ['DESC', 'DESC'],
    ['-timestamp', 'ASC'],
    [7, 'ASC'],
    [undefined, 'ASC'],
  ])('%p is taken for %s', async (sort, applied) => {
    const api = await startApi();
    eventsEverySecond(3).forEach((one) => api.add(one));
    const response = await post(api, { ...WHOLE_DAY, sort });
    expect(response.headers.get('x-sort')).toBe(applied);
    const times = ((await response.json()) as { timestamp: string }[]).map(({ timestamp }) => timestamp);
    expect(times).toEqual(applied === 'ASC' ? [...times].sort() : [...times].sort().reverse());
  });

  it('ignores a member that is not the right one', async () => {
    const api = await startApi();
    expect((await post(api, { ...WHOLE_DAY, sort: undefined, sortOrder: 'DESC' })).headers.get('x-sort')).toBe('ASC');
  });
});

describe('following the tokens', () => {
  it.each(['ASC', 'DESC'])('reaches every event once (%s)', async (sort) => {
    const api = await startApi();
    const events = eventsEverySecond(11);
    events.forEach((one) => api.add(one));
    const pages = await allPages(api, { ...WHOLE_DAY, sort, limit: 4 });
    expect(pages.map((one) => one.length)).toEqual([4, 4, 3]);
    const expected = events.map(({ id }) => id);
    expect(pages.flat()).toEqual(sort === 'ASC' ? expected : expected.reverse());
  });

  it('ends with an empty page and a token when the number is an exact multiple', async () => {
    const api = await startApi();
    eventsEverySecond(4).forEach((one) => api.add(one));
    const first = await page(api, { ...WHOLE_DAY, limit: 4 });
    const response = await post(api, { ...WHOLE_DAY, limit: 4, search_after: first.token });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-result-count')).toBe('0');
    expect(response.headers.get('x-search_after')).toMatch(/^\[\d+,"[^"]+"\]$/);
    expect(await response.text()).toBe('[]');
  });

  it('gives a token on the last page too, another each time, with the number of the last row', async () => {
    const api = await startApi();
    const [one] = eventsEverySecond(1);
    api.add(one!);
    const [first, second] = [await page(api, WHOLE_DAY), await page(api, WHOLE_DAY)];
    expect(first.token).toEqual([one!.timestampMs, expect.any(String)]);
    expect(first.token).not.toEqual(second.token);
  });

  it('splits events of one timestamp over a page boundary without losing any', async () => {
    const api = await startApi();
    const twins = Array.from({ length: 5 }, () => event('08:00:00.5'));
    twins.forEach((one) => api.add(one));
    const pages = await allPages(api, { ...WHOLE_DAY, limit: 2 });
    expect(pages.flat().sort()).toEqual(twins.map(({ id }) => id).sort());
  });

  it('does not show an event that was inserted behind the cursor, until asked anew', async () => {
    const api = await startApi();
    eventsEverySecond(4).forEach((one) => api.add(one));
    const query = { ...WHOLE_DAY, limit: 3 };
    const first = await page(api, query);
    const late = event('07:59:59');
    api.add(late);
    const second = await page(api, { ...query, search_after: first.token });
    expect(second.ids).toHaveLength(1);
    expect(second.ids).not.toContain(late.id);
    expect((await page(api, query)).ids[0]).toBe(late.id);
  });
});

describe('a token', () => {
  const query = { ...WHOLE_DAY, limit: 2 };

  async function withToken() {
    const api = await startApi();
    eventsEverySecond(5).forEach((one) => api.add(one));
    const { token } = await page(api, query);
    return { api, token: token as [number, string] };
  }

  it.each([
    ['limit', { limit: 3 }],
    ['start_time', { start_time: '2030-03-11T00:00:01Z' }],
    ['end_time', { end_time: '2030-03-11T11:59:59Z' }],
    ['service', { service: ['sso'] }],
    ['sort', { sort: 'DESC' }],
  ])('is refused when %s differs from the query it was issued for', async (_, change) => {
    const { api, token } = await withToken();
    const response = await post(api, { ...query, ...change, search_after: token });
    expect(response.status).toBe(400);
    expect(await messageOf(response)).toContain('another query');
  });

  it.each([
    ['its number has become a string', ([ms, opaque]: [number, string]) => [String(ms), opaque]],
    ['its number was altered', ([ms, opaque]: [number, string]) => [ms + 1, opaque]],
    ['it was made up', () => [1, 'made-up']],
    ['it is its own text', (token: [number, string]) => JSON.stringify(token)],
    ['it is cut short', ([ms]: [number, string]) => [ms]],
  ])('is refused when %s', async (_, disfigure) => {
    const { api, token } = await withToken();
    expect((await post(api, { ...query, search_after: disfigure(token) })).status).toBe(400);
  });

  it('may be used again, as a retry does', async () => {
    const { api, token } = await withToken();
    const again = { ...query, search_after: token };
    expect((await page(api, again)).ids).toEqual((await page(api, again)).ids);
  });

  it('is not checked against the query when that is configured', async () => {
    const api = await startApi({ tokens: 'lenient' });
    eventsEverySecond(5).forEach((one) => api.add(one));
    const { token } = await page(api, query);
    expect((await page(api, { ...query, limit: 9, search_after: token })).ids).toHaveLength(3);
  });
});
