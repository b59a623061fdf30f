import type { SeededRandom } from '../../../src/simulators/random.js';

/** Values that are seldom there, and do harm where nobody thought of them. */
const HOSTILE_VALUES: readonly unknown[] = [
  ...[null, true, false, '', ' ', 0, -1, -0, 1.5, 1e308, 2 ** 53, -(2 ** 53), 2 ** 31, 4_294_967_296],
  ...[
    '__proto__',
    'constructor',
    '\u0000',
    '\ud800',
    '\u202e',
    '${HOME}',
    '../../etc/passwd',
    '%s%n',
    'x'.repeat(5000),
  ],
  ...['0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59', '1969-12-31T23:59:59Z', '2030-01-02T03:04:05Z'],
  ...['99999999999999999999d', '1e9s', '-5m', 'NaN', 'Infinity', '0x10'],
  ...[[], {}, [[]], [null], { __proto__: null }, { toString: 1 }, { constructor: { prototype: { polluted: 1 } } }],
];
const HOSTILE_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  'length',
  '0',
  '\u0000',
];
const TOKENS = [
  ...[
    '"',
    "'",
    '\\',
    '\\u',
    '\\ud800',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\n',
    '\r\n',
    '\t',
    '\u0000',
    '#',
    '&a ',
    '*a ',
    '!!js/x ',
  ],
  ...[
    'null',
    '1e999',
    '-',
    '0',
    '"__proto__":',
    '{"__proto__":{"polluted":1}}',
    '[[[[[[[[',
    '{"a":',
    '---\n',
    '\ufeff',
    '<html>',
  ],
];

/** A text with some of its bytes changed, left out, doubled or put in; or something else altogether. */
export function mutateBytes(honest: Uint8Array, random: SeededRandom): Buffer {
  if (random.chance(0.02)) return Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
  if (random.chance(0.005)) return tower(random);
  let bytes = Buffer.from(honest);
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const at = random.below(bytes.length + 1);
    const length = random.below(random.chance(0.2) ? bytes.length + 1 : 12);
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
    const put = Buffer.from(random.pick(TOKENS));
    switch (random.below(6)) {
      case 0:
        bytes = Buffer.concat([head, tail]);
        break;
      case 1:
        bytes = Buffer.concat([head, middle, middle, tail]);
        break;
      case 2:
        bytes = Buffer.concat([head, put, middle, tail]);
        break;
      case 3:
        bytes = Buffer.concat([head, put, tail]);
        break;
      case 4:
        bytes = Buffer.from(head);
        break;
      default:
        if (at < bytes.length) bytes[at] = random.below(256);
    }
  }
  return bytes;
}

/** Brackets without end, in one of their forms. */
function tower(random: SeededRandom): Buffer {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['- ', ''],
    ['a: {', '}'],
  ] as const);
  const height = random.pick([65, 1000, 20_000]);
  return Buffer.from(`${open.repeat(height)}1${random.chance(0.5) ? close.repeat(height) : ''}`);
}

/** A value of JSON with some of its members replaced, renamed, left out, doubled or nested. The one given is left alone. */
export function mutateValue(honest: unknown, random: SeededRandom): unknown {
  let value = structuredClone(honest);
  for (let left = 1 + random.below(3); left > 0; left -= 1) value = mutateOnce(value, random);
  return value;
}

function mutateOnce(value: unknown, random: SeededRandom): unknown {
  if (Array.isArray(value) && value.length > 0 && random.chance(0.8)) {
    const list: unknown[] = value;
    const at = random.below(list.length);
    if (random.chance(0.1)) return list.toSpliced(at, 1);
    if (random.chance(0.1)) return list.toSpliced(at, 0, list[at]);
    return list.with(at, mutateOnce(list[at], random));
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && random.chance(0.9)) {
    const members = Object.entries(value);
    const at = random.below(members.length + 1);
    const [name, member] = members[at] ?? [random.pick(HOSTILE_NAMES), 0];
    const changed: readonly [string, unknown][] = random.chance(0.1)
      ? []
      : [[random.chance(0.05) ? random.pick(HOSTILE_NAMES) : name, mutateOnce(member, random)]];
    return Object.fromEntries(members.toSpliced(at, 1, ...(changed as [string, unknown][])));
  }
  if (typeof value === 'number' && random.chance(0.5)) return value + random.pick([-1, 1, 0.5, 1e6, -1e12]);
  if (typeof value === 'string' && random.chance(0.4)) return mutateBytes(Buffer.from(value), random).toString('utf8');
  if (random.chance(0.9)) return random.pick(HOSTILE_VALUES);
  // Of what is many already there is enough.
  const times = JSON.stringify(value).length < 500 ? random.below(300) : 2;
  return Array.from({ length: times }, () => value);
}

/** JSON with a value changed in it, or with its text changed. */
export function mutateJson(honest: unknown, random: SeededRandom): Buffer {
  if (random.chance(0.6)) return Buffer.from(JSON.stringify(mutateValue(honest, random)));
  return mutateBytes(Buffer.from(JSON.stringify(honest)), random);
}
