import { isJsonObject, type JsonObject } from '../../../sdk/configuration/json.js';
import { reprintPlatformJson } from '../platform-json.js';
import type { BundleView, Violation } from './violation.js';

/** The JSON object in a file; undefined where there is none. */
export function documentAt(view: BundleView, path: string): JsonObject | undefined {
  const document = parse(view.text(path) ?? '');
  return isJsonObject(document) ? document : undefined;
}

/** What the library's JSON lint asks of every `*.json`: Python's form, byte for byte. */
export function jsonViolations(view: BundleView): Violation[] {
  return view.paths
    .filter((path) => path.endsWith('.json'))
    .flatMap((file): Violation[] => {
      const text = view.text(file) ?? '';
      try {
        if (reprintPlatformJson(text) === text) return [];
      } catch (thrown) {
        const twice = thrown instanceof Error && thrown.message.startsWith('the key') ? `: ${thrown.message}` : '';
        return [
          { file, problem: `is not JSON${twice}`, remedy: 'Correct it; sekoia-module bundle --out writes it anew.' },
        ];
      }
      const problem = "is not in the form of Python's JSON writer";
      const remedy = 'Indent by two, escape what is not ASCII, and end without a newline, as bundle --out does.';
      return [{ file, problem, remedy }];
    });
}

/** Whether a value is a schema of JSON Schema draft-07. Its text says where it is not. */
export async function schemaProblem(schema: unknown): Promise<string | undefined> {
  if (!isJsonObject(schema)) return 'is not a JSON object';
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({ strict: false, logger: false });
  const declared = schema['$schema'];
  if (typeof declared === 'string' && !/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/.test(declared)) {
    return `is of another draft: ${declared}`;
  }
  const rest = Object.fromEntries(Object.entries(schema).filter(([member]) => member !== '$schema'));
  if (ajv.validateSchema(rest) === true) return undefined;
  return `is no valid schema: ${ajv.errorsText(ajv.errors, { dataVar: 'schema' })}`;
}

/** `$ref`s that lead out of the document: the platform does not follow them. */
export function outsideReferences(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(outsideReferences);
  if (!isJsonObject(node)) return [];
  const { $ref } = node;
  const own = typeof $ref === 'string' && !$ref.startsWith('#') ? [$ref] : [];
  return [...own, ...Object.values(node).flatMap(outsideReferences)];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
