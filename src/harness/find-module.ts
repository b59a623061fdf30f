import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { isJsonObject, parseJson } from '../sdk/configuration/json.js';
import { ConfigurationError } from '../sdk/errors.js';
import type { SekoiaModule } from '../sdk/module.js';

/** The member of a package.json that names the file which exports the module, as `sekoiaModule`. */
const MEMBER = 'sekoiaModule';

/**
 * The module whose package a directory is: the one that its package.json names under `sekoiaModule`. Its code is run.
 * @returns undefined where the directory is no package, or one without a module
 * @throws ConfigurationError where what is named there is no module
 */
export async function findModule(directory: string): Promise<SekoiaModule | undefined> {
  const path = join(directory, 'package.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const document = text === undefined ? undefined : parseJson(text);
  const named = isJsonObject(document) ? document[MEMBER] : undefined;
  if (typeof named !== 'string') return undefined;
  const problem = (what: string): ConfigurationError =>
    new ConfigurationError([{ setting: MEMBER, problem: what, origin: `file ${path}` }]);
  const file = join(directory, named);
  const loaded = (await import(pathToFileURL(file).href).catch((error: unknown) => {
    const isMissing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    throw isMissing ? problem(`${named} cannot be loaded; was it built ('npm run build')? ${String(error)}`) : error;
  })) as Record<string, unknown>;
  const module = loaded[MEMBER];
  if (isModule(module)) return module;
  throw problem(`${named} exports no ${MEMBER} made by defineModule`);
}

function isModule(value: unknown): value is SekoiaModule {
  if (typeof value !== 'object' || value === null) return false;
  const { directory, triggers } = value as { directory?: unknown; triggers?: unknown };
  return typeof directory === 'string' && Array.isArray(triggers);
}
