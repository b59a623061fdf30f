import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { startProgram } from '../support/built-program.js';

describe('the demo', () => {
  it.each([
    ['', ['--seconds', '1']],
    [', also of a backlog of many windows with no live part', ['--days', '20', '--seconds', '0']],
  ])(
    'ends with an account that balances, with --json alone on standard output%s',
    async (_, flags) => {
      const args = ['dist/harness/cli.js', 'demo', '--events', '2000', ...flags, '--json'];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      const [stdout, stderr, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      const account = JSON.parse(stdout) as { held: number; delivered: number; trimmed: number; deadLettered: number };
      expect(account).toMatchObject({ lost: 0, duplicated: 0, altered: 0, balanced: true });
      expect(account.held).toBeGreaterThanOrEqual(2000);
      expect(account.delivered + account.trimmed + account.deadLettered).toBe(account.held);
      expect(stderr).toContain('Starting it again on the same data path');
      expect(code).toBe(0);
    },
    60_000,
  );

  it('leaves with 130 soon after Ctrl-C, and draws up no account', async () => {
    const program = startProgram('harness/cli.js', ['demo'], {});
    await program.said('First start');
    await wait(500);
    const askedAt = Date.now();
    program.child.kill('SIGINT');
    const { code, output } = await program.ended;
    expect(code).toBe(130);
    expect(Date.now() - askedAt).toBeLessThan(5000);
    expect(output).not.toContain('balance');
  }, 60_000);
});
