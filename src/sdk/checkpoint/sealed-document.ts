import { crc32 } from 'node:zlib';

import type { ModuleError } from '../errors.js';
import { isTooDeep } from '../json/depth.js';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A value with the checksum that `unseal` looks for. Guards against a changed digit, not against an adversary. */
export function seal(value: Json): Json {
  return { ...value, checksum: checksum(value) };
}

/** What `seal` was given. Key order is kept by every JSON tool we know of. */
export function unseal(sealed: Json, broken: (what: string) => ModuleError): Json {
  const { checksum: written, ...value } = sealed;
  if (written !== checksum(value)) throw broken('its checksum does not match its content');
  return value;
}

/** Reads a document that is to be a JSON object. */
export function parseDocument(content: Uint8Array, broken: (what: string, cause?: unknown) => ModuleError): Json {
  const text = Buffer.from(content).toString('utf8');
  if (isTooDeep(text)) throw broken('it is nested too deeply');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw broken(content.length === 0 ? 'it is empty' : 'it is not JSON', cause);
  }
  if (!isObject(document)) throw broken('it is not a JSON object');
  return document;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checksum(value: Json): string {
  return crc32(JSON.stringify(value)).toString(16).padStart(8, '0');
}
