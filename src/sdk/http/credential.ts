/** What a request shows of who asks. */
export interface Presented {
  readonly headers: Readonly<Record<string, string>>;
  /** Texts in them that no message may quote. */
  readonly secrets: readonly string[];
}

/** Who asks an API. */
export interface Credential {
  /**
   * What the next request shows.
   * @throws ModuleError where it cannot be had
   */
  present(signal: AbortSignal): Promise<Presented>;
  /** An answer of this status, 401 or 403, refused what was presented. What `present` tells next, if it is something else, is tried once. */
  refused(presented: Presented, status: number): Promise<void>;
}
