const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * Follows the answers on one HTTP/1.1 connection that carries one request at a time, each answer with a
 * `Content-Length`: tells whether a request has gone out whose answer has not come back whole.
 */
export class OpenAnswer {
  #isOpen = false;
  #head: Buffer = Buffer.alloc(0);
  #bodyLeft: number | undefined;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes of a request went to the server. */
  requested(): void {
    this.#isOpen = true;
  }

  /** Bytes of an answer went to the client. */
  answered(bytes: Buffer): void {
    if (this.#bodyLeft === undefined) this.#readHead(bytes);
    else this.#readBody(bytes);
  }

  #readHead(bytes: Buffer): void {
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf(END_OF_HEAD);
    if (end === -1) return;
    const body = this.#head.subarray(end + END_OF_HEAD.length);
    const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(this.#head.toString('latin1', 0, end)) ?? [];
    this.#bodyLeft = Number(length);
    this.#readBody(body);
  }

  #readBody(bytes: Buffer): void {
    this.#bodyLeft = (this.#bodyLeft ?? 0) - bytes.length;
    if (this.#bodyLeft > 0) return;
    this.#isOpen = false;
    this.#bodyLeft = undefined;
    this.#head = Buffer.alloc(0);
  }
}
