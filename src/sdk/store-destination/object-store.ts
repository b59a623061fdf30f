/** Where objects are put that others read: a directory, a bucket. */
export interface ObjectStore {
  /** The place in words, for messages: a directory, or `s3://bucket/prefix`. */
  readonly location: string;
  /**
   * Writes an object as a whole, in place of one of the same name: whoever lists the place sees all of it or nothing. Once
   * resolved it survives a crash.
   * @param name parts joined by '/', none of which begins with a dot
   * @throws ModuleError DESTINATION_UNAVAILABLE where it may work later, DESTINATION_REFUSED where somebody has to mend it
   */
  write(name: string, content: Uint8Array): Promise<void>;
}
