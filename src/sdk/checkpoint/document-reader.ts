import type { ModuleError } from '../errors.js';
import { parseTimestamp } from '../time/timestamp.js';
import type { OwedInterval } from './owed-set.js';
import { isObject, type Json } from './sealed-document.js';

const EARLIEST_MS = Date.UTC(1970);
const LATEST_MS = Date.UTC(2200);

/** Takes members out of a document, each in its form, or throws what `broken` makes of a description of the fault. */
export interface DocumentReader {
  broken(what: string): ModuleError;
  /** Epoch milliseconds. */
  instant(value: unknown, key: string): number;
  intervals(value: unknown, key: string): OwedInterval[];
  wholeNumber(value: unknown, key: string): number;
  object(value: unknown, key: string): Json;
  list(value: unknown, key: string): readonly unknown[];
}

export function documentReader(broken: (what: string) => ModuleError): DocumentReader {
  const reader: DocumentReader = {
    broken,
    instant(value, key) {
      const parsed = typeof value === 'string' ? parseTimestamp(value) : undefined;
      if (parsed === undefined) throw broken(`"${key}" is not a date and time with a zone`);
      // Further out, a year may not be written down again, and the hours between are too many to be gone through.
      if (parsed.ms < EARLIEST_MS || parsed.ms > LATEST_MS) throw broken(`"${key}" is not a time of this age`);
      return parsed.ms;
    },
    intervals: (value, key) =>
      reader.list(value, key).map((item) => {
        const { from, to } = reader.object(item, key);
        return {
          fromMs: reader.instant(from, `${key}.from`),
          toMs: to === undefined ? undefined : reader.instant(to, `${key}.to`),
        };
      }),
    wholeNumber(value, key) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw broken(`"${key}" is not a whole number`);
      // JSON has a negative zero.
      return value + 0;
    },
    object(value, key) {
      if (!isObject(value)) throw broken(`"${key}" is not an object`);
      return value;
    },
    list(value, key) {
      if (!Array.isArray(value)) throw broken(`"${key}" is not a list`);
      return value as unknown[];
    },
  };
  return reader;
}
