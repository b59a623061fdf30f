import { describe, expect, test } from '@jest/globals';

import { drawBarChart } from '../../../bench/bar-chart.js';
import { EventCounter } from '../../../bench/servers/event-counter.js';
import { createEventTexts } from '../../../bench/servers/event-text.js';
import { median, percentile } from '../../../bench/statistics.js';
import { firstRowAt, timeOf, type Timeline } from '../../../bench/timeline.js';

const TIMELINE: Timeline = {
  backlog: { count: 25_000, fromMs: 1_000_000, toMs: 1_009_999 },
  live: { perSecond: 7, fromMs: 2_000_000 },
};

describe('what the bench measures with', () => {
  test('the middle and a share of values are those of the sorted list', () => {
    const values = [30, 10, 20, 40];
    expect([median(values), median([3, 1, 2]), percentile(values, 0.75), percentile([], 0.5)]).toEqual([
      25,
      2,
      30,
      NaN,
    ]);
  });

  test('the longest bar takes the whole width and the others their share of it', () => {
    const bars = [1, 4].map((value) => ({ label: `<${value}>`, value }));
    const svg = drawBarChart('a & b', [{ title: 'c', bars }]);
    expect([...svg.matchAll(/width="(\d+)" height="16"/g)].map(([, width]) => Number(width))).toEqual([95, 380]);
    expect(svg).toContain('a &amp; b');
  });

  test.each([0, 1, 9_999, 24_999, 25_000, 25_001, 30_000])('event %i is found by its time', (row) => {
    const first = firstRowAt(TIMELINE, timeOf(TIMELINE, row));
    expect(first).toBeLessThanOrEqual(row);
    expect(timeOf(TIMELINE, first)).toBe(timeOf(TIMELINE, row));
    expect(first === 0 || timeOf(TIMELINE, first - 1) < timeOf(TIMELINE, row)).toBe(true);
  });

  test.each([400, 1200, 10_000])('events of %i bytes are JSON of that length, whatever piece they are in', (bytes) => {
    const texts = createEventTexts(TIMELINE, bytes);
    const text = Buffer.concat([...texts.pieces(9_998, 10_003)]).toString();
    const events = JSON.parse(`[${text}]`) as { timestamp: string }[];
    expect(events.map(({ timestamp }) => Date.parse(timestamp))).toEqual(
      [9_998, 9_999, 10_000, 10_001, 10_002].map((row) => timeOf(TIMELINE, row)),
    );
    expect([text.length, (text.length - 4) / 5]).toEqual([texts.byteLength(9_998, 10_003), bytes]);
  });

  test('a backlog too long to be kept is rendered where it is asked for, and again', () => {
    const timeline: Timeline = { backlog: { count: 10_000_000, fromMs: 0, toMs: 10_000_000 } };
    const texts = createEventTexts(timeline, 400);
    // More places than slabs that are kept.
    const places = Array.from({ length: 100 }, (_, index) => index * 99_999);
    for (const from of [...places, ...places]) {
      const events = JSON.parse(`[${Buffer.concat([...texts.pieces(from, from + 2)]).toString()}]`) as Record<
        string,
        string
      >[];
      const rows = [from, from + 1];
      expect(events.map(({ id }) => Number(id?.slice(1)))).toEqual(rows);
      expect(events.map(({ timestamp }) => Date.parse(timestamp ?? ''))).toEqual(rows);
    }
  });

  test.each([1, 7, 23, 24, 25, 5000])('events are counted once in pieces of %i bytes', (size) => {
    const body = Buffer.concat([...createEventTexts(TIMELINE, 400).pieces(3, 9)]);
    const rows: number[] = [];
    const counter = new EventCounter((row) => rows.push(row));
    for (let at = 0; at < body.length; at += size) counter.push(body.subarray(at, at + size));
    expect([counter.count, rows]).toEqual([6, [3, 4, 5, 6, 7, 8]]);
  });
});
