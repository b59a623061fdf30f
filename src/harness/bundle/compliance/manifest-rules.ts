import { isJsonObject, type JsonObject } from '../../../sdk/configuration/json.js';
import { UUID } from '../uuid.js';
import { newestVersion } from './changelog-rules.js';
import { documentAt, outsideReferences, schemaProblem } from './documents.js';
import { isVersion } from './semantic-version.js';
import type { BundleView, Violation } from './violation.js';

const FILE = 'manifest.json';

const CATEGORIES = [
  'Applicative',
  'Cloud Providers',
  'Collaboration Tools',
  'Email',
  'Endpoint',
  'Generic',
  'IAM',
  'Network',
  'Threat Intelligence',
];

/** Added by the platform when a module is published. */
const OF_PUBLICATION = ['docker', 'image', 'changelog'];

/** What the library asks of `manifest.json`, and that there is one version of the module. */
export async function manifestViolations(view: BundleView): Promise<Violation[]> {
  const manifest = documentAt(view, FILE);
  if (manifest === undefined) return [violation('is missing, or no JSON object', 'Write the manifest of the module.')];
  return [
    ...identityViolations(manifest),
    ...(await configurationViolations(manifest)),
    ...categoryViolations(manifest),
    ...publicationViolations(manifest),
    ...versionViolations(view, manifest),
  ];
}

function identityViolations({ uuid, name, description, slug, version }: JsonObject): Violation[] {
  const found: Violation[] = [];
  if (typeof uuid !== 'string' || !UUID.test(uuid)) {
    found.push(violation('has no uuid', 'Give the module its permanent UUID, in lower case.'));
  }
  for (const [member, value] of Object.entries({ name, description })) {
    if (typeof value !== 'string' || value === '') {
      found.push(violation(`has no ${member}`, `Set ${member} to a text for people.`));
    }
  }
  if (typeof slug !== 'string' || !/^[a-z][a-z-]*$/.test(slug)) {
    found.push(
      violation('has no proper slug', 'Take lower-case letters and hyphens, a letter first: it names the image.'),
    );
  }
  if (typeof version !== 'string' || !isVersion(version)) {
    found.push(violation('has no semantic version', "Set version to one such as '1.2.3'."));
  }
  return found;
}

async function configurationViolations({ configuration }: JsonObject): Promise<Violation[]> {
  const outside = outsideReferences(configuration).map((reference) =>
    violation(`refers to ${reference}`, 'Put what is referred to in the place of the reference, as bundle --out does.'),
  );
  const problem = await schemaProblem(configuration);
  if (problem !== undefined || !isJsonObject(configuration)) {
    return [...outside, violation(`configuration ${problem ?? ''}`, 'Write it as a schema of JSON Schema draft-07.')];
  }
  const { properties, secrets, required } = configuration;
  const known = Object.keys(isJsonObject(properties) ? properties : {});
  const named = [secrets, required].flatMap((names) => (Array.isArray(names) ? (names as unknown[]) : []));
  const strange = named.filter((name) => !known.some((each) => each === name));
  return [
    ...outside,
    ...[...new Set(strange)].map((name) =>
      violation(
        `names ${JSON.stringify(name)}, which is no property`,
        'Correct secrets and required of configuration.',
      ),
    ),
  ];
}

function categoryViolations({ categories }: JsonObject): Violation[] {
  const given: unknown[] = Array.isArray(categories) ? categories : [];
  const unknown = given.filter((category) => !CATEGORIES.some((known) => known === category));
  const remedy = `Take from: ${CATEGORIES.join(', ')}.`;
  if (given.length === 0) return [violation('has no category', remedy)];
  return unknown.map((category) => violation(`has an unknown category ${JSON.stringify(category)}`, remedy));
}

function publicationViolations(manifest: JsonObject): Violation[] {
  return OF_PUBLICATION.filter((member) => member in manifest).map((member) =>
    violation(`has ${member}`, 'Remove it: the platform adds it when the module is published.'),
  );
}

/** The platform takes up a module whose version is new; the documents ask for the same one everywhere. */
function versionViolations(view: BundleView, { version }: JsonObject): Violation[] {
  const lock = documentAt(view, 'package-lock.json');
  const others: [string, unknown][] = [
    ['CHANGELOG.md', newestVersion(view.text('CHANGELOG.md') ?? '')],
    ['package.json', documentAt(view, 'package.json')?.['version']],
    ['package-lock.json', lock?.['version']],
  ];
  return others
    .filter(([file, other]) => view.paths.includes(file) && other !== version)
    .map(([file, other]) => ({
      file,
      problem: `tells of version ${String(other)}, manifest.json of ${String(version)}`,
      remedy: 'Give them the same version.',
    }));
}

function violation(problem: string, remedy: string): Violation {
  return { file: FILE, problem, remedy };
}
