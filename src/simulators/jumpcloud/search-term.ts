import { isObject, type JsonObject } from './query.js';
import { RequestRefused } from './request-refused.js';

/** Whether a parsed event satisfies a filter. */
type EventFilter = (event: JsonObject) => boolean;

const OPERATORS = ['and', 'or', 'not'];
const NOT_SEARCHABLE = ['changes', 'useragent', 'system_timestamp'];

/**
 * Reads the filters of a body: `search_term`, `q`, `exact_match` (API page, 3.1 and 5), in a simple form. Undefined
 * when there is none, so that events need not be parsed.
 */
export function readFilter(body: JsonObject): EventFilter | undefined {
  const { search_term: term, q, exact_match: exact } = body;
  if (q !== undefined && exact !== undefined) throw new RequestRefused(400, 'q and exact_match exclude each other');
  const filters: EventFilter[] = [];
  if (term !== undefined) filters.push(readTerm(term));
  if (typeof q === 'string') {
    const words = q.toLowerCase().split(/\s+/);
    filters.push((event) => words.every((word) => leaves(event).some((leaf) => leaf.includes(word))));
  }
  if (typeof exact === 'string') filters.push((event) => leaves(event).includes(exact.toLowerCase()));
  return filters.length === 0 ? undefined : (event) => filters.every((accepts) => accepts(event));
}

/** The value at a dotted name, or undefined. */
export function valueAt(event: unknown, dottedName: string): unknown {
  return dottedName.split('.').reduce((value, name) => (isObject(value) ? value[name] : undefined), event);
}

function readTerm(term: unknown): EventFilter {
  const [entry, ...more] = isObject(term) ? Object.entries(term) : [];
  if (entry === undefined || more.length > 0) {
    throw new RequestRefused(400, 'search_term must have exactly one of and, or, not');
  }
  const [operator, operand] = entry;
  if (operator !== 'not' && !Array.isArray(operand)) throw new RequestRefused(400, `${operator} must be an array`);
  const criteria: unknown[] = Array.isArray(operand) ? operand : [operand];
  const fields = criteria.flatMap((criterion) => (isObject(criterion) ? Object.keys(criterion) : []));
  const repeated = fields.find((field, at) => !OPERATORS.includes(field) && fields.indexOf(field) !== at);
  if (repeated !== undefined) throw new RequestRefused(400, `${repeated} is repeated in search_term`);
  const parts = criteria.map(readCriterion);
  if (operator === 'and') return (event) => parts.every((accepts) => accepts(event));
  if (operator === 'or') return (event) => parts.some((accepts) => accepts(event));
  if (operator === 'not') return (event) => !parts.some((accepts) => accepts(event));
  throw new RequestRefused(400, 'search_term must have exactly one of and, or, not');
}

function readCriterion(criterion: unknown): EventFilter {
  const [entry, ...more] = isObject(criterion) ? Object.entries(criterion) : [];
  if (entry === undefined || more.length > 0) throw new RequestRefused(400, 'a criterion must have a single field');
  const [field, wanted] = entry;
  if (OPERATORS.includes(field)) return readTerm(criterion);
  const given: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  if (given.some((value) => !['string', 'number', 'boolean'].includes(typeof value))) {
    throw new RequestRefused(400, `${field} must be compared with texts, numbers or booleans`);
  }
  const values = given.map(String);
  // Not indexed, so that nothing is found there.
  if (NOT_SEARCHABLE.includes(field.split('.')[0] ?? '')) return () => false;
  // Stored values are lower-cased, what is asked for is not: an upper-case value finds nothing.
  return (event) => {
    const value = valueAt(event, field);
    return values.includes((typeof value === 'string' ? value : JSON.stringify(value ?? '')).toLowerCase());
  };
}

function leaves(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leaves);
  return value === null ? [] : [(typeof value === 'string' ? value : JSON.stringify(value)).toLowerCase()];
}
