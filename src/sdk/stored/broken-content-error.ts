/** Compressed content that cannot be read any further. What came out before is good. */
export class BrokenContentError extends Error {
  /** For logs. */
  override readonly name = 'BrokenContentError';
}
