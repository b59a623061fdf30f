import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../../src/harness/program.js';
import { runPlatformCommand } from '../../../src/sdk/platform-command.js';
import { fakeHarness, type FakeHarness } from '../../support/fake-harness.js';
import { s3Environment } from '../../support/s3-access.js';
import { s3Rig } from '../../support/s3-rig.js';
import { refuse } from '../../support/scripted-s3.js';
import { scriptedTrigger } from '../../support/scripted-trigger.js';

const rig = s3Rig();

function harnessOnS3(more: Parameters<typeof fakeHarness>[0] = {}): FakeHarness {
  const environment = {
    MODULE_CONFIGURATION: '{"key":"open-sesame"}',
    CONNECTOR_CONFIGURATION: '{}',
    ...s3Environment(rig.server, 'tenant'),
  };
  return fakeHarness({ ...more, environment: { ...environment, DATA_PATH: '/data' } });
}

describe('state on S3', () => {
  it.each([
    ['run', (world: FakeHarness) => runProgram(['run', '--once'], world)],
    ['the platform', (world: FakeHarness) => runPlatformCommand(world.triggers, 'ScriptedTrigger', world)],
  ])('is what %s works on, and its secret never shows', async (_, start) => {
    const registration = scriptedTrigger({
      run: async (_settings, { storage, log }) => {
        await storage.write('context.json', new TextEncoder().encode('{}'));
        log.info(`with ${rig.server.secretAccessKey}`);
      },
    });
    const world = harnessOnS3({ triggers: [registration] });
    expect(await start(world)).toBe(0);
    expect(registration.runs[0]!.context.storage.location).toBe('s3://state/tenant');
    expect(rig.textOf('tenant/context.json')).toBe('{}');
    expect(world.stderr.records[0]).toMatchObject({ message: 'Starting', dataPath: 's3://state/tenant' });
    expect(world.stderr.text).toContain('with [redacted]');
    expect(world.fileSystem.files.has('/data/.lock')).toBe(false);
  });

  it('is refused at the start, as critical, where the key may not', async () => {
    rig.server.fault = (_, response) => refuse(response, 403, 'AccessDenied');
    const world = harnessOnS3();
    expect(await runPlatformCommand(world.triggers, 'ScriptedTrigger', world)).toBe(1);
    expect(world.stderr.records.at(-1)).toMatchObject({
      level: 'critical',
      code: 'STATE_REFUSED',
      message: expect.stringContaining('Access denied to the object storage s3://state/tenant'),
      advice: expect.stringContaining('s3:PutObject'),
    });
  });

  it('is examined by check, which leaves nothing there', async () => {
    const world = harnessOnS3();
    expect(await runProgram(['check'], world)).toBe(0);
    expect(world.stdout.lines).toContain('ok   State bucket: s3://state/tenant can be written');
    expect(world.stdout.text).not.toContain('State lock');
    expect([...rig.server.objects.keys()]).toEqual([]);
  });

  it('fails a check with the remedy, and without the secret', async () => {
    const { secretAccessKey } = rig.server;
    rig.server.fault = (_, response) => refuse(response, 403, 'InvalidAccessKeyId');
    const world = harnessOnS3();
    expect(await runProgram(['check'], world)).toBe(1);
    expect(world.stdout.text).toMatch(/FAIL State bucket: Access denied .*\n +-> Check aws_access_key_id/);
    expect(world.stdout.text).not.toContain(secretAccessKey);
  });

  it('is shown by config, with where it was said', async () => {
    const world = harnessOnS3();
    await runProgram(['config', '--json'], world);
    expect(JSON.parse(world.stdout.text)).toMatchObject({
      dataPath: { value: 's3://state/tenant', origin: 'environment variable FILE_BACKEND' },
    });
  });

  it('gives way to a directory that a flag or the playbook names', async () => {
    const files = { '/work/playbook.yaml': 'trigger: ScriptedTrigger\ndata_path: state\n' };
    const [byFlag, byPlaybook] = [harnessOnS3(), harnessOnS3({ files })];
    await runProgram(['config', '--json', '--data-path', 'here'], byFlag);
    await runProgram(['config', '--json', '--playbook', 'playbook.yaml'], byPlaybook);
    expect(JSON.parse(byFlag.stdout.text)).toMatchObject({ dataPath: { value: '/work/here' } });
    expect(JSON.parse(byPlaybook.stdout.text)).toMatchObject({ dataPath: { value: '/work/state' } });
  });
});
