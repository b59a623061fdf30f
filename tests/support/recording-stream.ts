import { Writable } from 'node:stream';

/** A stream that keeps what is written to it. */
export class RecordingStream extends Writable {
  #bytes = Buffer.alloc(0);

  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(chunk)]);
    done();
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  get text(): string {
    return this.#bytes.toString();
  }

  /** The lines written so far, without the empty one behind the last break. */
  get lines(): string[] {
    return this.text === '' ? [] : this.text.replace(/\n$/, '').split('\n');
  }

  /** The lines as JSON objects. */
  get records(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}
