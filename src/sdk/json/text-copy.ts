/** Puts a text together from stretches of another and from texts of its own. What stands together there is copied at once. */
export class TextCopy {
  readonly #parts: Uint8Array[] = [];
  /** The stretch that may still grow. */
  #from = 0;
  #to = 0;

  constructor(private readonly original: Buffer) {}

  stretch(from: number, to: number): void {
    if (from !== this.#to) {
      this.#flush();
      this.#from = from;
    }
    this.#to = to;
  }

  /** A character of its own; where the original goes on with it, it is the original's. */
  character(code: number): void {
    if (this.#to > this.#from && this.original[this.#to] === code) this.#to += 1;
    else this.text(String.fromCharCode(code));
  }

  text(text: string): void {
    this.#flush();
    this.#parts.push(Buffer.from(text));
  }

  whole(): Buffer {
    this.#flush();
    return Buffer.concat(this.#parts);
  }

  #flush(): void {
    if (this.#to > this.#from) this.#parts.push(this.original.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
