import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import type { Simulators } from '../../src/simulators/serve.js';

/** The objects of an export below a directory, by name. What is half-written begins with a dot. */
export function objectsIn(directory: string): Map<string, Buffer> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(^|\/)[^./][^/]*\.ndjson\.gz$/.test(name),
  );
  return new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
}

/** The lines of objects, each without its end. Throws where one has none, or where an object is not whole. */
export function linesOf(objects: Iterable<Uint8Array>): string[] {
  return [...objects].flatMap((object) => splitLines(gunzipSync(object).toString('latin1')));
}

/** Lines byte for byte, as texts of one character a byte. */
export function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the last line has no end');
  return lines;
}

/** What the API holds as lines, of one character a byte: a line break between two tokens is a blank. */
export function heldBy({ jumpcloud: { store } }: Simulators): string[] {
  return Array.from({ length: store.size }, (_, row) =>
    store
      .text(row)
      .toString('latin1')
      .replaceAll(/[\n\r]/g, ' '),
  );
}
