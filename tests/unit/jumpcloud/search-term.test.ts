import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { selectionBody } from '../../../src/jumpcloud/api/query.js';
import { describeSearchTerm, parseSearchTerm, type SearchTerm } from '../../../src/jumpcloud/search-term.js';
import { createJumpcloudApi } from '../../../src/simulators/jumpcloud/api.js';
import { SYNTHETIC_API_KEY } from '../../../src/simulators/jumpcloud/options.js';
import { event, NOW } from '../simulators/support.js';

function problemOf(given: unknown): string {
  const parsed = parseSearchTerm(given);
  return 'problem' in parsed ? parsed.problem : '';
}

function warningOf(given: unknown): string | undefined {
  const parsed = parseSearchTerm(given);
  return 'problem' in parsed ? parsed.problem : parsed.warning;
}

function nested(levels: number): unknown {
  return levels === 0 ? { username: 'a' } : { and: [nested(levels - 1)] };
}

const FIELDS = ['username', 'success', 'initiated_by.type', 'event_type'];
const value = fc.oneof(fc.constantFrom('a', 'b', 'false', 'admin', 'sso_auth'), fc.boolean(), fc.integer());
const criteria = (level: number): fc.Arbitrary<unknown[]> =>
  fc
    .uniqueArray(fc.constantFrom(...FIELDS), { minLength: 1, maxLength: 3 })
    .chain((fields) =>
      fc.tuple(
        ...fields.map((field) =>
          fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 })).map((wanted) => ({ [field]: wanted })),
        ),
        ...(level > 0 ? [term(level - 1)] : []),
      ),
    );
const term = (level = 2): fc.Arbitrary<SearchTerm> =>
  fc.tuple(fc.constantFrom('and', 'or', 'not'), criteria(level)).map(([name, operand]) => ({ [name]: operand }));

describe('parseSearchTerm', () => {
  it.each([
    { and: [{ success: 'false' }, { 'initiated_by.username': ['a', 'b'] }] },
    { or: [{ success: false }, { error_code: 49 }, { and: [{ success: true }, { event_type: 'sso_auth' }] }] },
    { and: [{ or: [{ username: 'a' }] }, { or: [{ username: 'b' }] }] },
  ])('takes %j as it is, and its text', (given) => {
    expect(parseSearchTerm(given)).toEqual({ value: given });
    expect(parseSearchTerm(` ${JSON.stringify(given, null, 2)}\n`)).toEqual({ value: given });
  });

  it.each([
    ['no JSON', 'is not JSON'],
    ['[]', 'must be an object with exactly one of and, or, not'],
    [{}, 'must be an object with exactly one of and, or, not'],
    [{ and: [{ a: 'x' }], or: [{ a: 'x' }] }, 'exactly one of and, or, not, not and, or'],
    [{ username: 'a' }, 'exactly one of and, or, not, not username'],
    [{ and: { username: 'a' } }, 'and must be a list of objects with one member each'],
    [{ or: [] }, 'or must be a list'],
    [{ and: [{ a: 'x', b: 'y' }] }, 'and[0] must be an object with exactly one member, not a, b'],
    [{ and: ['a'] }, 'and[0] must be an object with exactly one member'],
    [{ and: [{ a: 'x' }, { b: 'y' }, { a: 'z' }] }, 'and[2].a is repeated'],
    [{ or: [{ and: [{ a: 'x' }, { a: 'y' }] }] }, 'or[0].and[1].a is repeated'],
    [{ and: [{ changes: 'x' }] }, 'and[0].changes cannot be searched'],
    [{ and: [{ 'changes.field': 'x' }] }, 'cannot be searched'],
    [{ and: [{ useragent: 'x' }] }, 'cannot be searched'],
    [{ and: [{ system_timestamp: 'x' }] }, 'cannot be searched'],
    [{ and: [{ '': 'x' }] }, 'is no name of a field'],
    [{ and: [{ 'initiated_by..id': 'x' }] }, 'is no name of a field'],
    [{ and: [{ a: null }] }, 'and[0].a must be a text, a number, true or false'],
    [{ and: [{ a: { b: 'c' } }] }, 'must be a text'],
    [{ and: [{ a: ['x', ['y']] }] }, 'and[0].a[1] must be a text'],
    [{ and: [{ a: [] }] }, 'has an empty list of values'],
    ['{"and":[{"a":12345678901234567890}]}', 'cannot be held exactly'],
    ['{"and":[{"a":1e999}]}', 'cannot be held exactly'],
    ['{"and":[{"a":"x"}],"and":[{"b":"y"}]}', 'names a member of an object twice'],
    ['{"and":[{"a":"x","a":"y"}]}', 'names a member of an object twice'],
    [nested(11), 'is nested more than 10 deep'],
    [`{"and":${'['.repeat(90_000)}`, 'is not JSON'],
    [`${'{"and":['.repeat(9000)}${']}'.repeat(9000)}`, 'is nested more than 10 deep'],
    [{ and: [{ a: 'x'.repeat(100_001) }] }, 'is longer than 100000 characters'],
  ])('refuses %.80j: %s', (given, problem) => {
    expect(problemOf(given)).toContain(problem);
  });

  it('tells every problem at once, each with its place', () => {
    const problem = problemOf({ and: [{ changes: 'x' }, { or: [{ a: null }, { a: 'x' }] }, { b: 'x', c: 'y' }] });
    expect(problem.split('; ')).toHaveLength(4);
    expect(problem).toMatch(/and\[0\]\.changes .*; and\[1\]\.or\[0\]\.a .*; and\[1\]\.or\[1\]\.a .*; and\[2\] /);
  });

  it('takes ten levels', () => {
    expect(parseSearchTerm(nested(10))).toEqual({ value: nested(10) });
  });

  it.each([
    [{ and: [{ username: ['Anna', 'b'] }] }, 'and[0].username[0]: JumpCloud keeps values in lower case, so "Anna"'],
    [{ not: [{ username: 'a' }] }, "not: 'not' has no documented example"],
    [{ not: { username: 'a' } }, "not: 'not' has no documented example"],
    [{ or: [{ a: Array.from({ length: 501 }, (_, n) => `v${n}`) }] }, 'has 501 values'],
    [{ and: [{ username: 'a:b{"c' }] }, undefined],
  ])('of %.60j warns: %s', (given, warning) => {
    if (warning === undefined) expect(warningOf(given)).toBeUndefined();
    else expect(warningOf(JSON.stringify(given))).toContain(warning);
  });
});

