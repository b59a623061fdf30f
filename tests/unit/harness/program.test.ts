import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../../src/harness/program.js';
import type { CheckResult } from '../../../src/sdk/trigger.js';
import { fakeHarness } from '../../support/fake-harness.js';
import { everybodyHadTheirTurn } from '../../support/manual-clock.js';
import { runUntilStopped, scriptedTrigger } from '../../support/scripted-trigger.js';

const SECRET = 'open-sesame';
const environment = { MODULE_CONFIGURATION: JSON.stringify({ key: SECRET }) };

const PLAYBOOK = `
trigger: Scripted Connector
account: { key: "\${KEY}", host: playbook.test }
arguments: { pace: 20 }
data_path: state
`;

describe('help', () => {
  it.each(['run', 'check', 'config', 'spec', 'simulate'])('of %s has examples and exit codes', async (command) => {
    const world = fakeHarness();
    expect(await runProgram([command, '--help'], world)).toBe(0);
    expect(world.stdout.text).toMatch(/Examples:\n {2}\$ sekoia-module/);
    expect(world.stdout.text).toMatch(/Exit codes:\n {2}0 +\w/);
    expect(world.stderr.text).toBe('');
  });

  it('has a flag for every setting but the secrets, with bounds and defaults', async () => {
    const world = fakeHarness();
    await runProgram(['run', '--help'], world);
    expect(world.stdout.text).toMatch(/--pace <SECONDS> +How fast \(at least 1 seconds; default 5\)/);
    expect(world.stdout.text).toContain('--log-level <debug|info|warning|error>');
    expect(world.stdout.text).not.toContain('--key');
    expect(world.stdout.text).toMatch(/Secrets .* have no flags/);
  });

  it('has bold titles on a terminal only, and not under NO_COLOR', async () => {
    const piped = fakeHarness();
    const terminal = fakeHarness({ terminal: true });
    const plain = fakeHarness({ terminal: true, environment: { NO_COLOR: '1' } });
    for (const world of [piped, terminal, plain]) await runProgram(['--help'], world);
    expect(terminal.stdout.text).toContain('\u001b[1mUsage:');
    expect(piped.stdout.text + plain.stdout.text).not.toContain('\u001b');
  });

  it('is shown on standard error, as a mistake, where no command is given', async () => {
    const world = fakeHarness();
    expect(await runProgram([], world)).toBe(2);
    expect(world.stderr.text).toContain('Usage: sekoia-module');
  });
});

describe('the command line', () => {
  it('tells the version', async () => {
    const world = fakeHarness();
    expect(await runProgram(['--version'], world)).toBe(0);
    expect(world.stdout.text).toBe('sekoia-module 1.2.3\n');
  });

  it.each([
    [['chekc'], "unknown command 'chekc'\n(Did you mean check?)"],
    [['run', '--pac', '3'], "unknown option '--pac'\n(Did you mean --pace?)"],
    [['simulate', '--events', 'many'], 'It must be a number from 0 to 10000000'],
    [['simulate', '--seed', '1.5'], 'It must be a whole number'],
  ])('%j is refused, with the nearest or the allowed', async (args, message) => {
    const world = fakeHarness();
    expect(await runProgram(args, world)).toBe(2);
    expect(world.stderr.text).toContain(message);
  });
});

describe('the trigger', () => {
  it.each([['ScriptedTrigger'], ['scriptedtrigger'], ['Scripted Connector'], ['scripted-trigger'], []])(
    'may be called %s',
    async (...names) => {
      const registration = scriptedTrigger();
      const world = fakeHarness({ environment, triggers: [registration] });
      expect(await runProgram(['run', ...names, '--once'], world)).toBe(0);
      expect(registration.runs).toHaveLength(1);
    },
  );

  it('that is unknown leads to the nearest one', async () => {
    const world = fakeHarness({ environment });
    expect(await runProgram(['run', 'ScriptedTriger'], world)).toBe(2);
    expect(world.stderr.text).toContain(`"ScriptedTriger" is unknown, did you mean 'ScriptedTrigger'?`);
  });

  it('must be named where there are several', async () => {
    const second = { ...scriptedTrigger(), trigger: { ...scriptedTrigger().trigger, command: 'Second' } };
    const world = fakeHarness({ environment, triggers: [scriptedTrigger(), second] });
    expect(await runProgram(['run'], world)).toBe(2);
    expect(world.stderr.text).toContain('trigger: is missing; there are: ScriptedTrigger, Second');
  });
});

describe('run', () => {
  it('stops with 130 after Ctrl-C', async () => {
    const world = fakeHarness({ environment, triggers: [scriptedTrigger({ run: runUntilStopped })] });
    const ended = runProgram(['run'], world);
    for (let turn = 0; turn < 5; turn++) await everybodyHadTheirTurn();
    world.signals.emit('SIGINT');
    expect(await ended).toBe(130);
  });

  it('keeps its state below the working directory where nothing else is said', async () => {
    const registration = scriptedTrigger();
    await runProgram(['run', '--once'], fakeHarness({ environment, triggers: [registration] }));
    expect(registration.runs[0]!.context.storage.location).toBe('/work/.sekoia-module/ScriptedTrigger');
    expect(registration.runs[0]!.context.once).toBe(true);
  });
});

