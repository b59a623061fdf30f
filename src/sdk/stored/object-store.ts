/** An object of events, as it was listed. */
export interface StoredObject {
  /** What it is called in its place, for messages and to know it again. */
  readonly name: string;
  /**
   * Another one where the content is another: the ETag, or size and time of the last change. '' where nobody can tell: such an
   * object is never known to be finished.
   */
  readonly version: string;
  /** Its size as it is stored; undefined where nobody knows before it was read. */
  readonly size: number | undefined;
  /**
   * Opens it as it is now.
   * @returns undefined where it is gone
   * @throws ModuleError where it cannot be read
   */
  open(signal: AbortSignal): Promise<OpenedObject | undefined>;
}

/** An object that is being read. */
export interface OpenedObject {
  readonly name: string;
  /** Of what is read, which may be newer than what was listed. */
  readonly version: string;
  /** Its bytes as they are stored, from the beginning. Reading throws a ModuleError where it cannot go on. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Lets go of content that nobody has begun to read. */
  close(): void;
}

/** Where objects of events are. */
export interface ObjectStore {
  /** In words: `s3://bucket/prefix`, a path. */
  readonly location: string;
  /** True where it cannot be listed again: standard input. */
  readonly isReadOnce: boolean;
  /** Everything that is there now, in pages. */
  list(signal: AbortSignal): AsyncGenerator<readonly StoredObject[], void, undefined>;
  /** Lets go of the connections. */
  close(): void;
}
