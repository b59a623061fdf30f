import { join } from 'node:path';

import { isJsonObject, type JsonObject } from './json.js';
import { resolveReferences } from './references.js';
import type { FileSystem } from '../ports.js';

/** What the platform reads of a module: its declarations, each complete in itself. */
export interface Declarations {
  readonly manifest: JsonObject;
  readonly triggers: readonly TriggerDeclaration[];
  /** JSON Schemas by file name. */
  readonly schemas: Readonly<Record<string, unknown>>;
}

/** A trigger as `triggers/<slug>.json` declares it. */
export interface TriggerDeclaration {
  readonly slug: string;
  readonly name: string;
  /** `docker_parameters`. */
  readonly command: string;
  readonly document: JsonObject;
}

/**
 * Reads manifest, triggers and schemas of a package, with every `$ref` replaced by what it refers to.
 * @throws Error where the package is not whole: a defect, not a setting
 */
export async function readDeclarations(
  packageDirectory: string,
  fileSystem: Pick<FileSystem, 'read' | 'list'>,
): Promise<Declarations> {
  const read = async (path: string): Promise<unknown> => {
    const content = await fileSystem.read(join(packageDirectory, path));
    if (content === undefined) throw new Error(`The package lacks ${path}`);
    return JSON.parse(new TextDecoder().decode(content)) as unknown;
  };
  const resolved = async (path: string): Promise<JsonObject> => {
    const document = await resolveReferences(await read(path), read, path);
    if (!isJsonObject(document)) throw new Error(`${path} is not a JSON object`);
    return document;
  };
  const namesIn = async (folder: string): Promise<string[]> => {
    const names = await fileSystem.list(join(packageDirectory, folder));
    return names.filter((name) => name.endsWith('.json')).sort();
  };
  const schemas = (await namesIn('schemas')).map(async (name) => [name, await resolved(`schemas/${name}`)] as const);
  const triggers = (await namesIn('triggers')).map(async (name) =>
    declarationOf(name.replace(/\.json$/, ''), await resolved(`triggers/${name}`)),
  );
  return {
    manifest: await resolved('manifest.json'),
    triggers: await Promise.all(triggers),
    schemas: Object.fromEntries(await Promise.all(schemas)),
  };
}

function declarationOf(slug: string, document: JsonObject): TriggerDeclaration {
  return { slug, name: String(document['name']), command: String(document['docker_parameters']), document };
}
