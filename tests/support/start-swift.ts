import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openS3Library, type S3Access } from './s3-access.js';

/** The one of the system, which is what Debian's packages belong to. */
export const PYTHON = '/usr/bin/python3';
const PROGRAM = join(process.cwd(), 'tests/support/swift-server.py');

/** A running object storage with one empty bucket. */
export interface Swift extends S3Access {
  stop(): Promise<void>;
}

/** Starts OpenStack Swift with its S3 interface: a real object storage, here with its objects in memory. */
export async function startSwift(): Promise<Swift> {
  const directory = mkdtempSync(join(tmpdir(), 'sekoia-test-swift-'));
  const server = spawn(PYTHON, [PROGRAM, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  const endpoint = await Promise.race([
    once(server.stdout, 'data').then(([piece]: Buffer[]) => String(piece).trim()),
    exited.then(() => Promise.reject(new Error('Swift did not start'))),
  ]);
  const access: S3Access = {
    ...{ endpoint, bucket: 'state', region: 'us-east-1' },
    ...{ accessKeyId: 'test:tester', secretAccessKey: 'testing' },
  };
  const stop = async (): Promise<void> => {
    server.kill();
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await (await openS3Library(access)).createBucket();
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { ...access, stop };
}
