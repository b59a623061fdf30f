/** A rule that a bundle breaks. */
export interface Violation {
  /** Path inside the bundle. */
  readonly file: string;
  readonly problem: string;
  /** What to do about it, as a sentence. */
  readonly remedy: string;
}

/** Files of a bundle as rules look at them: by path inside it. */
export interface BundleView {
  readonly paths: readonly string[];
  /** Undefined where there is no such file. */
  bytes(path: string): Uint8Array | undefined;
  /** As UTF-8. */
  text(path: string): string | undefined;
}

/** A view of files that are in memory. */
export function viewOf(files: ReadonlyMap<string, Uint8Array>): BundleView {
  return {
    paths: [...files.keys()],
    bytes: (path) => files.get(path),
    text: (path) => {
      const bytes = files.get(path);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    },
  };
}
