import { outputStyle, type OutputStream } from '../sdk/observability/terminal.js';
import type { Environment } from '../sdk/ports.js';

const SGR = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Puts a text in a colour or weight; without colours, leaves it as it is. */
export type Paint = (style: keyof typeof SGR, text: string) => string;

/** The paint that suits an output. */
export function paintFor(stream: OutputStream, environment: Environment): Paint {
  const { colours } = outputStyle(stream, environment);
  return (style, text) => (colours ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text);
}

/** Writes one line. */
export function printLine(stream: OutputStream, line = ''): void {
  stream.write(`${line}\n`);
}

/** Writes a value as indented JSON. */
export function printJson(stream: OutputStream, value: unknown): void {
  printLine(stream, JSON.stringify(value, undefined, 2));
}

/** `1 event`, `2 events`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Rows as lines whose columns begin below each other. The last column is as long as it is. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
