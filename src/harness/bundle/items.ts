import type { JsonObject } from '../../sdk/configuration/json.js';
import { isJsonObject } from '../../sdk/configuration/json.js';
import type { Declarations, TriggerDeclaration } from '../../sdk/configuration/declarations.js';
import { uuidV5 } from './uuid.js';

/** What tells a custom integration from the official module beside it; part of its slug. */
export const PRIVATE_NAME = /^[a-z][a-z-]*$/;

/**
 * Manifest and items of a module by the names that the library gives their files.
 *
 * A trigger that takes an intake key is described twice, with one suffix and one UUID: as a connector, which feeds an
 * intake directly, and as a trigger, which lives in a playbook.
 * @param privateName makes a module of its own: other UUIDs, derived from the official ones, another slug and other names
 */
export function bundledDeclarations(
  { manifest, triggers }: Declarations,
  privateName: string | undefined,
): ReadonlyMap<string, JsonObject> {
  const module = privateName === undefined ? manifest : privateManifest(manifest, privateName);
  const files = new Map<string, JsonObject>([['manifest.json', module]]);
  for (const trigger of triggers) {
    const item =
      privateName === undefined ? trigger.document : privateItem(trigger, String(module['uuid']), privateName);
    const suffix = suffixOf(trigger.slug);
    if (takesIntakeKey(item)) files.set(`connector_${suffix}.json`, withoutResults(item));
    files.set(`trigger_${suffix}.json`, item);
    // Where the program itself looks for it.
    files.set(`triggers/${trigger.slug}.json`, item);
  }
  return files;
}

function privateManifest(manifest: JsonObject, name: string): JsonObject {
  return {
    ...manifest,
    uuid: uuidV5(String(manifest['uuid']), name),
    name: `${String(manifest['name'])} (${name})`,
    slug: `${String(manifest['slug'])}-${name}`,
  };
}

/** As the platform's own generator derives it: from the module's UUID and the command. */
function privateItem({ document, command }: TriggerDeclaration, moduleUuid: string, name: string): JsonObject {
  return { ...document, uuid: uuidV5(moduleUuid, command), name: `${String(document['name'])} (${name})` };
}

function suffixOf(slug: string): string {
  const suffix = slug.replace(/-(connector|trigger)$/, '').replaceAll('-', '_');
  // The checker takes off characters of 'connector_' and 'trigger_' where it means to take off a prefix.
  return /^[connector_trigger]/.test(suffix) ? `sekoia_${suffix}` : suffix;
}

function takesIntakeKey({ arguments: args }: JsonObject): boolean {
  const properties = isJsonObject(args) ? args['properties'] : undefined;
  return isJsonObject(properties) && 'intake_key' in properties;
}

function withoutResults(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([member]) => member !== 'results'));
}
