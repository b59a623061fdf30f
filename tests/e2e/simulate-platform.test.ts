import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { startProgram } from '../support/built-program.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const SIMULATE = ['simulate', '--platform'];
const REFUSED = {
  name: 'refused',
  side: 'platform',
  when: { endpoints: ['/callback'] },
  effect: { kind: 'status', status: 403 },
};
const newDirectory = temporaryDirectories();

describe('simulate --platform', () => {
  it('ends with 0 when every step held, and tells them as JSON', async () => {
    const { code, output } = await startProgram('harness/cli.js', [...SIMULATE, '--events', '3000', '--json'], {})
      .ended;
    const play = JSON.parse(output.slice(output.indexOf('\n{'))) as Record<string, unknown>;
    expect(play).toMatchObject({ passed: true, account: { lost: 0, unknown: 0 } });
    expect(play['steps']).toHaveLength(8);
    expect(code).toBe(0);
  }, 120_000);

  it('ends with 1 at the first step that does not hold, and says which', async () => {
    const scenario = join(newDirectory(), 'scenario.json');
    writeFileSync(scenario, JSON.stringify({ version: 1, faults: [REFUSED] }));
    const { code, output } = await startProgram('harness/cli.js', [...SIMULATE, '--scenario', scenario], {}).ended;
    expect(output).toMatch(/^failed .*Validates an account whose key works: the process ended with 1/m);
    expect(output).toContain('A step failed.');
    expect(output).not.toContain('Refuses an account');
    expect(code).toBe(1);
  }, 60_000);

  it('leaves nothing behind after Ctrl-C', async () => {
    const program = startProgram('harness/cli.js', SIMULATE, {});
    await program.said('Starts with its secrets');
    const cli = program.child.pid ?? 0;
    const started = readFileSync(`/proc/${cli}/task/${cli}/children`, 'utf8').trim().split(' ');
    expect(started).toHaveLength(1);
    program.child.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 130 });
    expect(started.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  }, 60_000);
});
