import { spawnSync } from 'node:child_process';

import { describe, expect, it } from '@jest/globals';

describe('the bench of stored objects', () => {
  it.each(['ndjson', 'gzip'])('reads one (%s) to its last event', (form) => {
    const flags = ['--gigabytes', '0.003', '--form', form];
    const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/stored-object.mjs', ...flags], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${form} +0\\.00 GB +4000 `));
  });
});
