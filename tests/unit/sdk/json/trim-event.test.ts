import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { type Cut, trimEvent, type TrimRules } from '../../../../src/sdk/json/trim-event.js';
import { rawStrings, rawValues, readRaw, type RawMember, type RawValue } from '../../../support/raw-json.js';

const RULES: TrimRules = { limitBytes: 250_000, protectedMembers: ['event_type', 'initiated_by', 'resource'] };
const ID = '"id":"5f1e","timestamp":"2030-01-02T03:04:05.000000001Z"';

interface Account {
  readonly original_bytes: number;
  readonly cuts: readonly Cut[];
}

function trim(text: string, rules = RULES): { readonly text: string; readonly account: Account } {
  const trimmed = trimEvent(Buffer.from(text), rules)!;
  expect(trimmed.length).toBeLessThanOrEqual(rules.limitBytes);
  const parsed = JSON.parse(trimmed.toString()) as { _trimmed: Account };
  expect(parsed._trimmed.original_bytes).toBe(Buffer.byteLength(text));
  // The marker has room of its own, which the rest does not use up.
  expect(trimmed.lastIndexOf('"_trimmed"')).toBeLessThanOrEqual(rules.limitBytes - 2000);
  return { text: trimmed.toString(), account: parsed._trimmed };
}

/** Code points. */
const characters = (raw: string): string[] => Array.from(JSON.parse(raw) as string);

const spoken = (key: string): string => (JSON.parse(key) as string).replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Checks that the copy is the original but for what the cuts say, and that each cut is right. Keys are unique here.
 * @returns the paths of the cuts that were met
 */
function compare(original: RawValue, copy: RawValue, path: string, cuts: ReadonlyMap<string, Cut>): string[] {
  const cut = cuts.get(path);
  const met = cut === undefined ? [] : [path];
  if (original.kind === 'scalar' || copy.kind === 'scalar') {
    expect(copy).toEqual(original);
    return met;
  }
  if (original.kind === 'string') {
    if (cut === undefined) expect(copy).toEqual(original);
    else {
      const raw = (copy as { raw: string }).raw;
      expect(original.raw.startsWith(raw.slice(0, -1))).toBe(true);
      expect({ ...cut }).toEqual({
        path,
        kind: 'string',
        kept: characters(raw).length,
        of: characters(original.raw).length,
      });
    }
    return met;
  }
  if (original.kind === 'list') {
    const { items } = copy as Extract<RawValue, { kind: 'list' }>;
    if (cut === undefined) expect(items).toHaveLength(original.items.length);
    else expect({ ...cut }).toEqual({ path, kind: 'list', kept: items.length, of: original.items.length });
    return [...met, ...items.flatMap((item, n) => compare(original.items[n]!, item, `${path}/${n}`, cuts))];
  }
  const { members } = copy as Extract<RawValue, { kind: 'object' }>;
  if (cut === undefined) expect(members.map(({ key }) => key)).toEqual(original.members.map(({ key }) => key));
  else expect({ ...cut }).toEqual({ path, kind: 'object', kept: members.length, of: original.members.length });
  let from = 0;
  return [
    ...met,
    ...members.flatMap(({ key, value }) => {
      // In the order of the original.
      from = original.members.findIndex((member, n) => n >= from && member.key === key);
      expect(from).toBeGreaterThanOrEqual(0);
      return compare(original.members[from]!.value, value, `${path}/${spoken(key)}`, cuts);
    }),
  ];
}

function membersOf(text: string): readonly RawMember[] {
  return (readRaw(text) as Extract<RawValue, { kind: 'object' }>).members;
}

/** Everything that a trimmed copy promises. */
function expectHonestCopy(text: string, rules: TrimRules): readonly Cut[] {
  const { text: copy, account } = trim(text, rules);
  const members = [...membersOf(copy)];
  expect(members.pop()?.key).toBe('"_trimmed"');
  const cuts = new Map(account.cuts.map((cut) => [cut.path, cut]));
  expect(cuts.size).toBe(account.cuts.length);
  const met = compare(readRaw(text), { kind: 'object', members }, '', cuts);
  expect(met.sort()).toEqual([...cuts.keys()].sort());
  return account.cuts;
}

/** Lays the members' texts side by side; keys that say the same are left out. */
function objectOf(members: readonly (readonly [string, string])[]): string {
  const said = new Set<string>();
  const unique = members.filter(([key]) => !said.has(JSON.parse(key) as string) && said.add(JSON.parse(key) as string));
  return `{${unique.map(([key, value]) => `${key}:${value}`).join(', ')}}`;
}

/** JSON whose objects have no key twice: only then does a path mean one place. */
function hasUniqueKeys(value: RawValue): boolean {
  if (value.kind === 'list') return value.items.every(hasUniqueKeys);
  if (value.kind !== 'object') return true;
  const keys = value.members.map(({ key }) => JSON.parse(key) as string);
  return new Set(keys).size === keys.length && value.members.every((member) => hasUniqueKeys(member.value));
}

