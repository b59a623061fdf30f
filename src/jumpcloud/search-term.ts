import { createHash } from 'node:crypto';

import { isJsonObject, parseJson } from '../sdk/configuration/json.js';
import type { Parsed } from '../sdk/configuration/parsed.js';

/** A filter as the API takes it: what was written, checked, never changed. */
export type SearchTerm = Readonly<Record<string, unknown>>;

const CONJUNCTIONS: readonly string[] = ['and', 'or', 'not'];
/** Members of events that the API does not search (Directory Insights API, 'Filtering'). */
const NOT_SEARCHABLE: readonly string[] = ['changes', 'useragent', 'system_timestamp'];
/** Nobody writes more by hand, and each level is one of recursion, here and in the API. */
const MOST_LEVELS = 10;
/** Far above any filter that the API answers. */
const MOST_CHARACTERS = 100_000;
/** The vendor sets no limit, and answers very complex filters with 500. */
const MANY_VALUES = 500;
const MOST_SHOWN = 300;

/**
 * Reads the `search_term` setting: a JSON object, or the text of one. Every problem is told at once, each with its place:
 * `and[0].or[1].username`.
 */
export function parseSearchTerm(given: unknown): Parsed<SearchTerm> {
  const isText = typeof given === 'string';
  const length = isText ? given.length : (JSON.stringify(given) as string | undefined)?.length;
  if (length !== undefined && length > MOST_CHARACTERS) {
    return { problem: `is longer than ${MOST_CHARACTERS} characters` };
  }
  const term = isText ? parseJson(given) : given;
  if (isText && term === undefined)
    return { problem: 'is not JSON: write an object such as {"and":[{"success":"false"}]}' };
  const reader = new TermReader();
  if (isText && hasRepeatedMember(given, term)) reader.problems.push('names a member of an object twice');
  reader.term(term, '', 1);
  const { problems, warnings, values } = reader;
  if (problems.length > 0) return { problem: problems.join('; ') };
  if (values > MANY_VALUES) warnings.push(`has ${values} values: JumpCloud may answer very complex filters with 500`);
  const value = term as SearchTerm;
  return warnings.length === 0 ? { value } : { value, warning: warnings.join('; ') };
}

/** A filter in words, to be told apart from any other: its JSON, or the beginning of it and a fingerprint. */
export function describeSearchTerm(term: SearchTerm): string {
  const json = JSON.stringify(term);
  if (json.length <= MOST_SHOWN) return json;
  const fingerprint = createHash('sha256').update(json).digest('hex').slice(0, 16);
  return `${json.slice(0, MOST_SHOWN)}... (sha256 ${fingerprint})`;
}

/** Collects what is wrong with a filter, and what the operator should know of it. */
class TermReader {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  values = 0;

  /** An object of exactly one conjunction. @param at its place, empty at the top */
  term(term: unknown, at: string, level: number): void {
    const names = isJsonObject(term) ? Object.keys(term) : [];
    const [conjunction = ''] = names;
    if (!isJsonObject(term) || names.length !== 1 || !CONJUNCTIONS.includes(conjunction)) {
      this.#problem(at, `must be an object with exactly one of and, or, not${foundIn(names)}`);
      return;
    }
    this.#conjunction(conjunction, term[conjunction], { at: joined(at, conjunction), level });
  }

  #conjunction(name: string, operand: unknown, { at, level }: { at: string; level: number }): void {
    if (level > MOST_LEVELS) {
      this.#problem(at, `is nested more than ${MOST_LEVELS} deep`);
      return;
    }
    if (name === 'not') {
      this.warnings.push(`${at}: 'not' has no documented example: see with 'check' that it counts what you expect`);
      // Of one criterion it may stand before the criterion itself.
      if (isJsonObject(operand)) {
        this.#criterion(operand, { at, level, seen: new Set() });
        return;
      }
    }
    if (!Array.isArray(operand) || operand.length === 0) {
      this.#problem(at, 'must be a list of objects with one member each, and not empty');
      return;
    }
    const seen = new Set<string>();
    operand.forEach((criterion: unknown, n) => this.#criterion(criterion, { at: `${at}[${n}]`, level, seen }));
  }

  #criterion(criterion: unknown, { at, level, seen }: { at: string; level: number; seen: Set<string> }): void {
    const names = isJsonObject(criterion) ? Object.keys(criterion) : [];
    const [field = ''] = names;
    if (!isJsonObject(criterion) || names.length !== 1) {
      this.#problem(at, `must be an object with exactly one member${foundIn(names)}`);
      return;
    }
    if (CONJUNCTIONS.includes(field)) {
      this.#conjunction(field, criterion[field], { at: joined(at, field), level: level + 1 });
      return;
    }
    const place = joined(at, field);
    if (seen.has(field)) this.#problem(place, 'is repeated in one conjunction: put its values in one list');
    seen.add(field);
    const [root = ''] = field.split('.');
    if (field.split('.').some((part) => part.trim() !== part || part === '')) {
      this.#problem(place, 'is no name of a field, such as username or initiated_by.username');
    } else if (NOT_SEARCHABLE.includes(root)) {
      this.#problem(place, `cannot be searched: JumpCloud leaves out ${NOT_SEARCHABLE.join(', ')}`);
    }
    this.#wanted(criterion[field], place);
  }

  #wanted(wanted: unknown, place: string): void {
    const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    if (values.length === 0) this.#problem(place, 'has an empty list of values');
    this.values += values.length;
    values.forEach((value, n) => this.#value(value, Array.isArray(wanted) ? `${place}[${n}]` : place));
  }

  #value(value: unknown, place: string): void {
    if (typeof value === 'boolean') return;
    if (typeof value === 'number') {
      const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
      if (!isExact) this.#problem(place, 'is a number that cannot be held exactly: write it as text');
    } else if (typeof value !== 'string') {
      this.#problem(place, 'must be a text, a number, true or false, or a list of these');
    } else if (value !== value.toLowerCase()) {
      this.warnings.push(`${place}: JumpCloud keeps values in lower case, so ${shortened(value)} may match nothing`);
    }
  }

  #problem(at: string, problem: string): void {
    this.problems.push(at === '' ? problem : `${at} ${problem}`);
  }
}

function joined(at: string, name: string): string {
  return at === '' ? name : `${at}.${shortened(name, false)}`;
}

function foundIn(names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 5).map((name) => shortened(name, false));
  return `, not ${shown.join(', ')}${names.length > shown.length ? ', ...' : ''}`;
}

function shortened(text: string, quoted = true): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return quoted ? JSON.stringify(short) : short;
}

/** Parsing keeps the last of two members with one name, silently: then there are more names than members. */
function hasRepeatedMember(text: string, parsed: unknown): boolean {
  const names = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  let members = 0;
  const open = [parsed];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) members += Object.keys(value).length;
    for (const inner of Object.values(value)) open.push(inner);
  }
  return names > members;
}
