import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { NO_PORTS } from '../support/connector-environment.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

/** What users start. `npm test` builds it first. */
const CLI = join(process.cwd(), 'dist/harness/cli.js');
const MAIN = join(process.cwd(), 'dist/main.js');
const CONNECTOR = 'JumpcloudDirectoryInsightsConnector';
const SECRET = 'a-very-secret-key-0123456789';

const newDirectory = temporaryDirectories();

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(script: string, args: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  const { PATH = '' } = process.env;
  return spawn(process.execPath, [script, ...args], {
    cwd: newDirectory(),
    env: { PATH, ...NO_PORTS, ...environment },
  });
}

async function end(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  child.stdout!.on('data', (piece: Buffer) => (texts.stdout += piece.toString()));
  child.stderr!.on('data', (piece: Buffer) => (texts.stderr += piece.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

const run = (args: readonly string[], environment?: Record<string, string>): Promise<Ended> =>
  end(start(CLI, args, environment));

/** Resolves once the child has written something that matches. */
async function seen(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const look = (piece: Buffer): void => {
      text += piece.toString();
      if (pattern.test(text)) resolve(text);
    };
    child.stdout!.on('data', look);
    child.stderr!.on('data', look);
    child.once('close', () => reject(new Error(`ended without ${String(pattern)}:\n${text}`)));
  });
}

it('was built', () => {
  expect(existsSync(CLI) && existsSync(MAIN)).toBe(true);
});

describe('sekoia-module', () => {
  it('prints help with every setting that is no secret', async () => {
    const { code, stdout, stderr } = await run(['run', '--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const flag of [
      '--playbook',
      '--once',
      '--base-url',
      '--service',
      '--start-from',
      '--page-size',
      '--overlap',
    ]) {
      expect(stdout).toContain(`${flag} `);
    }
    expect(stdout).not.toMatch(/--(apikey|intake-key)/);
    expect(stdout).not.toContain('\u001b');
  });

  it('prints its version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^sekoia-module \d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['rnu'], 'Did you mean run?'],
    [['run', 'JumpcloudDirectoryInsightConnector'], `did you mean '${CONNECTOR}'?`],
    [['run', '--servcie', 'sso'], 'Did you mean --service?'],
  ])('%j leaves with 2 and suggests the nearest', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
  });

  it('prints the declarations with everything resolved', async () => {
    const { code, stdout } = await run(['spec']);
    const spec = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(spec.manifest.configuration.properties.apikey.type).toBe('string');
    expect(spec.triggers[0]).toMatchObject({ docker_parameters: CONNECTOR, arguments: { type: 'object' } });
    expect(stdout).not.toContain('$ref');
  });

  it('does not mind a reader who has seen enough', async () => {
    const child = start(CLI, ['spec']);
    child.stdout!.destroy();
    let errors = '';
    child.stderr!.on('data', (piece: Buffer) => (errors += piece.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(errors).toBe('');
    expect(code).toBe(0);
  });

  it('shows the effective configuration without its secrets', async () => {
    const { code, stdout, stderr } = await run(['config', '--service', 'SSO, radius', '--json'], {
      MODULE_CONFIGURATION: Buffer.from(JSON.stringify({ apikey: SECRET })).toString('base64'),
      CONNECTOR_CONFIGURATION: JSON.stringify({ intake_key: `${SECRET}-2`, frequency: '30' }),
      INTAKE_URL: 'https://intake.example.test',
    });
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(JSON.parse(stdout)).toMatchObject({
      module: { apikey: { value: '(secret, 28 characters)', origin: 'environment variable MODULE_CONFIGURATION' } },
      arguments: {
        frequency: { value: 30, origin: 'environment variable CONNECTOR_CONFIGURATION' },
        service: { value: 'SSO, radius', origin: 'flag --service' },
        page_size: { value: 10_000, origin: 'default' },
      },
      intakeUrl: { value: 'https://intake.example.test' },
    });
  });

  it('names everything that is wrong at once, and leaves with 2', async () => {
    const { code, stderr } = await run(
      ['run', '--frequency', '-5', '--service', 'ssso', '--start-from', '2999-01-01T00:00:00Z', '--apikey', SECRET],
      { CONNECTOR_CONFIGURATION: '{broken' },
    );
    expect(code).toBe(2);
    for (const setting of ['module.apikey', 'connector_configuration', 'frequency', 'service', 'start_from']) {
      expect(stderr).toContain(`${setting}: `);
    }
    expect(stderr).toContain("did you mean 'sso'?");
    expect(stderr).not.toContain(SECRET);
  });
});

describe('the platform entry point', () => {
  it.each([[[]], [['validate']]])('called with %j lists the commands and leaves with 2', async (args) => {
    const { code, stderr } = await end(start(MAIN, args));
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ level: 'critical', message: expect.stringContaining(CONNECTOR) });
  });

  it('names everything that is missing and leaves with 2', async () => {
    const { code, stderr } = await end(start(MAIN, [CONNECTOR]));
    const { message } = JSON.parse(stderr) as { message: string };
    expect(code).toBe(2);
    expect(message).toContain('module_configuration: is missing');
    expect(message).toContain('connector_configuration: is missing');
  });
});