describe('a later source of settings', () => {
  async function paceAndPath(
    args: readonly string[],
    more: { environment?: Record<string, string>; files?: Record<string, string> } = {},
  ): Promise<[number, string, string | undefined]> {
    const registration = scriptedTrigger();
    const world = fakeHarness({
      triggers: [registration],
      environment: { ...environment, KEY: SECRET, ...more.environment },
      files: { '/work/playbook.yaml': PLAYBOOK, '/work/args.json': '{"pace": 30}', ...more.files },
    });
    expect(await runProgram(['run', '--once', ...args], world)).toBe(0);
    const { settings, context } = registration.runs[0]!;
    return [settings.pace, context.storage.location, settings.intakeUrl];
  }
  const given = {
    environment: { CONNECTOR_CONFIGURATION: '{"pace": 10}', DATA_PATH: '/data', INTAKE_URL: 'https://a.test' },
  };

  it('wins over an earlier one: defaults, environment, playbook, files, flags', async () => {
    expect((await paceAndPath([]))[0]).toBe(5);
    expect(await paceAndPath([], given)).toEqual([10, '/data', 'https://a.test']);
    const playbook = ['--playbook', 'playbook.yaml'];
    expect(await paceAndPath(playbook, given)).toEqual([20, '/work/state', 'https://a.test']);
    expect((await paceAndPath([...playbook, '--arguments', 'args.json'], given))[0]).toBe(30);
    const flags = ['--pace', '40', '--data-path', 'here', '--intake-url', 'https://b.test'];
    expect(await paceAndPath([...playbook, '--arguments', 'args.json', ...flags], given)).toEqual([
      40,
      '/work/here',
      'https://b.test',
    ]);
  });

  it('leaves what it does not mention', async () => {
    const world = fakeHarness({
      environment: { ...environment, KEY: SECRET },
      files: { '/work/playbook.yaml': PLAYBOOK },
    });
    await runProgram(['config', '--playbook', 'playbook.yaml', '--pace', '9', '--json'], world);
    expect(JSON.parse(world.stdout.text)).toMatchObject({
      module: { host: { value: 'playbook.test', origin: 'playbook.yaml, account.host' } },
      arguments: { pace: { value: 9, origin: 'flag --pace' }, log_level: { value: 'info', origin: 'default' } },
    });
  });
});

describe('a wrong configuration', () => {
  it('is reported with everything that is wrong at once, and never shows a secret', async () => {
    const world = fakeHarness({ environment: { MODULE_CONFIGURATION: '{broken' } });
    const args = [
      'run',
      '--arguments',
      'nowhere.json',
      '--key',
      SECRET,
      '--pace',
      '0',
      '--intake-url',
      'nowhere',
      '--log-level',
      SECRET,
    ];
    expect(await runProgram(args, world)).toBe(2);
    expect(world.stderr.text).toContain('module_configuration: is not JSON');
    expect(world.stderr.text).toContain('arguments: there is no such file (from file /work/nowhere.json)');
    expect(world.stderr.text).toContain('module.key: is a secret and not accepted on the command line');
    expect(world.stderr.text).toContain('arguments.pace: must be at least 1');
    expect(world.stderr.text).toContain('intake_url: leads nowhere (from flag --intake-url)');
    expect(world.stderr.text).not.toContain(SECRET);
    expect(world.stdout.text).toBe('');
  });

  it('names a setting that is missing everywhere once', async () => {
    const world = fakeHarness();
    expect(await runProgram(['check'], world)).toBe(2);
    expect(world.stderr.lines[1]).toBe('  module.key: is required');
    expect(world.stderr.text).not.toContain('module_configuration');
  });
});

describe('config', () => {
  it('hides secrets and tells where each value came from', async () => {
    const world = fakeHarness({ environment });
    expect(await runProgram(['config', '--pace', '1'], world)).toBe(0);
    expect(world.stdout.text).toMatch(/key +\(secret, 11 characters\) +environment variable MODULE_CONFIGURATION/);
    expect(world.stdout.text).toMatch(/pace +1 +flag --pace/);
    expect(world.stdout.text).toMatch(/data_path +\/work\/\.sekoia-module\/ScriptedTrigger +default/);
    expect(world.stdout.text).toContain('Warning: arguments.pace: hasty');
    expect(world.stdout.text).not.toContain(SECRET);
  });
});

describe('spec', () => {
  it('prints the declarations with their references resolved', async () => {
    const world = fakeHarness();
    expect(await runProgram(['spec'], world)).toBe(0);
    const account = { type: 'object', required: ['key'] };
    expect(JSON.parse(world.stdout.text)).toEqual({
      manifest: { name: 'Scripted', configuration: account },
      triggers: [{ name: 'Scripted Connector', docker_parameters: 'ScriptedTrigger', arguments: account }],
      schemas: { 'account.schema.json': account },
    });
  });

  it('fails clearly where the package is not whole', async () => {
    const world = Object.assign(fakeHarness(), { packageDirectory: '/elsewhere' });
    expect(await runProgram(['spec'], world)).toBe(1);
    expect(world.stderr.text).toContain('The package lacks manifest.json');
  });
});

