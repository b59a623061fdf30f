import { describe, expect, it } from '@jest/globals';

import type { Replay } from '../../src/sdk/dead-letter/replay.js';
import type { FaultEffect } from '../../src/simulators/faults/fault-scenario.js';
import type { RejectionShape } from '../../src/simulators/sekoia/options.js';
import { apiEvent, apiEvents, ConnectorWorld, type ConnectorRun, fault } from '../support/connector-world.js';
import { MANUAL_CLOCK_START_MS as START_MS, ManualClock } from '../support/manual-clock.js';
import { deadLetters } from '../support/pump-rig.js';

const HOUR_MS = 3_600_000;
const TIME = '"timestamp":"2030-01-02T03:03:05Z"';
const BALANCED = { lost: 0, duplicated: 0, unknown: 0 };
const NONE: Replay = {
  ...{ delivered: 0, trimmed: 0, refused: 0, tooLarge: 0, stillRefused: 0, unsettled: 0, skipped: 0 },
  failure: undefined,
};

/** An event of this text, a minute ago. */
function textEvent(id: string, members: string) {
  return apiEvent(id, START_MS - 60_000, { text: `{"id":"${id}",${TIME},${members}}` });
}

async function stopped(run: ConnectorRun): Promise<void> {
  run.stop.request();
  await run.ended;
}

describe('odd and oversized events', () => {
  it('an event of 2 MB reaches the intake at once, trimmed, and is in the dead letter as it came', async () => {
    const world = new ConnectorWorld();
    const profiles = Array.from({ length: 10_000 }, (_, n) => `{"n":${n}.0,"payload":"${'é'.repeat(90)}\\u00e9"}`);
    const large = textEvent(
      'large',
      `"event_type":"mdm_list","resource":{"x":1e400},"profiles":[${profiles.join(',')}]`,
    );
    expect(Buffer.byteLength(large.text)).toBeGreaterThan(2_000_000);
    world.add(large, ...apiEvents(50, START_MS));
    const run = world.run();
    await run.ended;
    expect(world.account()).toMatchObject({ held: 51, delivered: 50, duplicated: 0, unknown: 1 });
    const copy = world.intake.received.texts.find((text) => text.includes('"_trimmed"'))!;
    const { _trimmed: account } = JSON.parse(copy) as {
      _trimmed: { original_bytes: number; cuts: { kept: number }[] };
    };
    const kept = account.cuts[0]!.kept;
    const start = large.text.slice(0, large.text.indexOf('"profiles":['));
    expect(copy.startsWith(`${start}"profiles":[${profiles.slice(0, kept).join(',')}],"_trimmed":`)).toBe(true);
    expect(account).toEqual({
      original_bytes: Buffer.byteLength(large.text),
      cuts: [{ path: '/profiles', kind: 'list', kept, of: 10_000 }],
    });
    const [letter, ...others] = await deadLetters(world.storage);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ id: 'large', kind: 'oversized', delivered: 'trimmed' });
    expect(letter).not.toHaveProperty('batch');
    expect(letter?.event === large.text).toBe(true);
    expect(await world.replay()).toEqual({ ...NONE, skipped: 1 });
  });

  it('an event of 2 MB is only kept where that is the setting, and can be sent whole once the intake takes it', async () => {
    const world = new ConnectorWorld({ sekoia: { maxEventBytes: 3_000_000 } });
    const large = textEvent('large', `"pad":"${'x'.repeat(2_000_000)}"`);
    world.add(large, ...apiEvents(50, START_MS));
    const settings = { arguments: { oversized_events: 'dead_letter' } };
    await world.run(settings).ended;
    expect(world.account()).toMatchObject({ delivered: 50, unknown: 0 });
    expect(await world.replay(settings)).toEqual({ ...NONE, tooLarge: 1 });
    expect(await world.replay({ ...settings, oversized: true })).toEqual({ ...NONE, delivered: 1 });
    expect(world.account()).toMatchObject({ ...BALANCED, delivered: 51 });
    expect(await deadLetters(world.storage)).toEqual([]);
  });

  it('an oversized event that is no JSON can be kept only', async () => {
    const world = new ConnectorWorld();
    world.add(textEvent('odd', `"bad":"\\x","pad":"${'x'.repeat(300_000)}"`), ...apiEvents(5, START_MS));
    await world.run().ended;
    expect(world.intake.received.events).toBe(5);
    expect(await deadLetters(world.storage)).toMatchObject([{ id: 'odd', kind: 'oversized' }]);
    expect((await deadLetters(world.storage))[0]).not.toHaveProperty('delivered');
  });

  it('is kept once, though the intake is down and the window is read again and again', async () => {
    const clock = new ManualClock();
    const faults = [fault('sekoia', { kind: 'status', status: 403 }, { to_seconds: 3000 })];
    const world = new ConnectorWorld({ clock, faults });
    world.add(textEvent('large', `"pad":"${'x'.repeat(300_000)}"`), ...apiEvents(5, START_MS));
    const run = world.run({ once: false });
    await clock.advance(2_900_000);
    expect(await deadLetters(world.storage)).toHaveLength(1);
    await clock.advance(600_000);
    expect(world.account()).toMatchObject({ delivered: 5, unknown: 1, duplicated: 0 });
    expect(await deadLetters(world.storage)).toHaveLength(1);
    expect(run.told.filter(({ kind }) => kind === 'dead-lettered')).toHaveLength(1);
    await stopped(run);
  });

  it.each([
    ['halves of pairs', '"x":"before \\ud800 after \\udc00"'],
    ['numbers that no double holds', '"x":1e400,"y":9223372036854775808,"z":-0.0'],
  ])('%s pass untouched, refused or not', async (_, members) => {
    const refusal = { kind: 'refuse_events', as: 'event', status: 400 } as const;
    const faults = [fault('sekoia', refusal, { event_text_contains: '"id":"refused"', to_seconds: 5 })];
    const world = new ConnectorWorld({ faults });
    world.add(textEvent('taken', members), textEvent('refused', members), ...apiEvents(5, START_MS));
    await world.run().ended;
    expect(world.account()).toMatchObject({ delivered: 6, duplicated: 0, unknown: 0 });
    await world.clock.sleep(60_000);
    expect(await world.replay()).toEqual({ ...NONE, delivered: 1 });
    expect(world.account()).toMatchObject({ ...BALANCED, delivered: 7 });
  });
});

