import type { ServerOptions } from 'node:https';

import { afterEach, beforeEach, expect } from '@jest/globals';

import type { ModuleError } from '../../src/sdk/errors.js';
import { createS3Storage, type S3Storage } from '../../src/sdk/storage/s3.js';
import type { S3Settings } from '../../src/sdk/storage/s3-settings.js';
import { systemClock } from '../../src/sdk/system.js';
import { s3Settings } from './s3-access.js';
import { startScriptedS3, type S3Fault, type ScriptedS3 } from './scripted-s3.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Storages below `tenant/` on a scripted server. */
export interface S3Rig {
  readonly server: ScriptedS3;
  /** Instead of the one that there is, one that speaks TLS. */
  startTls(options: ServerOptions): Promise<void>;
  /** @param idleMs longest silence on a connection; an operation may take four times as long */
  open(changes?: Partial<S3Settings>, idleMs?: number): Promise<S3Storage>;
  textOf(key: string): string | undefined;
  puts(): number;
}

/** A new server for each test, closed after it with every storage. Call at the top of a test file. */
export function s3Rig(): S3Rig {
  const closers: (() => void | Promise<void>)[] = [];
  let server: ScriptedS3;
  const start = async (tls?: ServerOptions): Promise<void> => {
    const started = await startScriptedS3(tls);
    server = started;
    closers.push(() => started.close());
  };
  beforeEach(() => start());
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  return {
    get server() {
      return server;
    },
    startTls: start,
    async open(changes = {}, idleMs = 1000) {
      const timeouts = { connectMs: 1000, idleMs, operationMs: 4 * idleMs };
      const settings = { ...s3Settings(server, 'tenant/'), ...changes };
      const storage = await createS3Storage(settings, { clock: systemClock, timeouts });
      closers.push(() => storage.close());
      return storage;
    },
    textOf: (key) => server.objects.get(key)?.content.toString(),
    puts: () => server.requests.filter(({ method }) => method === 'PUT').length,
  };
}

export async function errorOf(attempt: Promise<unknown>): Promise<ModuleError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  return error as ModuleError;
}

/** Does something to the first requests of a method, and nothing to the others. */
export function first(method: string, fault: S3Fault, times = 1): S3Fault {
  let left = times;
  return (request, response, carryOut) => {
    if (request.method !== method || left === 0) return false;
    left -= 1;
    return fault(request, response, carryOut);
  };
}

/** The request is carried out and the connection breaks before the answer. */
export const loseAnswer: S3Fault = (_, response, carryOut) => {
  const { socket } = response;
  response.end = () => {
    socket?.destroy();
    return response;
  };
  carryOut();
  return true;
};
