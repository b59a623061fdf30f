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
 * Answers 1 where the lock is ours. One that ran out, because Redis or the worker was away, is taken again as long as nobody
 * has given the job to another worker.
 */
const HOLD = `
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] then
  if holder or not redis.call('LPOS', KEYS[2], ARGV[3]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end`;
/*
 * Writes a document where the lock is ours, and where the documents are those of our last write: a Redis that has gone back
 * to an older save has older ones, to which the rest of what is in memory does not belong. The same write may come twice,
 * because its first answer was lost.
 */
const WRITE = `${HOLD}
local revision = tonumber(redis.call('HGET', KEYS[3], '.revision') or '0')
if revision ~= ARGV[4] - 1 and revision ~= tonumber(ARGV[4]) then return -1 end
redis.call('HSET', KEYS[3], '.revision', ARGV[4], ARGV[5], ARGV[6])
return 1`;
/** No name of a document begins with a dot. */
const REVISION = '.revision';

/** The key of the hash that they are in. */
export function documentsKey(jobId: string): string {
  return `${KEY_PREFIX}:documents:${jobId}`;
}

/**
 * Makes sure that a job is still in this worker's hands.
 * @throws ModuleError STATE_LOCKED where it is not; STATE_UNAVAILABLE
 */
export async function holdJob(connection: QueueConnection, jobId: string, lock: JobLock): Promise<void> {
  const { jobKey, activeKey, token, lockMs } = lock;
  const held = await asState(
    connection.ask((redis) => redis.eval(`${HOLD}\nreturn 1`, 2, `${jobKey}:lock`, activeKey, token, lockMs, jobId)),
  );
  if (held !== 1) throw takenOver(`${connection.description} (${jobId})`);
}

/**
 * The state of one slice, in Redis: any worker goes on with it where another one ended. What it says was delivered was
 * acknowledged before it was written, so that losing it costs deliveries, never events.
 * @param lock without it, whoever asks is the coordinator, and the job is in nobody's hands
 */
export function jobDocuments(connection: QueueConnection, jobId: string, lock?: JobLock): Storage {
  const key = documentsKey(jobId);
  const location = `${connection.description} (${jobId})`;
  const ask: QueueConnection['ask'] = (operation) => asState(connection.ask(operation));
  /** Of the documents as they were when the first of them was read, and of each write since. */
  let revision: number | undefined;
  const learnRevision = async (): Promise<number> =>
    (revision ??= Number((await ask((redis) => redis.hget(key, REVISION))) ?? 0));
  return {
    location,
    async read(name) {
      assertDocumentName(name);
      if (lock !== undefined) await learnRevision();
      return (await ask((redis) => redis.hgetBuffer(key, name))) ?? undefined;
    },
    async write(name, content) {
      assertDocumentName(name);
      const bytes = Buffer.from(content);
      if (lock === undefined) {
        await ask((redis) => redis.hset(key, name, bytes));
        return;
      }
      const next = (await learnRevision()) + 1;
      const { jobKey, activeKey, token, lockMs } = lock;
      const written = await ask((redis) =>
        redis.eval(WRITE, 3, `${jobKey}:lock`, activeKey, key, token, lockMs, jobId, next, name, bytes),
      );
      if (written === -1) throw goneBack(location);
      if (written !== 1) throw takenOver(location);
      revision = next;
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
        .filter((name) => name !== REVISION && name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .filter((name) => !name.includes('/'))
        .sort();
    },
  };
}

/** What cannot be read or written just now is tried again; a refusal is one. */
async function asState<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ModuleError) || error.code !== 'QUEUE_UNAVAILABLE') throw error;
    throw new ModuleError('STATE_UNAVAILABLE', error.message, { advice: error.advice ?? '' });
  }
}

function takenOver(location: string): ModuleError {
  return new ModuleError('STATE_LOCKED', `Another worker has taken over the slice, or it was taken back: ${location}`);
}

function goneBack(location: string): ModuleError {
  return new ModuleError('STATE_LOCKED', `Redis has gone back to an older save, and so does the slice: ${location}`);
}
