import { ModuleError } from '../../src/sdk/errors.js';
import type { Storage } from '../../src/sdk/storage/storage.js';

/** One thing that is asked of a storage. */
export interface StorageOperation {
  readonly kind: 'read' | 'write' | 'remove' | 'list';
  readonly name: string;
  /** 1 for the first one since the storage was made. */
  readonly ordinal: number;
  /** 1 for the first write or removal; undefined for what changes nothing. */
  readonly change: number | undefined;
}

/** A failure before anything was done, or one after it: as where only the answer was lost. */
export type StorageFailure = 'undone' | 'done';

/** Says which operations fail. */
export type FailurePlan = (operation: StorageOperation) => StorageFailure | undefined;

/** A storage that fails where its plan says so. What does not fail is done by the storage inside. */
export class FailingStorage implements Storage {
  /** Everything asked so far, failed or not. */
  readonly operations: StorageOperation[] = [];
  /** May be replaced at any time. */
  plan: FailurePlan;
  #changes = 0;

  constructor(
    readonly inner: Storage,
    plan: FailurePlan = () => undefined,
  ) {
    this.plan = plan;
  }

  get location(): string {
    return this.inner.location;
  }

  /** Writes and removals asked so far, failed or not. */
  get changes(): number {
    return this.#changes;
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#do('read', name, () => this.inner.read(name));
  }

  write(name: string, content: Uint8Array): Promise<void> {
    return this.#do('write', name, () => this.inner.write(name, content));
  }

  remove(name: string): Promise<void> {
    return this.#do('remove', name, () => this.inner.remove(name));
  }

  list(folder: string): Promise<string[]> {
    return this.#do('list', folder, () => this.inner.list(folder));
  }

  async #do<Result>(kind: StorageOperation['kind'], name: string, deed: () => Promise<Result>): Promise<Result> {
    const changing = kind === 'write' || kind === 'remove';
    if (changing) this.#changes += 1;
    const operation = {
      kind,
      name,
      ordinal: this.operations.length + 1,
      change: changing ? this.#changes : undefined,
    };
    this.operations.push(operation);
    const failure = this.plan(operation);
    if (failure === 'undone') throw unavailable(operation);
    const result = await deed();
    if (failure === 'done') throw unavailable(operation);
    return result;
  }
}

/** From the n-th change (write or removal) on, nothing works any more: the process or the disk died there. */
export function dieAtChange(n: number, failure: StorageFailure = 'undone'): FailurePlan {
  return ({ change = 0, kind }) => {
    if (change === n) return failure;
    return change > n || kind === 'read' || kind === 'list' ? 'undone' : undefined;
  };
}

/** Only the n-th change fails. */
export function failChange(n: number, failure: StorageFailure = 'undone'): FailurePlan {
  return ({ change }) => (change === n ? failure : undefined);
}

function unavailable({ kind, name }: StorageOperation): ModuleError {
  return new ModuleError('STATE_UNAVAILABLE', `Cannot ${kind} ${name}: told to fail`);
}
