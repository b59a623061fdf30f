import { ConfigurationError } from '../errors.js';
import type { Environment, FileSystem } from '../ports.js';
import { decodeUtf8, parseJson } from './json.js';

/** A value and where it came from, to be shown. */
export interface Found<T> {
  readonly value: T;
  readonly origin: string;
}

/**
 * Finds configuration by name as the platform provides it: the file of that name in the configuration directory, else
 * the environment variable of that name in upper case, where an empty variable counts as absent.
 *
 * Both reject with a ConfigurationError where something is there but cannot be read. It never quotes the content.
 */
export interface Lookup {
  /** Where a name is looked for, to be shown: `file /symphony/token or environment variable TOKEN`. */
  placesOf(name: string): string;
  /** A text, without newlines at its end: whoever mounts secrets as files may add one. Undefined where absent. */
  text(name: string): Promise<Found<string> | undefined>;
  /** A parsed JSON document; in the environment, base64 of one will do as well. Undefined where absent. */
  json(name: string): Promise<Found<unknown> | undefined>;
}

export interface LookupOptions {
  readonly fileSystem: Pick<FileSystem, 'read'>;
  readonly environment: Environment;
  /** The configuration directory. Default: what the variable CONFIGURATION_PATH names, else the platform's. */
  readonly directory?: string;
}

/** Where the platform mounts the configuration of an item. */
const PLATFORM_DIRECTORY = '/symphony';

/** The look-up over a configuration directory and an environment. */
export function createLookup({ fileSystem, environment, ...options }: LookupOptions): Lookup {
  const directory = options.directory ?? (environment['CONFIGURATION_PATH'] || PLATFORM_DIRECTORY);
  const pathOf = (name: string): string => `${directory.replace(/\/+$/, '')}/${name.toLowerCase()}`;

  async function fromFile(name: string): Promise<Found<string> | undefined> {
    const path = pathOf(name);
    const value = await readText(fileSystem, path, name);
    return value === undefined ? undefined : { value, origin: `file ${path}` };
  }

  function fromEnvironment(name: string): Found<string> | undefined {
    const variable = name.toUpperCase();
    const value = environment[variable];
    return value === undefined || value === '' ? undefined : { value, origin: `environment variable ${variable}` };
  }

  return {
    placesOf: (name) => `file ${pathOf(name)} or environment variable ${name.toUpperCase()}`,
    async text(name) {
      const found = (await fromFile(name)) ?? fromEnvironment(name);
      return found && { value: found.value.replace(/[\r\n]+$/, ''), origin: found.origin };
    },
    async json(name) {
      const file = await fromFile(name);
      if (file !== undefined) return parsed(name, file, parseJson(file.value), 'JSON');
      const variable = fromEnvironment(name);
      if (variable === undefined) return undefined;
      const plain = parseJson(variable.value);
      // Not ??: null is JSON too.
      const result = plain === undefined ? parseBase64Json(variable.value) : plain;
      return parsed(name, variable, result, 'JSON or base64 of it');
    },
  };
}

/**
 * The text of a file; undefined where there is no regular file at that path.
 * @throws ConfigurationError naming `setting` where there is one but it cannot be read, or is no UTF-8.
 */
export async function readText(
  fileSystem: Pick<FileSystem, 'read'>,
  path: string,
  setting: string,
): Promise<string | undefined> {
  const bytes = await readBytes(fileSystem, path, setting);
  if (bytes === undefined) return undefined;
  const text = decodeUtf8(bytes);
  if (text === undefined) throw problem(setting, 'is not UTF-8 text', `file ${path}`);
  return text;
}

async function readBytes(
  fileSystem: Pick<FileSystem, 'read'>,
  path: string,
  setting: string,
): Promise<Uint8Array | undefined> {
  try {
    return await fileSystem.read(path);
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'EISDIR') return undefined;
    throw problem(setting, `cannot be read (${code ?? 'unknown reason'})`, `file ${path}`);
  }
}

function parsed(name: string, { value, origin }: Found<string>, result: unknown, expected: string): Found<unknown> {
  if (result !== undefined) return { value: result, origin };
  throw problem(name, `is not ${expected} (${value.length} characters)`, origin);
}

function parseBase64Json(text: string): unknown {
  const compact = text.replace(/\s+/g, '');
  // Decoding skips what is no base64; a text that merely contains some must not pass for it.
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) return undefined;
  const json = decodeUtf8(Buffer.from(compact, 'base64'));
  return json === undefined ? undefined : parseJson(json);
}

function problem(setting: string, text: string, origin: string): ConfigurationError {
  return new ConfigurationError([{ setting, problem: text, origin }]);
}

function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
