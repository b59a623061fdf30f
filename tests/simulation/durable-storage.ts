import { ModuleError } from '../../src/sdk/errors.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import type { StorageEffect } from './scenario.js';
import { never, type SimulatedProcess } from './simulated-process.js';
import type { VirtualTime } from './virtual-time.js';

export interface StorageWorld {
  readonly time: VirtualTime;
  delayMs(): number;
  effect(): StorageEffect | undefined;
  /** Told before a write is begun; the process may die here. */
  onWrite(process: SimulatedProcess, apply: () => void): void;
  /** Told when a document has its new content, durable from here on. */
  onWritten(name: string, content: Buffer): void;
  onRemoved(name: string): void;
  /** Told when a document was written, or when it was said that it could not be. */
  onWriteEnded(failed: boolean): void;
}

/** What outlives the processes: each document is replaced as a whole, or not at all. */
export class DurableStorage {
  readonly documents = new Map<string, Buffer>();

  constructor(private readonly world: StorageWorld) {}

  /** The storage as one process sees it. */
  portOf(process: SimulatedProcess): Storage {
    return {
      location: 'simulated',
      read: (name) => this.#read(process, () => copyOf(this.documents.get(name))),
      list: (folder) => this.#read(process, () => this.#list(folder)),
      write: (name, content) => {
        const copy = Buffer.from(content);
        return this.#change(process, `write ${name}`, () => {
          this.documents.set(name, copy);
          this.world.onWritten(name, copy);
        });
      },
      remove: (name) =>
        this.#change(process, `remove ${name}`, () => {
          this.documents.delete(name);
          this.world.onRemoved(name);
        }),
    };
  }

  #list(folder: string): string[] {
    const prefix = folder === '' ? '' : `${folder}/`;
    const inside = [...this.documents.keys()].filter((name) => name.startsWith(prefix));
    return inside
      .map((name) => name.slice(prefix.length))
      .filter((name) => !name.includes('/'))
      .sort();
  }

  async #read<Result>(process: SimulatedProcess, look: () => Result): Promise<Result> {
    if (!process.operation()) return never();
    const effect = this.world.effect();
    await process.pause(this.#delay(effect));
    if (effect?.kind === 'reads-fail') throw unavailable('read');
    return look();
  }

  /** Takes effect half way, if it does at all. */
  async #change(process: SimulatedProcess, what: string, apply: () => void): Promise<void> {
    if (!process.operation()) return never();
    const isWrite = what.startsWith('write');
    const effect = isWrite ? this.world.effect() : undefined;
    const delayMs = this.#delay(effect);
    const fails = effect?.kind === 'fails' || effect?.kind === 'done-but-fails';
    if (effect?.kind !== 'fails') await this.#applyHalfWay(process, delayMs / 2, apply);
    await process.pause(delayMs / 2);
    if (isWrite) this.world.onWriteEnded(fails);
    if (fails) throw unavailable(what);
  }

  #applyHalfWay(process: SimulatedProcess, delayMs: number, apply: () => void): Promise<void> {
    return new Promise((resolve) => {
      const once = (): void => {
        timer.cancel();
        if (process.underWay.delete(writing)) apply();
      };
      const writing = {
        abandon: (arrives: boolean) => {
          timer.cancel();
          if (arrives) apply();
        },
      };
      process.underWay.add(writing);
      const timer = this.world.time.after(delayMs, () => {
        once();
        if (process.isAlive) resolve();
      });
      this.world.onWrite(process, once);
    });
  }

  #delay(effect: StorageEffect | undefined): number {
    return effect?.kind === 'slow' ? effect.delayMs : this.world.delayMs();
  }
}

function copyOf(content: Buffer | undefined): Buffer | undefined {
  return content && Buffer.from(content);
}

function unavailable(what: string): ModuleError {
  return new ModuleError('STATE_UNAVAILABLE', `Cannot ${what}: told to fail`, { advice: 'Wait.' });
}