describe('against the simulators', () => {
  interface Addresses {
    readonly jumpcloudUrl: string;
    readonly apiKey: string;
    readonly intakeUrl: string;
    readonly intakeKey: string;
  }

  async function withSimulators(
    work: (environment: Record<string, string>) => Promise<void>,
  ): Promise<Record<string, number>> {
    const simulate = start(CLI, ['simulate', '--events', '500', '--days', '0.5', '--live', '0', '--json']);
    const addresses = JSON.parse(await seen(simulate, /\}\n$/)) as Addresses;
    const ended = end(simulate);
    await work({
      MODULE_CONFIGURATION: JSON.stringify({ base_url: addresses.jumpcloudUrl, apikey: addresses.apiKey }),
      CONNECTOR_CONFIGURATION: JSON.stringify({
        intake_server: addresses.intakeUrl,
        intake_key: addresses.intakeKey,
        start_from: '1d',
        frequency: 1,
      }),
    });
    simulate.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    return JSON.parse(stdout) as Record<string, number>;
  }

  it('collects everything once, through the runner and again through the platform entry point', async () => {
    const account = await withSimulators(async (environment) => {
      const dataPath = newDirectory();
      const { code } = await run(['run', CONNECTOR, '--data-path', dataPath, '--once'], environment);
      expect(code).toBe(0);

      for (const [signal, expected] of [
        ['SIGTERM', 0],
        ['SIGINT', 130],
      ] as const) {
        const connector = start(MAIN, [CONNECTOR], { ...environment, DATA_PATH: dataPath });
        await seen(connector, /Resuming/);
        const ended = end(connector);
        connector.kill(signal);
        expect((await ended).code).toBe(expected);
      }
    });
    expect(account).toMatchObject({ held: 500, delivered: 500, lost: 0, duplicated: 0, unknown: 0 });
  });

  it('finds nothing in the way, and sends nothing', async () => {
    const account = await withSimulators(async (environment) => {
      const { code, stdout } = await run(['check', '--json'], environment);
      expect(JSON.parse(stdout)).toMatchObject({ passed: true });
      expect(code).toBe(0);

      const refused = await run(['check'], {
        ...environment,
        MODULE_CONFIGURATION: environment['MODULE_CONFIGURATION']!.replace('synthetic', SECRET),
      });
      expect(refused.code).toBe(1);
      expect(refused.stdout).toMatch(/FAIL .*key/i);
      expect(refused.stdout + refused.stderr).not.toContain(SECRET);
    });
    expect(account['delivered']).toBe(0);
  });
});