describe('an intake that refuses one event in a thousand', () => {
  const shapes: RejectionShape[] = ['null_ids', 'fewer_ids', 'status_codes', 'statuses', 'events'];
  const as = (what: 'event' | 'request'): FaultEffect => ({ kind: 'refuse_events', as: what, status: 422 });

  it.each([
    ...shapes.map((shape) => ['a status per event', 'event', shape] as const),
    ['refusing every request that contains it', 'request', 'null_ids'] as const,
  ])(
    'by %s (%s, %s): the rest is delivered, these are kept, and delivered once the cause is gone',
    async (_, what, shape) => {
      const faults = [fault('sekoia', as(what), { event_text_contains: '500"', to_seconds: 600 })];
      const world = new ConnectorWorld({ faults, sekoia: { rejectionShape: shape } });
      world.add(...apiEvents(5000, START_MS, 100));
      const run = world.run({ arguments: { chunk_size: 1500 } });
      await run.ended;
      expect(world.account()).toMatchObject({ delivered: 4995, lost: 5, unknown: 0 });
      const letters = await deadLetters(world.storage);
      const ids = ['e500', 'e1500', 'e2500', 'e3500', 'e4500'];
      expect(new Set(letters.map(({ id }) => id))).toEqual(new Set(ids));
      expect(letters).toHaveLength(5);
      expect(letters.every(({ batch, kind }) => kind === 'refused' && batch !== undefined)).toBe(true);
      const inTheSame = letters.filter(({ batch }) => batch === letters[0]!.batch);
      expect(inTheSame.length).toBeLessThanOrEqual(2);

      // A shape that does not say which events it took has them sent twice: nobody can know.
      const { duplicated } = world.account();
      if (shape !== 'fewer_ids') expect(duplicated).toBe(0);
      expect(await world.replay()).toMatchObject({
        delivered: 0,
        stillRefused: 5,
        unsettled: 0,
        failure: { code: 'DESTINATION_REFUSED' },
      });
      expect(await deadLetters(world.storage)).toHaveLength(5);
      await world.clock.sleep(3_600_000);
      expect(await world.replay()).toEqual({ ...NONE, delivered: 5 });
      expect(world.account()).toMatchObject({ delivered: 5000, lost: 0, duplicated, unknown: 0 });
      expect(await deadLetters(world.storage)).toEqual([]);
    },
  );

  it('a replay beside other events tells which are still refused, with the new reason', async () => {
    const first = fault('sekoia', as('event'), { event_text_contains: '50"', to_seconds: 600 });
    const second = fault('sekoia', { ...as('event'), message: 'still no' } as FaultEffect, {
      event_text_contains: '"e250"',
    });
    const world = new ConnectorWorld({ faults: [first, second], sekoia: { rejectionShape: 'statuses' } });
    world.add(...apiEvents(400, START_MS));
    await world.run().ended;
    await world.clock.sleep(3_600_000);
    expect(await world.replay()).toEqual({ ...NONE, delivered: 3, refused: 1 });
    expect(await deadLetters(world.storage)).toMatchObject([{ id: 'e250', reason: 'status 422: still no' }]);
  });
});

