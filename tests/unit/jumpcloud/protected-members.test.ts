import { describe, expect, it } from '@jest/globals';
import { alone } from '../../support/events.js';

import { PROTECTED_MEMBERS } from '../../../src/jumpcloud/protected-members.js';
import { createIntake, type IntakeSettings } from '../../../src/sdk/intake/create-intake.js';
import type { DestinationContext } from '../../../src/sdk/trigger.js';
import { createEventGenerator } from '../../../src/simulators/events/event-generator.js';
import { ManualClock } from '../../support/manual-clock.js';
import { ScriptedTransport } from '../../support/scripted-transport.js';
import { seededRandom } from '../../support/seeded-random.js';

const SETTINGS = {
  intakeUrl: 'https://intake',
  intakeKey: 'key',
  intakeFormat: 'batch',
  intakeCompression: 'none',
  chunkSize: 10,
  retryForMs: 0,
} as const;
const context = {
  ...{ clock: new ManualClock(), random: seededRandom(), transport: new ScriptedTransport(() => ({})) },
  anySize: false,
};

/** An event of 300 kB, with everything that the format's parser looks at. */
const event = {
  id: 'x',
  timestampMs: 0,
  bytes: Buffer.from(
    JSON.stringify({
      pad: Array.from({ length: 50_000 }, (_, n) => `${n}`),
      ...Object.fromEntries(PROTECTED_MEMBERS.map((name) => [name, { name: `of ${name}` }])),
      changes: [{ field: 'state', from: 'ACTIVATED', to: 'SUSPENDED' }],
    }),
  ),
};

function createIntakeDestination(settings: IntakeSettings, context: DestinationContext) {
  return createIntake(settings, { userAgent: 'tests/1', protectedMembers: PROTECTED_MEMBERS }, context);
}

describe('the intake of the settings', () => {
  it('trims what is too large, and keeps what detection and the parser read', () => {
    const { pad, _trimmed, ...rest } = JSON.parse(
      Buffer.from(
        createIntakeDestination({ ...SETTINGS, oversizedEvents: 'trim' }, context).reduce(event) ?? [],
      ).toString(),
    ) as Record<string, unknown>;
    expect(rest).toEqual({
      ...Object.fromEntries(PROTECTED_MEMBERS.map((name) => [name, { name: `of ${name}` }])),
      changes: [{ field: 'state', from: 'ACTIVATED', to: 'SUSPENDED' }],
    });
    expect(_trimmed).toMatchObject({ cuts: [{ path: '/pad', kept: (pad as unknown[]).length, of: 50_000 }] });
  });

  it('trims nothing where oversized events are only to be kept', () => {
    const destination = createIntakeDestination({ ...SETTINGS, oversizedEvents: 'dead_letter' }, context);
    expect(destination.reduce(event)).toBeUndefined();
  });

  it('takes any size where it is told to', () => {
    const destination = createIntakeDestination(
      { ...SETTINGS, oversizedEvents: 'trim' },
      { ...context, anySize: true },
    );
    expect(destination.createBatch().add(...alone(event))).toBe(1);
  });

  it('makes a copy within the limit of every large event of the catalogue', () => {
    const generator = createEventGenerator({ seed: 5, oversizedShare: 1, services: ['mdm'] });
    const destination = createIntakeDestination({ ...SETTINGS, oversizedEvents: 'trim' }, context);
    let large = 0;
    for (let n = 0; n < 300; n += 1) {
      const { id, text } = generator.next(Date.UTC(2030, 0, 1) + n);
      const raw = { id, timestampMs: 0, bytes: Buffer.from(text) };
      if (raw.bytes.length <= 250_000) continue;
      large += 1;
      const bytes = destination.reduce(raw);
      expect(destination.createBatch().add(...alone({ ...raw, bytes: bytes! }))).toBe(1);
    }
    expect(large).toBeGreaterThan(3);
  });
});
