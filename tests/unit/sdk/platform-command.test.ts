import { describe, expect, it } from '@jest/globals';

import { ConfigurationError, ModuleError } from '../../../src/sdk/errors.js';
import { runPlatformCommand } from '../../../src/sdk/platform-command.js';
import { everybodyHadTheirTurn } from '../../support/manual-clock.js';
import { fakeWorld } from '../../support/fake-world.js';
import { runUntilForced, runUntilStopped, scriptedTrigger } from '../../support/scripted-trigger.js';

const SECRET = 'open-sesame';
const ENVIRONMENT = { MODULE_CONFIGURATION: JSON.stringify({ key: SECRET }), CONNECTOR_CONFIGURATION: '{"pace": 7}' };

describe('the command', () => {
  it('is looked up among the triggers, which run with the configuration of the platform', async () => {
    const registration = scriptedTrigger();
    const world = fakeWorld({ environment: { ...ENVIRONMENT, INTAKE_URL: 'https://intake.test' } });
    expect(await runPlatformCommand([registration], 'ScriptedTrigger', world)).toBe(0);
    const [run] = registration.runs;
    expect(run!.settings).toEqual({ key: SECRET, pace: 7, intakeUrl: 'https://intake.test' });
    expect(run!.context.once).toBe(false);
    expect(run!.context.storage.location).toBe('/symphony_data');
    expect(world.openTransports).toBe(0);
  });

  it.each([
    [undefined, /is missing; the first argument must be one of: ScriptedTrigger/],
    ['ScriptedTriger', /'ScriptedTriger' is unknown, did you mean 'ScriptedTrigger'\?.*one of: ScriptedTrigger/],
  ])('%s is refused with a list of the commands', async (command, message) => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    expect(await runPlatformCommand([scriptedTrigger()], command, world)).toBe(2);
    expect(world.stderr.records[0]).toMatchObject({ level: 'critical', code: 'CONFIGURATION_INVALID' });
    expect(world.stderr.records[0]!['message']).toMatch(message);
  });
});

describe('the configuration', () => {
  it('is refused with every problem at once', async () => {
    const world = fakeWorld({
      environment: { CONNECTOR_CONFIGURATION: '{"pace": 0}', FILE_BACKEND: 'S3', INTAKE_URL: 'nowhere' },
    });
    expect(await runPlatformCommand([scriptedTrigger()], 'ScriptedTrigger', world)).toBe(2);
    const message = String(world.stderr.records[0]!['message']);
    expect(message).toContain('module_configuration: is missing');
    expect(message).toContain('arguments.pace: must be at least 1');
    expect(message).toContain('aws_bucket_name: is missing: state on S3 needs it');
    expect(message).toContain('aws_secret_access_key: is missing');
    expect(message).toContain('intake_url: leads nowhere (from environment variable INTAKE_URL)');
  });

  it('includes what only the trigger can judge', async () => {
    const world = fakeWorld({ environment: { ...ENVIRONMENT, CONNECTOR_CONFIGURATION: '{"pace": 13}' } });
    expect(await runPlatformCommand([scriptedTrigger()], 'ScriptedTrigger', world)).toBe(2);
    expect(world.stderr.text).toContain(
      'arguments.pace: is unlucky (from environment variable CONNECTOR_CONFIGURATION)',
    );
  });

  it('is taken from trigger_configuration where there is no connector_configuration', async () => {
    const registration = scriptedTrigger();
    const environment = { MODULE_CONFIGURATION: '{"key":"abcd"}', TRIGGER_CONFIGURATION: '{"pace": 3}' };
    await runPlatformCommand([registration], 'ScriptedTrigger', fakeWorld({ environment }));
    expect(registration.runs[0]!.settings.pace).toBe(3);
  });

  it('leads to warnings, which are logged', async () => {
    const world = fakeWorld({ environment: { ...ENVIRONMENT, CONNECTOR_CONFIGURATION: '{"pace": 1}' } });
    await runPlatformCommand([scriptedTrigger()], 'ScriptedTrigger', world);
    expect(world.stderr.records).toContainEqual(
      expect.objectContaining({ level: 'warning', message: 'arguments.pace: hasty' }),
    );
  });
});

describe('the data path', () => {
  it.each([
    [{ DATA_PATH: '/data' }, '/data'],
    [{ SUB_FOLDER: 'tenant/one' }, '/symphony_data/tenant/one'],
    [{ DATA_PATH: '/data', SUB_FOLDER: '/one\n' }, '/data/one'],
    [{ DATA_PATH: '' }, '/symphony_data'],
  ])('with %j is %s', async (environment, path) => {
    const registration = scriptedTrigger();
    await runPlatformCommand(
      [registration],
      'ScriptedTrigger',
      fakeWorld({ environment: { ...ENVIRONMENT, ...environment } }),
    );
    expect(registration.runs[0]!.context.storage.location).toBe(path);
  });

  it('is refused while another process works on it', async () => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const lock = await world.fileSystem.tryLock('/symphony_data/.lock');
    expect(await runPlatformCommand([scriptedTrigger()], 'ScriptedTrigger', world)).toBe(1);
    expect(world.stderr.records.at(-1)).toMatchObject({ level: 'critical', code: 'STATE_LOCKED' });
    await lock!.release();
    expect(await runPlatformCommand([scriptedTrigger()], 'ScriptedTrigger', world)).toBe(0);
  });

  it('is free again after a run that failed', async () => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const fail = (): Promise<void> => Promise.reject(new Error('broken'));
    expect(await runPlatformCommand([scriptedTrigger({ run: fail })], 'ScriptedTrigger', world)).toBe(1);
    expect(await runPlatformCommand([scriptedTrigger()], 'ScriptedTrigger', world)).toBe(0);
  });
});