describe('a filter in a query', () => {
  it('has the same bytes whether it was given as an object or as a text, and each time', () => {
    fc.assert(
      fc.property(term(), (given) => {
        const selection = { services: ['all'], fromMs: NOW - 1000, toMs: NOW };
        const bodies = [given, JSON.stringify(given), JSON.stringify(given, null, 1)].flatMap((form) => {
          const parsed = parseSearchTerm(form);
          if ('problem' in parsed) throw new Error(parsed.problem);
          const body = (): string => selectionBody({ ...selection, searchTerm: parsed.value });
          return [body(), body()];
        });
        expect(new Set(bodies).size).toBe(1);
        expect(bodies[0]).toContain(`"search_term":${JSON.stringify(given)}`);
      }),
    );
  });

  it('selects as many events as are counted, at every endpoint', () => {
    const api = createJumpcloudApi({ now: () => NOW });
    const combinations = ['a', 'b', 'A'].flatMap((username) =>
      [true, false].flatMap((success) =>
        ['admin', 'user'].map((type) => ({ username, success, initiated_by: { type } })),
      ),
    );
    combinations.forEach((members, n) => api.add(event(`08:00:${String(n).padStart(2, '0')}`, { members })));
    const ask = (path: string, body: string): unknown => {
      const headers = { 'x-api-key': [SYNTHETIC_API_KEY], 'content-type': ['application/json'] };
      const answer = api.handle({
        ...{ method: 'POST', query: new URLSearchParams(), headers, body: Buffer.from(body) },
        path: `/insights/directory/v1${path}`,
      });
      expect(answer.status).toBe(200);
      return JSON.parse(Buffer.from(answer.body as Uint8Array).toString('utf8'));
    };
    const total = (answer: unknown): number =>
      (answer as { buckets: { doc_count: number }[] }).buckets.reduce((sum, { doc_count: count }) => sum + count, 0);
    fc.assert(
      fc.property(term(), (searchTerm) => {
        const selection = { services: ['all'], fromMs: NOW - 86_400_000, toMs: NOW, searchTerm };
        const shown = ask('/events', selectionBody(selection)) as unknown[];
        expect(ask('/events/count', selectionBody(selection))).toEqual({ count: shown.length });
        expect(total(ask('/events/distinct', selectionBody(selection, { field: 'service' })))).toBe(shown.length);
        expect(total(ask('/events/interval', selectionBody(selection, { interval_unit: 'h' })))).toBe(shown.length);
      }),
    );
  });
});

describe('describeSearchTerm', () => {
  it('shows a filter as it is, and of a long one enough to tell it from others', () => {
    const long = (last: string): SearchTerm => ({ or: [{ username: [...Array<string>(200).fill('someone'), last] }] });
    expect(describeSearchTerm({ and: [{ success: 'false' }] })).toBe('{"and":[{"success":"false"}]}');
    expect(describeSearchTerm(long('a')).length).toBeLessThan(400);
    expect(describeSearchTerm(long('a'))).not.toBe(describeSearchTerm(long('b')));
  });
});