describe('check', () => {
  const checks: CheckResult[] = [
    { name: 'Address', state: 'passed', detail: 'answers' },
    { name: 'Key', state: 'failed', detail: `refused\n${SECRET} \u001b[2J`, remedy: `replace ${SECRET}` },
    { name: 'Clock', state: 'warning', detail: '3 s behind' },
    { name: 'Role', state: 'skipped', detail: 'needs a key' },
  ];

  it('prints a line a finding and a remedy for what failed, in plain words', async () => {
    const world = fakeHarness({ environment, triggers: [scriptedTrigger({ checks })] });
    expect(await runProgram(['check'], world)).toBe(1);
    expect(world.stdout.lines.slice(2)).toEqual([
      'ok   State directory: /work/.sekoia-module/ScriptedTrigger can be written',
      'ok   State lock: no other process works on it',
      'ok   Address: answers',
      'FAIL Key: refused [redacted] \\u001b[2J',
      '     -> replace [redacted]',
      'warn Clock: 3 s behind',
      'skip Role: needs a key',
      '',
      '1 of 6 checks failed.',
    ]);
    expect(world.openTransports).toBe(0);
  });

  it('uses symbols on a terminal', async () => {
    const world = fakeHarness({
      environment: { ...environment, NO_COLOR: '1' },
      terminal: true,
      triggers: [scriptedTrigger({ checks })],
    });
    await runProgram(['check'], world);
    expect(world.stdout.text).toContain('✓ Address: answers\n✗ Key');
    expect(world.stdout.text).toContain('  → replace');
  });

  it('passes where nothing failed', async () => {
    const world = fakeHarness({ environment, triggers: [scriptedTrigger({ checks: [checks[0]!, checks[2]!] })] });
    expect(await runProgram(['check'], world)).toBe(0);
    expect(world.stdout.lines.at(-1)).toBe('Nothing stands in the way.');
  });

  it('gives one JSON document', async () => {
    const world = fakeHarness({ environment, triggers: [scriptedTrigger({ checks })] });
    expect(await runProgram(['check', '--json'], world)).toBe(1);
    const report = JSON.parse(world.stdout.text) as { passed: boolean; checks: CheckResult[] };
    expect(report.passed).toBe(false);
    expect(report.checks.map(({ state }) => state)).toEqual([
      'passed',
      'passed',
      'passed',
      'failed',
      'warning',
      'skipped',
    ]);
    expect(world.stdout.text).not.toContain(SECRET);
  });

  it('warns of a connector at work on the same state, and leaves the state as it was', async () => {
    const world = fakeHarness({ environment });
    const lock = '/work/.sekoia-module/ScriptedTrigger/.lock';
    await world.fileSystem.tryLock(lock);
    world.fileSystem.files.set(lock, new TextEncoder().encode('4711\n'));
    expect(await runProgram(['check'], world)).toBe(0);
    expect(world.stdout.text).toMatch(/warn State lock: Another process \(pid 4711\)/);
    expect([...world.fileSystem.files.keys()].filter((path) => path.startsWith('/work'))).toEqual([lock]);
  });

  it('fails where the state cannot be written', async () => {
    const world = fakeHarness({ environment });
    world.fileSystem.writeAtomically = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    expect(await runProgram(['check'], world)).toBe(1);
    expect(world.stdout.text).toMatch(/FAIL State directory: Cannot write .*\n +-> Free space/);
  });

  it('warns of a dead letter that cannot be read, also beside a connector at work', async () => {
    const folder = '/work/.sekoia-module/ScriptedTrigger';
    for (const isLocked of [false, true]) {
      const world = fakeHarness({ environment });
      world.fileSystem.files.set(`${folder}/dead-letter/00000001.ndjson`, new TextEncoder().encode('rubbish\n'));
      if (isLocked) await world.fileSystem.tryLock(`${folder}/.lock`);
      expect(await runProgram(['check'], world)).toBe(0);
      expect(world.stdout.text).toMatch(
        /warn Dead letter: .*cannot be read: dead-letter\/00000001.ndjson, line 1\n +-> .*Restore/,
      );
    }
  });

  it('ends with 130 after Ctrl-C', async () => {
    const registration = scriptedTrigger();
    const interrupted = fakeHarness({
      environment,
      triggers: [
        {
          ...registration,
          trigger: {
            ...registration.trigger,
            async *check(_, { signal }) {
              yield { name: 'first', state: 'passed', detail: 'fine' };
              interrupted.signals.emit('SIGINT');
              if (signal.aborted) throw Object.assign(new Error('Stopped'), { name: 'AbortError' });
            },
          },
        },
      ],
    });
    expect(await runProgram(['check'], interrupted)).toBe(130);
    expect(interrupted.signals.listenerCount('SIGINT')).toBe(0);
  });
});
