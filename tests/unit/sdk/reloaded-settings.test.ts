import { describe, expect, it } from '@jest/globals';

import type { SettingsSchema } from '../../../src/sdk/configuration/schema.js';
import type { LoadedTrigger } from '../../../src/sdk/registration.js';
import { ReloadedSettings } from '../../../src/sdk/reloaded-settings.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingLog } from '../../support/recording-log.js';

const moduleSchema: SettingsSchema = {
  type: 'object',
  properties: { host: { type: 'string' }, key: { type: 'string' } },
  secrets: ['key'],
};
const argumentsSchema: SettingsSchema = {
  type: 'object',
  properties: { intake_key: { type: 'string', 'x-secret': true }, frequency: { type: 'integer' } },
};

type Module = Readonly<Record<string, unknown>>;

function loadedFrom(module: Module, args: Module = { intake_key: 'intake-1', frequency: 60 }): LoadedTrigger {
  const values = { module, arguments: args };
  const resolved = { values, origins: { module: {}, arguments: {} }, warnings: [] };
  return { settings: values, warnings: [], secrets: [String(module['key']), String(args['intake_key'])], resolved };
}

function rig() {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const hidden: string[] = [];
  const state = { now: loadedFrom({ host: 'a.test', key: 'key-1' }), error: undefined as Error | undefined, reads: 0 };
  const held = new ReloadedSettings({
    registration: { moduleSchema, argumentsSchema },
    loaded: state.now,
    reread: async () => {
      state.reads += 1;
      if (state.error !== undefined) throw state.error;
      return state.now;
    },
    ...{ clock, log: log.log, hide: (secrets: readonly string[]) => void hidden.push(...secrets) },
  });
  return { held, clock, log, hidden, state };
}

describe('settings that are read again', () => {
  it('have the secrets of now after a refusal, told once and without their values', async () => {
    const { held, log, hidden, state } = rig();
    state.now = loadedFrom({ host: 'a.test', key: 'key-2' }, { intake_key: 'intake-2', frequency: 60 });
    await Promise.all([held.refresh(), held.refresh()]);
    expect(state.reads).toBe(1);
    expect(await held.latest()).toBe(state.now.settings);
    expect(hidden).toEqual(['key-2', 'intake-2']);
    await held.refresh();
    expect(log.at('info')).toEqual(['Changed secrets are used from now on: module.key, arguments.intake_key']);
    expect(log.text).not.toMatch(/key-2|intake-2/);
  });

  it('are looked at every five minutes, not with each request', async () => {
    const { held, clock, state } = rig();
    const first = state.now;
    state.now = loadedFrom({ host: 'a.test', key: 'key-2' });
    await clock.advance(299_999);
    expect([await held.latest(), state.reads]).toEqual([first.settings, 0]);
    await clock.advance(1);
    expect([await held.latest(), state.reads]).toEqual([state.now.settings, 1]);
    await held.latest();
    expect(state.reads).toBe(1);
  });

  it('take up no secret that comes with another change: a new key must not go to an old address', async () => {
    const { held, log, state } = rig();
    const first = state.now;
    state.now = loadedFrom({ host: 'b.test', key: 'key-2' });
    await held.refresh();
    await held.refresh();
    expect(await held.latest()).toBe(first.settings);
    expect(log.lines.map(({ message }) => message)).toEqual([
      'Settings have changed that take effect with the next start: module.host, and with them module.key',
    ]);
    state.now = loadedFrom({ host: 'a.test', key: 'key-2' });
    await held.refresh();
    expect(await held.latest()).toBe(state.now.settings);
  });

  it('stay while what is there cannot be read, which is told once', async () => {
    const { held, log, state } = rig();
    state.error = new Error('is not JSON');
    await held.refresh();
    await held.refresh();
    expect(await held.latest()).toBe(state.now.settings);
    expect(log.at('warning')).toEqual(['The configuration cannot be read again, the secrets in use stay: is not JSON']);
  });
});
