/**
 * Where state lives: small named documents under one data path. Names use '/' between folders.
 *
 * Every implementation passes the same contract tests (tests/contract/storage.ts).
 * Failures reject with a ModuleError of code STATE_UNAVAILABLE; a write of a document that another process has changed,
 * where the place can tell, with STATE_LOCKED.
 */
export interface Storage {
  /** The document, or undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the document as a whole; once resolved it survives a crash, and before that the old one does. From then on the
   * memory of `content` is the caller's again.
   */
  write(name: string, content: Uint8Array): Promise<void>;
  /** Removing what is not there is no error. */
  remove(name: string): Promise<void>;
  /** Names directly inside a folder, sorted; empty where it does not exist. */
  list(folder: string): Promise<string[]>;
  /** The place in words, for messages. */
  readonly location: string;
}