describe('the log', () => {
  it('never shows a secret, even where the trigger writes it', async () => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const registration = scriptedTrigger({
      run: async ({ key }, { log }) => {
        log.info(`using ${key}`);
        throw new Error(`refused ${key}`);
      },
    });
    expect(await runPlatformCommand([registration], 'ScriptedTrigger', world)).toBe(1);
    expect(world.stderr.text).toContain('using [redacted]');
    expect(world.stderr.text).not.toContain(SECRET);
  });

  it.each([
    [{ LOG_LEVEL: '10' }, true],
    [{ LOG_LEVEL: 'debug' }, true],
    [{ LOG_LEVEL: '20' }, false],
    [{ LOG_LEVEL: 'nonsense' }, false],
    [{ LOG_LEVEL: '10', CONNECTOR_CONFIGURATION: '{"log_level": "info"}' }, false],
  ])('with %j shows details: %s', async (environment, shown) => {
    const world = fakeWorld({ environment: { ...ENVIRONMENT, ...environment } });
    const run = async (_: unknown, { log }: { log: { debug(text: string): void } }): Promise<void> =>
      log.debug('detail');
    expect(await runPlatformCommand([scriptedTrigger({ run })], 'ScriptedTrigger', world)).toBe(0);
    expect(world.stderr.text.includes('detail')).toBe(shown);
  });
});

describe('a failure', () => {
  it.each([
    [
      new ModuleError('STATE_CORRUPT', 'cannot read', { advice: 'repair it' }),
      1,
      { level: 'critical', advice: 'repair it' },
    ],
    [
      new ModuleError('SOURCE_UNAVAILABLE', 'busy', { status: 503, requestId: 'r1' }),
      1,
      { level: 'error', status: 503, requestId: 'r1' },
    ],
    [new ConfigurationError([{ setting: 'a', problem: 'b' }]), 2, { level: 'critical' }],
    [new Error('a defect'), 1, { level: 'error', message: 'Unexpected error: a defect', stack: expect.any(String) }],
    ['a text', 1, { level: 'error', message: 'Unexpected error: a text' }],
  ])('%s is logged once and gives the exit code %d', async (thrown, code, record) => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const run = (): Promise<void> => Promise.resolve().then(() => Promise.reject(thrown as Error));
    expect(await runPlatformCommand([scriptedTrigger({ run })], 'ScriptedTrigger', world)).toBe(code);
    const failures = world.stderr.records.filter(({ level }) => level === 'error' || level === 'critical');
    expect(failures).toEqual([expect.objectContaining(record)]);
  });
});

describe('a signal', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ])('%s stops softly, with the exit code %d', async (signal, code) => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const registration = scriptedTrigger({ run: runUntilStopped });
    const ended = runPlatformCommand([registration], 'ScriptedTrigger', world);
    await everybodyHadTheirTurn();
    await everybodyHadTheirTurn();
    world.signals.emit(signal);
    expect(await ended).toBe(code);
    expect(registration.runs[0]!.context.stop.forced.aborted).toBe(false);
    expect(world.stderr.text).toContain('Stopping');
    expect(world.signals.listenerCount('SIGTERM') + world.signals.listenerCount('SIGINT')).toBe(0);
    expect(world.clock.sleeping).toBe(0);
  });

  it.each([
    ['SIGTERM', 1],
    ['SIGINT', 130],
  ])('%s forces when it comes twice, with the exit code %d', async (signal, code) => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const ended = runPlatformCommand([scriptedTrigger({ run: runUntilForced })], 'ScriptedTrigger', world);
    await everybodyHadTheirTurn();
    await everybodyHadTheirTurn();
    world.signals.emit(signal);
    await everybodyHadTheirTurn();
    world.signals.emit(signal);
    expect(await ended).toBe(code);
    expect(world.stderr.text).toContain(`Second signal (${signal})`);
    expect(world.clock.sleeping).toBe(0);
  });

  it('forces when the grace period of 8 s is over', async () => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const registration = scriptedTrigger({ run: runUntilForced });
    const ended = runPlatformCommand([registration], 'ScriptedTrigger', world);
    await everybodyHadTheirTurn();
    await everybodyHadTheirTurn();
    world.signals.emit('SIGTERM');
    await world.clock.advance(7_999);
    expect(registration.runs[0]!.context.stop.forced.aborted).toBe(false);
    await world.clock.advance(1);
    expect(await ended).toBe(1);
    expect(world.stderr.text).toContain('The grace period is over');
  });

  it('ends the process even where the trigger heeds nothing', async () => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const never = (): Promise<void> => new Promise(() => undefined);
    const ended = runPlatformCommand([scriptedTrigger({ run: never })], 'ScriptedTrigger', world);
    await everybodyHadTheirTurn();
    await everybodyHadTheirTurn();
    world.signals.emit('SIGTERM');
    await world.clock.advance(9_000);
    expect(await ended).toBe(1);
    expect(world.stderr.text).toContain('did not end when told to');
  });

  it('before the run began keeps it from beginning', async () => {
    const world = fakeWorld({ environment: ENVIRONMENT });
    const tryLock = world.fileSystem.tryLock.bind(world.fileSystem);
    world.fileSystem.tryLock = (path) => {
      world.signals.emit('SIGTERM');
      return tryLock(path);
    };
    const registration = scriptedTrigger({ run: runUntilStopped });
    expect(await runPlatformCommand([registration], 'ScriptedTrigger', world)).toBe(0);
    expect(registration.runs).toHaveLength(0);
  });
});
