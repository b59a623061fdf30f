import type { ErrorObject } from 'ajv';
import { explainError } from './explain.js';
import { isJsonObject } from './json.js';
import { showValue } from './redact.js';

/** One thing wrong in a document. */
export interface Finding {
  /** Where, by member names and list positions: `['service', '0']`. */
  readonly path: readonly string[];
  readonly problem: string;
  /** True where something is missing that must be there. */
  readonly missing: boolean;
}

/** What ajv compiles of a schema with `allErrors` and `verbose`; here or ahead of time. */
export interface Validator {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** A JSON Schema, with its validator where that was made ahead of time: making it takes a tenth of a second. */
export interface ValidatedSchema {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly validator?: Validator;
}

/** How a value, by its path, is quoted in a finding. */
export type ShowValue = (path: readonly string[], value: unknown) => string;

/**
 * Checks a document against a JSON Schema (draft-07, with the usual formats) and says everything that is wrong with it,
 * in words. Keywords that the draft does not know are left alone.
 * @throws Error where the schema itself is broken, which is a defect of the program.
 */
export async function validate(
  { schema, validator }: ValidatedSchema,
  value: unknown,
  show: ShowValue = (_, quoted) => showValue(quoted, false),
): Promise<Finding[]> {
  const check = validator ?? (await compile(schema));
  if (check(value)) return [];
  return withoutBranches(check.errors ?? []).map((error) => findingOf(error, show));
}

/** Compiling is what costs; a schema is compiled once. */
const compiled = new WeakMap<object, Validator>();

/** Loaded here and not above: no schema of this module needs it. */
async function compile(schema: Readonly<Record<string, unknown>>): Promise<Validator> {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const [{ Ajv }, formats] = await Promise.all([import('ajv'), import('ajv-formats')]);
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, logger: false });
  formats.default.default(ajv);
  const check = ajv.compile(schema);
  compiled.set(schema, check);
  return check;
}

/** A failed `anyOf` also reports every branch of it; the branches say less than the whole. */
function withoutBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  return errors.filter(
    (error) =>
      error.keyword !== 'if' && !choices.some((choice) => error.schemaPath.startsWith(`${choice.schemaPath}/`)),
  );
}

function findingOf(error: ErrorObject, show: ShowValue): Finding {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const params: Readonly<Record<string, unknown>> = error.params;
  if (error.keyword === 'required') {
    return { path: [...path, String(params['missingProperty'])], problem: 'is required', missing: true };
  }
  const unknownMember = params['additionalProperty'];
  if (typeof unknownMember === 'string') {
    const parent: unknown = error.parentSchema?.['properties'];
    const known = isJsonObject(parent) ? Object.keys(parent) : [];
    return { path: [...path, unknownMember], problem: explainError(error, { shown: '', known }), missing: false };
  }
  return { path, problem: explainError(error, { shown: show(path, error.data), known: [] }), missing: false };
}

function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
