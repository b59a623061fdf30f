import { describe, expect, it } from '@jest/globals';
import { digestText, TextTally } from '../../../src/simulators/text-tally.js';

describe('a tally of texts', () => {
  it('counts each text for itself, however many there are', () => {
    const tally = new TextTally();
    for (let index = 0; index < 20_000; index++) tally.add(digestText(`event ${index}`));
    for (let index = 0; index < 20_000; index += 2) tally.add(digestText(`event ${index}`));
    const counts = Array.from({ length: 20_000 }, (_, index) => tally.count(digestText(`event ${index}`)));
    expect(counts.every((count, index) => count === (index % 2 === 0 ? 2 : 1))).toBe(true);
    expect([tally.total, tally.distinct]).toEqual([30_000, 20_000]);
    expect(tally.count(digestText('event 20000'))).toBe(0);
  });

  it('takes a text and its UTF-8 bytes for the same', () => {
    expect(digestText('é漢🦊')).toEqual(digestText(Buffer.from('é漢🦊')));
    expect(digestText('{"a":1}')).not.toEqual(digestText('{"a": 1}'));
  });

  it('looks at all 64 bits', () => {
    const tally = new TextTally();
    tally.add({ high: 1, low: 5 });
    tally.add({ high: 2, low: 5 });
    expect([tally.count({ high: 1, low: 5 }), tally.count({ high: 3, low: 5 }), tally.distinct]).toEqual([1, 0, 2]);
  });

  it('forgets', () => {
    const tally = new TextTally();
    tally.add(digestText('a'));
    tally.clear();
    expect([tally.total, tally.distinct, tally.count(digestText('a'))]).toEqual([0, 0, 0]);
  });
});
