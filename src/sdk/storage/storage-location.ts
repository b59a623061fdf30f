import type { Storage } from './storage.js';

/** A storage that this process has to itself until it is released, as far as the place can tell. */
export interface OpenedStorage {
  readonly storage: Storage;
  readonly release: () => Promise<void>;
}

/** A place for state, not opened yet. */
export interface StorageLocation {
  /** The place in words, for messages: a directory, or `s3://bucket/prefix`. */
  readonly description: string;
  readonly kind: 'directory' | 'bucket';
  /** Texts that no output may contain. */
  readonly secrets: readonly string[];
  /**
   * For writing. A directory is locked, and made where missing. A bucket has no lock: a second process is noticed when
   * both have written, and then the one that wrote first gets STATE_LOCKED.
   * @throws ModuleError STATE_LOCKED, STATE_REFUSED, STATE_UNAVAILABLE
   */
  open(): Promise<OpenedStorage>;
  /**
   * Without a lock, beside a process that may be at work on it: for looking only.
   * @throws ModuleError STATE_REFUSED, STATE_UNAVAILABLE
   */
  openReadOnly(): Promise<Storage>;
}
