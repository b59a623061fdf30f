import { ModuleError } from '../../sdk/errors.js';
import { assertDocumentName, assertFolderName } from '../../sdk/storage/document-name.js';
import type { Storage } from '../../sdk/storage/storage.js';
import { KEY_PREFIX, type QueueConnection } from './queue-connection.js';

/** Whose turn it is to write them: a worker, by the lock that BullMQ gave it. */
export interface JobLock {
  /** BullMQ's key of the job, without `:lock`, and that of the list of jobs under way. */
  readonly jobKey: string;
  readonly activeKey: string;
  readonly token: string;
  readonly lockMs: number;
}

/*
 * Writes a document where the lock is ours. One that ran out while Redis was away is taken again as long as nobody has given
 * the job to another worker.
 */
const WRITE = `
local holder = redis.call('GET', KEYS[2])
if holder ~= ARGV[1] then
  if holder or not redis.call('LPOS', KEYS[3], ARGV[3]) then return 0 end
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
end
redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
return 1`;

/** The key of the hash that they are in. */
export function documentsKey(jobId: string): string {
  return `${KEY_PREFIX}:documents:${jobId}`;
}

/**
 * The state of one slice, in Redis: any worker goes on with it where another one ended. What it says was delivered was
 * acknowledged before it was written, so that losing it costs deliveries, never events.
 * @param lock without it, whoever asks is the coordinator, and the job is in nobody's hands
 */
export function jobDocuments(connection: QueueConnection, jobId: string, lock?: JobLock): Storage {
  const key = documentsKey(jobId);
  const location = `${connection.description} (${jobId})`;
  const ask: QueueConnection['ask'] = (operation) =>
    connection.ask(operation).catch((error: unknown) => {
      if (!(error instanceof ModuleError)) throw error;
      throw new ModuleError('STATE_UNAVAILABLE', error.message, { advice: error.advice ?? '' });
    });
  return {
    location,
    async read(name) {
      assertDocumentName(name);
      return (await ask((redis) => redis.hgetBuffer(key, name))) ?? undefined;
    },
    async write(name, content) {
      assertDocumentName(name);
      const bytes = Buffer.from(content);
      if (lock === undefined) {
        await ask((redis) => redis.hset(key, name, bytes));
        return;
      }
      const { jobKey, activeKey, token, lockMs } = lock;
      const written = await ask((redis) =>
        redis.eval(WRITE, 3, key, `${jobKey}:lock`, activeKey, token, lockMs, jobId, name, bytes),
      );
      if (written !== 1) {
        throw new ModuleError(
          'STATE_LOCKED',
          `Another worker has taken over the slice, or it was taken back: ${location}`,
        );
      }
    },
    async remove(name) {
      assertDocumentName(name);
      await ask((redis) => redis.hdel(key, name));
    },
    async list(folder) {
      assertFolderName(folder);
      const names = await ask((redis) => redis.hkeys(key));
      const prefix = folder === '' ? '' : `${folder}/`;
      return names
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .filter((name) => !name.includes('/'))
        .sort();
    },
  };
}
