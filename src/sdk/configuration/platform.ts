import type { ConfigurationProblem } from '../errors.js';
import type { FileSystem } from '../ports.js';
import { isJsonObject, parseJson } from './json.js';
import { createLayer, type LoadedSection } from './layer.js';
import { readText, type Found, type Lookup } from './lookup.js';
import { settle } from './settle.js';

/** What the platform hands to a connector. */
export interface PlatformConfiguration {
  readonly module: LoadedSection;
  readonly arguments: LoadedSection;
  /** The intake of the platform's region. */
  readonly intakeUrl: Found<string> | undefined;
}

/**
 * Reads a connector's configuration the way the platform provides it: `module_configuration`, then
 * `connector_configuration` or, where that is absent, `trigger_configuration`, and `intake_url`. Never rejects for a
 * broken document: what is wrong goes into the sections, so that it is reported with everything else.
 */
export async function loadPlatformConfiguration(lookup: Lookup): Promise<PlatformConfiguration> {
  const [module, args, intakeUrl] = await Promise.all([
    loadSection(lookup, ['module_configuration']),
    loadSection(lookup, ['connector_configuration', 'trigger_configuration']),
    settle(lookup.text('intake_url')),
  ]);
  return {
    module,
    arguments: { ...args, problems: [...(args.problems ?? []), ...intakeUrl.problems] },
    intakeUrl: intakeUrl.value,
  };
}

/**
 * Reads one part of the configuration from a JSON file named by the user.
 * @param setting what the file is for, to be named in problems: `module_configuration`.
 */
export async function loadSectionFile(
  fileSystem: Pick<FileSystem, 'read'>,
  path: string,
  setting: string,
): Promise<LoadedSection> {
  const origin = `file ${path}`;
  const { value: text, problems } = await settle(readText(fileSystem, path, setting));
  if (problems.length > 0) return broken(problems);
  if (text === undefined) return broken([{ setting, problem: 'there is no such file', origin }]);
  const value = parseJson(text);
  if (value === undefined) return broken([{ setting, problem: 'is not JSON', origin }]);
  return sectionOf(setting, { value, origin });
}

async function loadSection(lookup: Lookup, names: readonly string[]): Promise<LoadedSection> {
  for (const name of names) {
    const { value: found, problems } = await settle(lookup.json(name));
    if (problems.length > 0) return broken(problems);
    if (found !== undefined) return sectionOf(name, found);
  }
  const [setting = ''] = names;
  const places = names.map((name) => lookup.placesOf(name)).join(', or ');
  return broken([{ setting, problem: `is missing: provide ${places}` }]);
}

function sectionOf(setting: string, { value, origin }: Found<unknown>): LoadedSection {
  if (!isJsonObject(value)) return broken([{ setting, problem: 'must be a JSON object', origin }]);
  return { layers: [createLayer(value, origin)] };
}

function broken(problems: readonly ConfigurationProblem[]): LoadedSection {
  return { layers: [], problems, incomplete: true };
}
