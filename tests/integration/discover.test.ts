import { afterEach, describe, expect, it } from '@jest/globals';

import { loadConfiguration } from '../../src/harness/load-configuration.js';
import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import { createUndiciTransport } from '../../src/sdk/http/undici-transport.js';
import { type JumpcloudSimulatorOptions, SUPPORTED_SERVICES } from '../../src/simulators/jumpcloud/options.js';
import { type JumpcloudSimulator, startJumpcloudSimulator } from '../../src/simulators/jumpcloud/simulator.js';
import { apiEvent } from '../support/connector-world.js';
import { fakeHarness } from '../support/fake-harness.js';
import { ManualClock } from '../support/manual-clock.js';

const KEY = 'jca_secret-of-this-test';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let simulator: JumpcloudSimulator | undefined;
afterEach(() => simulator?.close());

async function bench(options: JumpcloudSimulatorOptions = {}) {
  const clock = new ManualClock({ autoAdvance: true });
  simulator = await startJumpcloudSimulator({ now: () => clock.now(), apiKeys: [{ key: KEY }], ...options });
  const environment = { MODULE_CONFIGURATION: JSON.stringify({ base_url: simulator.url, apikey: KEY }) };
  const harness = Object.assign(fakeHarness({ triggers, environment }), {
    ...{ clock, openTransport: () => createUndiciTransport() },
  });
  const add = (service: string, count: number, beforeMs: number, everyMs = HOUR_MS): void => {
    for (let n = 0; n < count; n += 1) {
      const { text, ...event } = apiEvent(`${service}-${n}`, clock.now() - beforeMs - n * everyMs);
      simulator?.add({ ...event, service, text: text.replace('"sso"', `"${service}"`) });
    }
  };
  const command = async (...args: readonly string[]) => {
    const [outBefore, errBefore] = [harness.stdout.text.length, harness.stderr.text.length];
    const code = await runProgram(['discover', ...args], harness);
    return { code, out: harness.stdout.text.slice(outBefore), err: harness.stderr.text.slice(errBefore) };
  };
  return { add, command, harness, clock };
}

interface Told {
  readonly listed: boolean;
  readonly services: readonly Record<string, unknown>[];
  readonly remarks: readonly string[];
  readonly backfill: { readonly events: number; readonly seconds: number };
}

describe('discover', () => {
  it.each(['flat', 'named'] as const)(
    'tells what an account has, where distinct values are %s',
    async (distinctShape) => {
      const { add, command } = await bench({
        distinctShape,
        supportedServices: [...SUPPORTED_SERVICES, 'access_certification', 'pam'],
        servicesOutsideAll: ['pam'],
      });
      add('sso', 48, HOUR_MS);
      add('radius', 10, 5 * DAY_MS);
      add('access_certification', 3, HOUR_MS);
      add('pam', 2, HOUR_MS);
      add('ldap', 20, 60 * DAY_MS);
      const { code, out, err } = await command('--json', '--days', '10');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const { listed, services, remarks, backfill } = JSON.parse(out) as Told;
      expect(listed).toBe(true);
      expect(backfill).toEqual({ events: 83, seconds: 1 });
      const named = (name: string) => services.find((service) => service['name'] === name);
      expect(named('sso')).toMatchObject({
        state: 'active',
        events: 48,
        events_last_day: 24,
        events_a_day: 5,
        known: true,
      });
      expect(named('sso')!['bytes_an_event']).toBeGreaterThan(80);
      expect(named('radius')).toMatchObject({ state: 'silent', events: 10, events_last_day: 0, outside_all: false });
      expect(named('ldap')).toMatchObject({ state: 'empty', events: 0 });
      expect(named('access_certification')).toMatchObject({ known: false, listed: true, state: 'active' });
      expect(named('pam')).toMatchObject({ outside_all: true });
      expect(named('alert')).toBeUndefined();
      const told = remarks.join('\n');
      expect(told).toContain("asked for as 'alerts' here, not 'alert'");
      expect(told).toContain("'access_certification' is newly added");
      expect(told).toContain("'pam' has events that 'all' does not return");
    },
  );

  it('prints a table, and writes a playbook that can be run, without a secret, over nothing', async () => {
    const { add, command, harness } = await bench();
    add('sso', 48, HOUR_MS);
    add('radius', 1, 5 * DAY_MS);
    const { code, out } = await command('--write-playbook', 'playbook.yaml');
    expect(code).toBe(0);
    expect(out).toMatch(/^sso +48 +2 +24 +\d+ +[\d.]+ B +active$/m);
    expect(out).toContain('Silent: no event in the last day, some before: radius.');
    expect(out).toMatch(/A backfill of the 90 days that JumpCloud keeps: 49 events, at least 1s/);
    const read = async () => Buffer.from((await harness.fileSystem.read('/work/playbook.yaml')) ?? []).toString();
    const written = await read();
    expect(written).not.toContain(KEY);
    const environment = { JUMPCLOUD_API_KEY: 'k', SEKOIA_INTAKE_KEY: 'i' };
    const { loaded } = await loadConfiguration({ ...harness, environment }, undefined, { playbook: 'playbook.yaml' });
    expect(loaded.settings).toMatchObject({ apiKey: 'k', intakeKey: 'i', services: ['all'], baseUrl: simulator!.url });
    const refused = await command('--write-playbook', 'playbook.yaml');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('--force');
    expect(await command('--write-playbook', 'playbook.yaml', '--force')).toMatchObject({ code: 0 });
    expect(await read()).toBe(written);
  });

  it('is done where there are no events at all', async () => {
    const { command } = await bench();
    const { code, out } = await command();
    expect(code).toBe(0);
    expect(out).toContain('No events in the last 30 days.');
  });

  it.each([
    [{ apiKeys: [] }, 'answered 401', 'apikey'],
    [{ apiKeys: [{ key: KEY, role: 'command_runner' as const }] }, 'answered 403', 'Command Runner'],
    [{ apiKeys: [{ key: KEY, licensed: false }] }, 'answered 402', 'ask JumpCloud'],
  ])('leaves with 1 and says what to do: %j', async (options, problem, advice) => {
    const { command } = await bench(options);
    const { code, out, err } = await command('--write-playbook', 'playbook.yaml');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(problem);
    expect(err).toContain(advice);
    expect(err).not.toContain(KEY);
  });

  it('leaves with 2 where there is no account, and needs no intake', async () => {
    const { harness } = await bench();
    const code = await runProgram(['discover'], Object.assign(harness, { environment: {} }));
    expect(code).toBe(2);
    expect(harness.stderr.text).toContain('module.apikey: is required');
    expect(harness.stderr.text).not.toContain('intake');
  });
});
