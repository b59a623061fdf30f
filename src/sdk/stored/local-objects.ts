import type { Readable } from 'node:stream';

/** A stored object on this machine. */
export interface LocalObject {
  /** Path, as it was given or found below the directory that was; `-` for standard input. */
  readonly name: string;
  /** Bytes; undefined for standard input and other pipes. */
  readonly size: number | undefined;
  /** When it was written last, epoch milliseconds; undefined as for `size`. */
  readonly modifiedMs: number | undefined;
  /** Its bytes, from the beginning. */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * The objects that paths name, in the order in which they were given; those of a directory, with all below it, by name.
 * @param paths of files and directories; `-` is standard input, which is read once
 * @throws ModuleError where there is none
 */
export function listLocalObjects(paths: readonly string[], input: Readable): AsyncGenerator<LocalObject, void, undefined> {
  throw new Error(`Not there yet: ${String(paths)} ${typeof input}`);
}
