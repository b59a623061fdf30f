/** Bytes that come in chunks, by number. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  /** @param cutOff what is thrown where there are fewer than are asked for */
  constructor(
    chunks: AsyncIterable<Uint8Array>,
    private readonly cutOff: () => Error,
  ) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Whether there are none left. */
  async isOver(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return true;
      this.#chunk = next.value;
    }
    return false;
  }

  async take(count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count;) at += await this.#next(count - at, (part) => bytes.set(part, at));
    return bytes;
  }

  async skip(count: number): Promise<void> {
    for (let at = 0; at < count;) at += await this.#next(count - at, () => undefined);
  }

  async #next(most: number, use: (part: Uint8Array) => void): Promise<number> {
    if (await this.isOver()) throw this.cutOff();
    const part = this.#chunk.subarray(0, most);
    use(part);
    this.#chunk = this.#chunk.subarray(part.length);
    return part.length;
  }
}
