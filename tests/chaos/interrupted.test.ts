import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

/** Process ids of what a process has started. */
function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

describe('chaos that is broken off by Ctrl-C', () => {
  it('leaves no process, no mount and no folder behind', async () => {
    const flags = ['--minutes', '1', '--backlog', '1000', '--json'];
    const chaos = spawn(process.execPath, ['.chaos/tests/chaos/chaos.js', ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const pid = chaos.pid ?? 0;
    // The first incident: everything has been started by then.
    await once(chaos.stderr, 'data');
    while (childrenOf(pid).length < 2) await once(chaos.stderr, 'data');
    const children = childrenOf(pid);
    const environments = children.map((child) => readFileSync(`/proc/${child}/environ`, 'utf8'));
    const [dataPath] = environments.flatMap((text) => /(?:^|\0)DATA_PATH=([^\0]+)/.exec(text)?.[1] ?? []);
    expect(existsSync(dataPath ?? '')).toBe(true);

    chaos.kill('SIGINT');
    const [code] = await once(chaos, 'close');
    expect(code).toBe(130);
    expect(existsSync(dataPath ?? '')).toBe(false);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(dataPath);
    for (let left = 200; children.some(isAlive) && left > 0; left -= 1) await new Promise((r) => setTimeout(r, 20));
    expect(children.filter(isAlive)).toEqual([]);
  }, 120_000);
});

/** A process that has ended stays visible until somebody asks for its status: in a container perhaps nobody does. */
function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
