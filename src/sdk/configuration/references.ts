import { posix } from 'node:path';
import { isJsonObject } from './json.js';

/** Reads and parses a JSON document, by its path relative to the module's directory (`schemas/x.schema.json`). */
export type ReadDocument = (path: string) => Promise<unknown>;

/**
 * A copy of a declaration in which each `$ref` is replaced by what it refers to: the form that the platform reads. A
 * reference is relative to the document it stands in, may point into a document (`file.json#/definitions/x`), and
 * replaces its siblings, as draft-07 says.
 * @param location the document's own path relative to the module's directory.
 * @throws Error where a reference leads nowhere, in a circle, or out of the module's directory. Declarations are part
 * of the program: a broken one is a defect, not a setting.
 */
export async function resolveReferences(
  document: unknown,
  readFile: ReadDocument,
  location = 'manifest.json',
): Promise<unknown> {
  const documents = new Map<string, unknown>([[location, document]]);

  async function documentAt(path: string): Promise<unknown> {
    if (!documents.has(path)) documents.set(path, await readFile(path));
    return documents.get(path);
  }

  async function inline(node: unknown, path: string, trail: readonly string[]): Promise<unknown> {
    if (Array.isArray(node)) return Promise.all(node.map((item) => inline(item, path, trail)));
    if (!isJsonObject(node)) return node;
    if (typeof node['$ref'] === 'string') return follow(node['$ref'], path, trail);
    const members = Object.entries(node).map(async ([name, value]): Promise<[string, unknown]> => [
      name,
      await inline(value, path, trail),
    ]);
    return Object.fromEntries(await Promise.all(members));
  }

  async function follow(reference: string, from: string, trail: readonly string[]): Promise<unknown> {
    const [file = '', pointer = ''] = reference.split('#', 2);
    const path = file === '' ? from : posix.join(posix.dirname(from), file);
    const target = `${path}#${pointer}`;
    if (path.startsWith('../') || /^(\/|[a-z]+:)/i.test(file))
      throw new Error(`${from}: ${reference} leaves the module`);
    if (trail.includes(target)) throw new Error(`${from}: ${reference} refers to itself`);
    return inline(pointAt(await documentAt(path), pointer, target), path, [...trail, target]);
  }

  return inline(document, location, [`${location}#`]);
}

/** Follows a JSON pointer (RFC 6901). */
function pointAt(document: unknown, pointer: string, target: string): unknown {
  let node = document;
  for (const token of pointer.split('/').slice(1)) {
    const name = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, name)) {
      throw new Error(`${target} does not exist`);
    }
    node = (node as Readonly<Record<string, unknown>>)[name];
  }
  return node;
}
