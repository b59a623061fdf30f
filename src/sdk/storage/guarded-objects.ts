import { ModuleError } from '../errors.js';
import { factsOf } from './s3-failure.js';
import { checksumOf, type S3Bucket, type S3Condition } from './s3-bucket.js';

/** What is known of an object: its ETag when it was last read or written here; undefined where it was not there. */
interface Known {
  readonly etag: string | undefined;
}

/**
 * The objects of a bucket, one operation at a time on each, with what takes the place of a lock: an object that was read
 * or written here is replaced only while nobody else has changed it since. Where the server knows no conditions, writes
 * are plain.
 *
 * The same condition keeps a write that was given up, and arrives at the server late, from replacing a newer one.
 */
export class GuardedObjects {
  readonly #known = new Map<string, Known>();
  /** Checksums of what was sent while nothing is known of the outcome: the server may have it, or get it yet. */
  readonly #sent = new Map<string, Set<string>>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #conditions = true;

  constructor(
    private readonly bucket: S3Bucket,
    /** In words, for messages. */
    private readonly location: string,
  ) {}

  read(key: string): Promise<Uint8Array | undefined> {
    return this.#inTurn(key, async () => {
      const object = await this.bucket.get(key);
      this.#learn(key, object);
      return object?.content;
    });
  }

  /** @throws ModuleError STATE_LOCKED where somebody else has changed the object since it was read or written here */
  write(key: string, content: Uint8Array): Promise<void> {
    return this.#inTurn(key, async () => {
      const checksum = checksumOf(content);
      const sent = this.#sent.get(key) ?? new Set();
      this.#sent.set(key, sent.add(checksum));
      const etag = await this.#put(key, content).catch((thrown: unknown) => {
        if (!isConflict(thrown)) throw thrown;
        return this.#putAfterConflict(key, content);
      });
      this.#learn(key, { etag });
    });
  }

  remove(key: string): Promise<void> {
    return this.#inTurn(key, async () => {
      // Whether one that fails was carried out is not known.
      this.#known.delete(key);
      await this.bucket.delete(key);
      this.#learn(key, undefined);
    });
  }

  async #put(key: string, content: Uint8Array): Promise<string | undefined> {
    try {
      return await this.bucket.put(key, content, this.#conditionFor(key));
    } catch (thrown) {
      if (!this.#conditions || !isUnsupported(thrown)) throw thrown;
      this.#conditions = false;
      return this.bucket.put(key, content);
    }
  }

  /**
   * Somebody has changed the object. It may have been ourselves: a write that was carried out although its answer was
   * lost. Such a one is recognised by what it wrote.
   */
  async #putAfterConflict(key: string, content: Uint8Array): Promise<string | undefined> {
    const object = await this.bucket.get(key);
    const found = object === undefined ? undefined : checksumOf(object.content);
    if (found === checksumOf(content)) return object?.etag;
    if (found === undefined || this.#sent.get(key)?.has(found) !== true) throw this.#lockedError(key);
    this.#known.set(key, { etag: object?.etag });
    return this.#put(key, content).catch((thrown: unknown) => {
      throw isConflict(thrown) ? this.#lockedError(key) : thrown;
    });
  }

  #conditionFor(key: string): S3Condition | undefined {
    const known = this.#known.get(key);
    if (!this.#conditions || known === undefined) return undefined;
    return known.etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: known.etag };
  }

  #learn(key: string, object: Known | undefined): void {
    this.#sent.delete(key);
    // A server that names no version cannot be asked to keep one.
    if (object !== undefined && object.etag === undefined) this.#known.delete(key);
    else this.#known.set(key, { etag: object?.etag });
  }

  #lockedError(key: string): ModuleError {
    return new ModuleError(
      'STATE_LOCKED',
      `Another process writes to the data path ${this.location}: it changed ${key}`,
      {
        advice: 'Stop the other process, or give this one a bucket or sub_folder of its own.',
      },
    );
  }

  /** Operations on one object wait for each other: the last write that was asked for is the last one carried out. */
  async #inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
    const previous = this.#turns.get(key) ?? Promise.resolve();
    const turn = previous.catch(() => undefined).then(act);
    this.#turns.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }
}

/** 404 is the answer to a condition on an object that is gone. */
function isConflict(thrown: unknown): boolean {
  const { name, status } = factsOf(thrown);
  return status === 412 || name === 'PreconditionFailed' || name === 'NoSuchKey';
}

function isUnsupported(thrown: unknown): boolean {
  const { name, status } = factsOf(thrown);
  return status === 501 || name === 'NotImplemented';
}
