import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { LOG_LEVELS, type LogLevel } from '../../../../src/sdk/observability/log.js';
import { LogBuffer, type TabLine } from '../../../../src/sdk/platform/log-buffer.js';

function lines(...levels: LogLevel[]): TabLine[] {
  return levels.map((level, index) => ({ date: '', level, message: String(index) }));
}

function filled(most: number, added: readonly TabLine[]): LogBuffer {
  const buffer = new LogBuffer(most);
  for (const line of added) buffer.add(line);
  return buffer;
}

const messages = (kept: readonly TabLine[]): string => kept.map(({ message }) => message).join(' ');

describe('where there is no room', () => {
  it.each<[readonly LogLevel[], string]>([
    [['info', 'debug', 'info', 'info'], '1 2 3'],
    [['error', 'info', 'debug', 'warning'], '0 2 3'],
    [['error', 'warning', 'warning', 'error'], '0 2 3'],
    [['error', 'warning', 'critical', 'info'], '0 1 2'],
    [['critical', 'error', 'error', 'error'], '0 2 3'],
    [['critical', 'critical', 'critical', 'critical'], '1 2 3'],
  ])('of %j the oldest of the least severe goes, and is counted', (levels, kept) => {
    const buffer = filled(3, lines(...levels));
    expect(buffer.leftOut).toBe(1);
    expect(messages(buffer.take(9))).toBe(kept);
  });
});

describe('lines that are put back', () => {
  it('are the oldest again', () => {
    const buffer = filled(9, lines('info', 'info', 'info'));
    const taken = buffer.take(2);
    buffer.add({ date: '', level: 'info', message: 'new' });
    buffer.putBack(taken);
    expect(messages(buffer.take(9))).toBe('0 1 2 new');
  });

  it('are the first to go where there is no room for them any more', () => {
    const buffer = filled(2, lines('info', 'info'));
    const taken = buffer.take(2);
    for (const line of lines('warning', 'info')) buffer.add(line);
    buffer.putBack(taken);
    expect(buffer.take(9).map(({ level }) => level)).toEqual(['warning', 'info']);
    expect(buffer.leftOut).toBe(2);
  });
});

describe('whatever is added, taken and put back', () => {
  it('the bound holds, order is kept, every line is accounted for, and none goes before a less severe one', () => {
    const act = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...LOG_LEVELS) },
      fc.record({ take: fc.nat(5), fails: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(act, { maxLength: 60 }), (most, acts) => {
        const buffer = new LogBuffer(most);
        let added = 0;
        const sent: number[] = [];
        for (const each of acts) {
          if (typeof each === 'string') {
            buffer.add({ date: '', level: each, message: String(added) });
            added += 1;
          } else {
            const taken = buffer.take(each.take);
            if (each.fails) buffer.putBack(taken);
            else sent.push(...taken.map(({ message }) => Number(message)));
          }
          expect(buffer.size).toBeLessThanOrEqual(most);
          expect(sent.length + buffer.size + buffer.leftOut).toBe(added);
        }
        const all = [...sent, ...buffer.take(most).map(({ message }) => Number(message))];
        expect(all).toEqual([...all].sort((a, b) => a - b));
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LOG_LEVELS), { maxLength: 40 }), (levels) => {
        const kept = filled(10, lines(...levels)).take(10);
        const severe = levels.filter((level) => level !== 'debug' && level !== 'info').length;
        expect(kept.filter(({ level }) => level !== 'debug' && level !== 'info')).toHaveLength(Math.min(severe, 10));
      }),
    );
  });
});
