import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe } from '@jest/globals';

import { freePort } from './free-port.js';

const INSTALLED = spawnSync('redis-server', ['--version']).status === 0;

/** `describe` where Redis is installed (apt-get install redis-server); elsewhere the tests are skipped, except in CI. */
export const describeWithRedis = INSTALLED || process.env['CI'] !== undefined ? describe : describe.skip;

/** A real Redis on a port of its own, which keeps what it was told in a file (appendonly). */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Ends it as a power failure would, and starts it again. */
  restart(): Promise<void>;
  /** Ends it as a power failure would. Not for the last time. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sekoia-test-redis-'));
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes', '--save', ''];
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn('redis-server', [...args, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
    server = started;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ready to accept connections')) resolve();
      });
      started.once('exit', () => reject(new Error(`Redis did not start: ${said}`)));
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      await start();
    },
    async stop() {
      await end('SIGTERM');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
