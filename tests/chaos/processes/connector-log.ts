import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

const KEPT_LINES = 60;
/** Levels in the platform's form: one JSON object a line. */
const LEVEL = /"level":"(\w+)"/;

/** What all processes of the connector wrote: the last lines, how many of each level, and a copy in a file if wanted. */
export class ConnectorLog {
  readonly levels: Record<string, number> = {};
  readonly #lines: string[] = [];
  readonly #file: WriteStream | undefined;

  constructor(path: string | undefined) {
    this.#file = path === undefined ? undefined : createWriteStream(path);
  }

  get lastLines(): readonly string[] {
    return this.#lines;
  }

  /** Follows a process; `onLine` is told each line. */
  follow(stream: Readable, onLine: (line: string) => void): void {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        this.note(line);
        onLine(line);
      }
    });
  }

  note(line: string): void {
    this.#file?.write(`${line}\n`);
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    const [, level] = LEVEL.exec(line) ?? [];
    if (level !== undefined) this.levels[level] = (this.levels[level] ?? 0) + 1;
  }
}
