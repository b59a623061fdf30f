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

/** @param certificates the directory of `makeCertificates`, for a server that speaks TLS alone */
export async function startRedis(settings: readonly string[] = [], certificates?: string): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sekoia-test-redis-'));
  const port = await freePort();
  const ports = certificates === undefined ? ['--port', `${port}`] : tlsPort(port, certificates);
  const args = [...ports, '--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes', '--save', ''];
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
    url: `${certificates === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
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

function tlsPort(port: number, certificates: string): string[] {
  const [cert, key, authority] = ['server.pem', 'server.key', 'authority.pem'].map((file) => join(certificates, file));
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority];
  return ['--port', '0', '--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no'].map(String);
}