describe('a trimmed event', () => {
  it('is within the limit, says truly what was cut, and is the original in all the rest', () => {
    const large = fc.oneof(
      rawStrings(3000),
      fc.array(rawValues, { minLength: 50, maxLength: 300 }).map((items) => `[${items.join(', ')}]`),
    );
    const members = fc.array(fc.tuple(rawStrings(5), fc.oneof(rawValues, large)), { minLength: 1, maxLength: 8 });
    const limit = fc.double({ min: 0.02, max: 0.9, noNaN: true });
    const seen = new Set<string>();
    fc.assert(
      fc.property(members, limit, (given, share) => {
        const text = objectOf([['"id"', '"5f1e"'], ['"timestamp"', '"2030"'], ...given]);
        fc.pre(hasUniqueKeys(readRaw(text)));
        // The marker's room is part of the limit.
        const limitBytes = 2060 + Math.floor(Buffer.byteLength(text) * share);
        for (const { kind } of expectHonestCopy(text, { limitBytes, protectedMembers: [] })) seen.add(kind);
      }),
      { numRuns: 80 },
    );
    // Else nothing was shown.
    expect(seen.size).toBeGreaterThan(1);
  });

  it('keeps the protected members byte for byte, wherever they stand', () => {
    const member = fc.tuple(fc.constantFrom<string>('"event_type"', '"initiated_by"', '"resource"'), rawValues);
    const filling = fc.integer({ min: 300_000, max: 400_000 });
    fc.assert(
      fc.property(fc.array(member, { maxLength: 3 }), filling, fc.nat(3), (shielded, size, at) => {
        const members: [string, string][] = [...shielded];
        members.splice(at, 0, ['"x"', `"${'y'.repeat(size)}"`]);
        const text = objectOf([['"id"', '"5f1e"'], ...members]);
        const kept = new Map(membersOf(trim(text).text).map(({ key, value }) => [key, value]));
        for (const { key, value } of membersOf(text)) if (key !== '"x"') expect(kept.get(key)).toEqual(value);
      }),
      { numRuns: 30 },
    );
  });

  it('has the whole room used: what is cut is cut as little as it must be', () => {
    const { text } = trim(`{${ID},"a":"${'x'.repeat(400_000)}","b":[${'1234567,'.repeat(60_000)}0]}`);
    expect(Buffer.byteLength(text)).toBeGreaterThan(245_000);
  });

  it('keeps the first items of a long list whole, and says how many', () => {
    const profiles = Array.from({ length: 5000 }, (_, n) => `{"name":"profile ${n}","payload":"${'p'.repeat(200)}"}`);
    const { text, account } = trim(`{${ID},"event_type":"mdm","profiles":[${profiles.join(',')}],"success":true}`);
    const [cut, ...others] = account.cuts;
    expect(others).toEqual([]);
    expect(cut).toMatchObject({ path: '/profiles', kind: 'list', of: 5000 });
    expect(text).toContain(`"profiles":[${profiles.slice(0, cut!.kept).join(',')}]`);
    expect(text).toContain('"success":true,"_trimmed":{"original_bytes":');
  });

  it('cuts inside the few items of a list that are huge, so that each still says what it is about', () => {
    const change = (field: string): string => `{"field":"${field}","from":"${'a'.repeat(300_000)}","to":true}`;
    const { text, account } = trim(`{${ID},"changes":[${change('state')},${change('suspended')},${change('x')}]}`);
    const { changes } = JSON.parse(text) as { changes: { field: string; to: boolean }[] };
    expect(changes.map(({ field, to }) => [field, to])).toEqual([
      ['state', true],
      ['suspended', true],
      ['x', true],
    ]);
    expect(account.cuts.map(({ path }) => path)).toEqual(['/changes/0/from', '/changes/1/from', '/changes/2/from']);
  });

  it.each([
    ['an escape', '\\u00e9', 6],
    ['a short escape', '\\n', 2],
    ['an escaped pair', '\\ud83e\\udd8a', 12],
    ['a pair of upper-case digits', '\\uD83E\\uDD8A', 12],
    ['a letter of two bytes', 'é', 2],
    ['a letter of three bytes', '漢', 3],
    ['a letter of four bytes', '🦊', 4],
  ])('never splits %s', (_, character, bytes) => {
    for (let shift = 0; shift < bytes; shift += 1) {
      const whole = `${'-'.repeat(shift)}${character.repeat(40_000)}`;
      const text = `{${ID},"x":"${whole}"}`;
      const rules = { limitBytes: 30_000, protectedMembers: [] };
      const { text: copy, account } = trim(text, rules);
      const [, cut = ''] = /"x":"(.*?)","_trimmed"/s.exec(copy) ?? [];
      expect((cut.length - shift) % character.length).toBe(0);
      expect(whole.startsWith(cut)).toBe(true);
      expect(account.cuts).toEqual([
        { path: '/x', kind: 'string', kept: characters(`"${cut}"`).length, of: 40_000 + shift },
      ]);
    }
  });

  it('leaves out members where there are too many even for a little of each', () => {
    const many = Array.from({ length: 100_000 }, (_, n) => `"member ${n}":${n}`);
    const { text, account } = trim(`{${many.join(',')},${ID}}`);
    const [cut, ...others] = account.cuts;
    expect(others).toEqual([]);
    expect(cut).toMatchObject({ path: '', kind: 'object', of: 100_002 });
    expect(membersOf(text)).toHaveLength(cut!.kept + 1);
    expect(text).toContain(`${ID},"_trimmed"`);
  });

  it('cuts inside the largest protected member only where they are too large together, and leaves out all others', () => {
    const text = `{${ID},"x":"${'x'.repeat(9000)}","resource":{"type":"user","blob":"${'r'.repeat(300_000)}"},"event_type":"t"}`;
    const { text: copy, account } = trim(text);
    expect(account.cuts.map(({ path }) => path)).toEqual(['', '/resource/blob']);
    expect(copy).toContain('"resource":{"type":"user","blob":"rrr');
    expect(copy).toContain('"event_type":"t"');
    expect(copy).not.toContain('"x":');
  });

  it('keeps the account of very many cuts short by cutting more coarsely', () => {
    const list = (n: number): string => `"${'long key '.repeat(60)}${n}":"${'v'.repeat(2000)}"`;
    const text = `{${ID},${Array.from({ length: 400 }, (_, n) => list(n)).join(',')}}`;
    const { account } = trim(text);
    expect(account.cuts.length).toBeLessThan(60);
    expectHonestCopy(text, RULES);
  });

  it('leaves whole members out where even the coarse account would be too long', () => {
    const key = 'k'.repeat(30_000);
    const text = `{${ID},"${key}":"${'v'.repeat(300_000)}","y":1}`;
    const { account, text: copy } = trim(text);
    expect(account.cuts).toEqual([{ path: '', kind: 'object', kept: 3, of: 4 }]);
    expect(copy).toContain('"y":1');
  });

  it('puts its marker last, so that it is the one that counts where the event has one of its own', () => {
    const text = `{${ID},"_trimmed":"mine","x":"${'x'.repeat(300_000)}"}`;
    const copy = trim(text).text;
    expect(copy).toContain('"_trimmed":"mine"');
    expect(copy.lastIndexOf('"_trimmed"')).toBeGreaterThan(copy.indexOf('"x"'));
  });

  it('protects a member however its key is spelt', () => {
    const text = `{"\\u0069d":"${'i'.repeat(1000)}","res\\u006furce":"${'r'.repeat(9000)}","x":"${'x'.repeat(300_000)}"}`;
    const { account } = trim(text, { ...RULES, limitBytes: 20_000 });
    expect(account.cuts.map(({ path }) => path)).toEqual(['/x']);
  });

  it('needs no cut where blanks alone made the event too large', () => {
    const text = `{${ID},${' '.repeat(300_000)}"a":[1, 2]}`;
    const { text: copy, account } = trim(text);
    expect(account.cuts).toEqual([]);
    expect(copy).toContain('"a":[1, 2]');
  });

  it('is made of megabytes of deep nesting, and of a number without end', () => {
    const depth = 1_000_000;
    const deep = trim(`{${ID},"deep":${'['.repeat(depth)}${']'.repeat(depth)},"n":${'7'.repeat(2_000_000)}}`);
    expect(deep.text).toContain(ID);
    // The number cannot be cut, so it is left out.
    expect(deep.account.cuts[0]).toEqual({ path: '', kind: 'object', kept: 3, of: 4 });
    expect(() =>
      trim(`{${ID},"deep":${'{"a":'.repeat(9_000)}"${'x'.repeat(300_000)}"${'}'.repeat(9_000)}}`),
    ).not.toThrow();
  });

  it.each([
    ['that is no JSON', `{${ID},"x":"${'x'.repeat(300_000)}`],
    ['that is no object', `["${'x'.repeat(300_000)}"]`],
    ['whose id alone is too large', `{"id":"${'x'.repeat(300_000)}"}`],
  ])('cannot be made of an event %s', (_, text) => {
    expect(trimEvent(Buffer.from(text), RULES)).toBeUndefined();
  });

  it('cannot be made of an event that is not UTF-8', () => {
    const broken = Buffer.concat([Buffer.from(`{${ID},"x":"`), Buffer.alloc(300_000, 0xff), Buffer.from('"}')]);
    expect(trimEvent(broken, RULES)).toBeUndefined();
  });
});
