/** A line of node's `--trace-gc` about a full collection: `... Mark-Compact (reduce) 42.1 (60.2) -> 30.5 (55.0) MB, ...` */
const FULL_COLLECTION = /Mark-Compact .*?-> (\d+(?:\.\d+)?) \(/;
const MEGABYTE = 1024 * 1024;

/** Bytes that were still in use after a full collection, where the line tells of one. */
export function heapAfterCollection(line: string): number | undefined {
  const [, megabytes] = FULL_COLLECTION.exec(line) ?? [];
  return megabytes === undefined ? undefined : Number(megabytes) * MEGABYTE;
}