describe('an intake that refuses everything', () => {
  it.each([401, 403, 400])(
    'with %d fills no dead letter: the position stays, and the operator is told',
    async (status) => {
      const effect: FaultEffect =
        status === 400 ? { kind: 'refuse_events', as: 'event', status } : { kind: 'status', status };
      const clock = new ManualClock();
      const world = new ConnectorWorld({ clock, faults: [fault('sekoia', effect)] });
      world.add(...apiEvents(40, START_MS));
      const run = world.run({ once: false, arguments: { chunk_size: 10 } });
      await clock.advance(600_000);
      expect(await deadLetters(world.storage)).toEqual([]);
      expect(await world.positionMs()).toBe(START_MS - HOUR_MS);
      expect(run.log.at('critical')).toHaveLength(1);
      await stopped(run);
    },
  );
});

describe('a dead letter that is full', () => {
  it('stops collection loudly, sends nothing twice, and goes on by itself after a purge', async () => {
    const clock = new ManualClock();
    const refusal = { kind: 'refuse_events', as: 'event', status: 400 } as const;
    const world = new ConnectorWorld({ clock, faults: [fault('sekoia', refusal, { event_text_contains: '"bad"' })] });
    const bad = Array.from({ length: 8 }, (_, n) =>
      apiEvent(`bad${n}`, START_MS - 50_000 + n * 5000, {
        text: `{"id":"bad${n}","timestamp":"2030-01-02T03:03:${15 + n * 5}Z","bad":"${'x'.repeat(150_000)}"}`,
      }),
    );
    // Something happens every half minute: others that are accepted show that the intake works.
    const live = Array.from({ length: 100 }, (_, n) => apiEvent(`live${n}`, START_MS + n * 30_000));
    world.add(...bad, ...apiEvents(50, START_MS - 1), ...live);
    const run = world.run({ once: false, arguments: { chunk_size: 10, dead_letter_limit: 1 } });
    await clock.advance(10_000);
    const critical = run.log.at('critical');
    expect(critical).toHaveLength(1);
    expect(critical[0]).toMatch(/^The dead letter is full: .*dead_letter_limit.*Next try in 120 s$/);
    expect(run.log.at('warning').some((line) => line.startsWith('The dead letter has taken '))).toBe(true);
    const position = await world.positionMs();
    expect(position).toBeLessThan(START_MS - 10_000);

    const pushes = run.pushes().length;
    await clock.advance(1_800_000);
    expect(run.pushes()).toHaveLength(pushes);
    expect(await world.positionMs()).toBe(position);
    const first = await deadLetters(world.storage);
    expect(first.length).toBeLessThan(8);

    for (const name of await world.storage.list('dead-letter')) await world.storage.remove(`dead-letter/${name}`);
    await clock.advance(2_000_000);
    expect(run.log.at('info')).toContain('Collecting again');
    const second = await deadLetters(world.storage);
    expect([...first, ...second].map(({ id }) => id).sort()).toEqual(bad.map(({ id }) => id));
    expect(world.account()).toMatchObject({ delivered: 150, lost: 8, duplicated: 0, unknown: 0 });
    expect(await world.positionMs()).toBeGreaterThan(START_MS);
    await stopped(run);
  });

  it('ends a run that is to end by itself', async () => {
    const world = new ConnectorWorld();
    world.add(textEvent('large', `"pad":"${'x'.repeat(1_100_000)}"`), ...apiEvents(3, START_MS));
    const run = world.run({ arguments: { dead_letter_limit: 1 } });
    await expect(run.ended).rejects.toMatchObject({ code: 'DEAD_LETTER_FULL' });
    expect(await deadLetters(world.storage)).toEqual([]);
  });
});
