import { describe, expect, it } from '@jest/globals';
import { createEventGenerator } from '../../../../src/simulators/events/event-generator.js';
import { UNKNOWN_SERVICE } from '../../../../src/simulators/events/services.js';
import type { SyntheticEvent } from '../../../../src/simulators/events/synthetic-event.js';
import { SUPPORTED_SERVICES } from '../../../../src/simulators/jumpcloud/options.js';
import { NOW } from '../support.js';

const DAY_MS = 86_400_000;
const MONDAY = { fromMs: Date.parse('2030-03-11T00:00:00Z'), toMs: Date.parse('2030-03-12T00:00:00Z') };

function generate(count: number, options = {}): SyntheticEvent[] {
  return [...createEventGenerator({ seed: 42, ...options }).spread({ ...MONDAY, count })];
}

describe('the event generator', () => {
  const events = generate(30_000);

  it('makes the same bytes from the same seed and others from another', () => {
    expect(generate(500)).toEqual(generate(500));
    expect(generate(5, { seed: 43 })[0]?.text).not.toBe(generate(5)[0]?.text);
  });

  it('makes as many events as asked for, in the order of happening, inside the range', () => {
    expect(events).toHaveLength(30_000);
    const appearance = events.map(({ visibleAtMs }) => visibleAtMs);
    expect(Math.min(...appearance)).toBeGreaterThanOrEqual(MONDAY.fromMs);
    expect(Math.max(...appearance)).toBeLessThanOrEqual(MONDAY.toMs + 500);
  });

  it('covers every service of the catalogue and one that nobody knows', () => {
    const services = new Set(events.map(({ service }) => service));
    expect([...services].sort()).toEqual([...SUPPORTED_SERVICES, UNKNOWN_SERVICE].sort());
  });

  it('writes valid JSON whose members agree with what it says about the event', () => {
    const wrong = events.filter((event) => {
      const { id, service, organization, timestamp } = JSON.parse(event.text) as Record<string, string>;
      const named = [id, service, organization, Date.parse(timestamp ?? '')];
      return String(named) !== String([event.id, event.service, event.organization, event.timestampMs]);
    });
    expect(wrong).toEqual([]);
  });

  it('gives every event its own identifier: upper-case UUIDs for radius, 24 hexadecimal digits else', () => {
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const uuid = /^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-A[0-9A-F]{3}-[0-9A-F]{12}$/;
    const odd = events.filter(({ id, service }) => !(service === 'radius' ? uuid : /^[0-9a-f]{24}$/).test(id));
    expect(odd).toEqual([]);
  });

  it('mixes timestamps of no digit to nine digits', () => {
    const digits = events.map(({ text }) => /"timestamp": ?"[^".]+\.?(\d*)Z"/.exec(text)?.[1]?.length);
    expect([...new Set(digits)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('has identical timestamps, and equal milliseconds with different nanoseconds', () => {
    const groups = [...grouped(events).values()].filter((group) => group.length > 1);
    expect(groups.some((group) => group[0]?.timestampNs === group[1]?.timestampNs)).toBe(true);
    expect(groups.some((group) => group[0]?.timestampNs !== group[1]?.timestampNs)).toBe(true);
  });

  it('has timestamps in the future of their appearance when asked', () => {
    const ahead = generate(200, { futureShare: 1, services: ['sso'] });
    expect(ahead.filter(({ timestampMs, visibleAtMs }) => timestampMs > visibleAtMs).length).toBeGreaterThan(150);
  });

  it('shows a share of the events late', () => {
    const lateness = (share: number): number =>
      generate(2000, { lateShare: share, services: ['sso'], sameInstantShare: 0 }).filter(
        ({ timestampMs, visibleAtMs }) => visibleAtMs - timestampMs > 4000,
      ).length;
    expect(lateness(0)).toBe(0);
    expect(lateness(0.1)).toBeGreaterThan(120);
    expect(lateness(0.1)).toBeLessThan(280);
  });

  it('has provider as null, empty and absent, and odd addresses', () => {
    const texts = events.filter(({ service }) => service === 'directory').map(({ text }) => text);
    expect(texts.some((text) => /"provider": ?null/.test(text))).toBe(true);
    expect(texts.some((text) => /"provider": ?""/.test(text))).toBe(true);
    expect(texts.some((text) => !text.includes('"provider"'))).toBe(true);
    expect(texts.some((text) => /"client_ip": ?"2001:db8:/.test(text))).toBe(true);
    expect(texts.some((text) => /"client_ip": ?"unknown"/.test(text))).toBe(true);
    expect(texts.some((text) => !text.includes('"client_ip"'))).toBe(true);
  });

  it('uses documentation addresses and example domains alone', () => {
    const text = events.map((event) => event.text).join('\n');
    const domains = new Set(Array.from(text.matchAll(/[\w.]@([\w.-]+)/g), ([, domain]) => domain));
    expect(domains).toEqual(new Set(['example.com']));
    const networks = new Set(Array.from(text.matchAll(/_ip": ?"(\d+\.\d+\.\d+)\./g), ([, network]) => network));
    expect(networks).toEqual(new Set(['192.0.2', '198.51.100', '203.0.113']));
  });

  it('writes events that parsing and writing anew would alter', () => {
    const altered = events.filter(({ text }) => JSON.stringify(JSON.parse(text)) !== text);
    expect(altered.length).toBeGreaterThan(events.length * 0.05);
    const odd = createEventGenerator({ seed: 1, spacedShare: 0 }).odd(NOW).text;
    for (const piece of [
      '1e400',
      '\\ud800',
      '1.0',
      '9007199254740993',
      '\\u0041',
      '\\u0000',
      '"x_twice":1,"x_twice":2',
      '🦊',
    ]) {
      expect(odd).toContain(piece);
    }
    expect(() => JSON.parse(odd) as unknown).not.toThrow();
  });

  it('puts blanks between tokens, but not into strings', () => {
    for (const { text } of generate(300, { spacedShare: 1 })) {
      expect(text).toMatch(/": /);
      expect(() => JSON.parse(text) as unknown).not.toThrow();
    }
    const compact = createEventGenerator({ seed: 9, spacedShare: 0 }).odd(NOW).text;
    const spaced = createEventGenerator({ seed: 9, spacedShare: 1 }).odd(NOW).text;
    expect(spaced).not.toBe(compact);
    expect(withoutId(spaced)).toEqual(withoutId(compact));
  });

  it('has more events in office hours than at night', () => {
    const hours = events.map(({ visibleAtMs }) => new Date(visibleAtMs).getUTCHours());
    const inHour = (hour: number): number => hours.filter((one) => one === hour).length;
    expect(inHour(9)).toBeGreaterThan(inHour(2) * 5);
  });

  it.each([250_000, 250_001, 256_000, 256_001, 1_048_576])('makes an event of exactly %i bytes', (bytes) => {
    const { text, id } = createEventGenerator({ seed: 3 }).sized({ bytes, occurredAtMs: NOW });
    expect(Buffer.byteLength(text)).toBe(bytes);
    expect(JSON.parse(text).id).toBe(id);
  });

  it('makes an event with far more bytes than characters', () => {
    const { text } = createEventGenerator({ seed: 3 }).sized({ bytes: 256_001, occurredAtMs: NOW, script: 'wide' });
    expect(Buffer.byteLength(text)).toBe(256_001);
    expect(text.length).toBeLessThan(90_000);
  });

  it('makes lists above 250,000 bytes when they are not too rare', () => {
    const large = generate(20, { oversizedShare: 1 });
    expect(large.every(({ text }) => Buffer.byteLength(text) > 250_000)).toBe(true);
  });

  it('keeps to the services and organizations it was given', () => {
    const some = generate(200, { services: ['radius', 'ldap'], organizations: ['a'.repeat(24), null] });
    expect(new Set(some.map(({ service }) => service))).toEqual(new Set(['radius', 'ldap']));
    expect(new Set(some.map(({ organization }) => organization))).toEqual(new Set(['a'.repeat(24), null]));
    expect(() => createEventGenerator({ seed: 1, services: ['nothing'] })).toThrow(RangeError);
  });

  it('is quiet at week-ends', () => {
    const fromMs = MONDAY.fromMs - 2 * DAY_MS;
    const week = [...createEventGenerator({ seed: 5 }).spread({ fromMs, toMs: MONDAY.toMs, count: 3000 })];
    const onMonday = week.filter(({ visibleAtMs }) => visibleAtMs >= MONDAY.fromMs).length;
    expect(onMonday).toBeGreaterThan(1800);
  });
});

function grouped(events: readonly SyntheticEvent[]): Map<number, SyntheticEvent[]> {
  const groups = new Map<number, SyntheticEvent[]>();
  for (const event of events) groups.set(event.timestampMs, [...(groups.get(event.timestampMs) ?? []), event]);
  return groups;
}

/** The members that do not depend on how often the dice were rolled before. */
function withoutId(text: string): unknown {
  const { x_quotes, x_braces, x_nested, x_controls } = JSON.parse(text);
  return { x_quotes, x_braces, x_nested, x_controls };
}
