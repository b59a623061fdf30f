import { isJsonObject, type JsonObject } from '../../../sdk/configuration/json.js';
import { UUID } from '../uuid.js';
import { documentAt, outsideReferences, schemaProblem } from './documents.js';
import type { BundleView, Violation } from './violation.js';

const KINDS = ['connector', 'trigger', 'action'] as const;
type Kind = (typeof KINDS)[number];

interface Item {
  readonly file: string;
  readonly kind: Kind;
  readonly suffix: string;
  readonly document: JsonObject;
}

/**
 * What the library asks of `connector_*.json`, `trigger_*.json` and `action_*.json`, each by itself and together.
 * @param commands what the program can be started with, apart from the reserved commands of the platform
 */
export async function itemViolations(view: BundleView, commands: readonly string[]): Promise<Violation[]> {
  const found: Violation[] = [];
  const items: Item[] = [];
  for (const file of view.paths) {
    const [, kind, suffix = ''] = /^(connector|trigger|action)_([^/]*)\.json$/.exec(file) ?? [];
    if (kind === undefined) continue;
    const document = documentAt(view, file);
    if (document === undefined) found.push({ file, problem: 'is no JSON object', remedy: 'Write the item as one.' });
    else items.push({ file, kind: kind as Kind, suffix, document });
  }
  for (const item of items) found.push(...(await ownViolations(item)));
  for (const kind of KINDS) found.push(...uniqueViolations(items.filter((item) => item.kind === kind)));
  return [...found, ...pairViolations(items), ...commandViolations(items, commands)];
}

async function ownViolations({ file, kind, document }: Item): Promise<Violation[]> {
  const found: Violation[] = [];
  const add = (problem: string, remedy: string): number => found.push({ file, problem, remedy });
  const { uuid, name, description, docker_parameters: command } = document;
  if (typeof uuid !== 'string' || !UUID.test(uuid))
    add('has no uuid', 'Give the item its permanent UUID, in lower case.');
  if (typeof name !== 'string' || name === '') add('has no name', 'Set name to a text for people.');
  if (typeof description !== 'string') add('has no description', 'Set description to a text; it may be empty.');
  if (typeof command !== 'string' || command === '') {
    add('has no docker_parameters', 'Set docker_parameters to the command that starts it.');
  }
  for (const member of kind === 'connector' ? ['arguments'] : ['arguments', 'results']) {
    const problem = await schemaProblem(document[member]);
    if (problem !== undefined) add(`${member} ${problem}`, `Set ${member} to a schema of JSON Schema draft-07.`);
  }
  for (const reference of outsideReferences(document)) {
    add(`refers to ${reference}`, 'Put what is referred to in the place of the reference, as bundle --out does.');
  }
  if (kind === 'connector') found.push(...intakeViolations(file, document));
  return found;
}

function intakeViolations(file: string, { arguments: args }: JsonObject): Violation[] {
  const { properties, required } = isJsonObject(args) ? args : {};
  const known = isJsonObject(properties) ? properties : {};
  const isRequired = (Array.isArray(required) ? (required as unknown[]) : []).includes('intake_key');
  if (isRequired && 'intake_key' in known && 'intake_server' in known) return [];
  const remedy = 'Declare intake_key, a required text, and intake_server, an optional one.';
  return [{ file, problem: 'does not take an intake as connectors do', remedy }];
}

function uniqueViolations(items: readonly Item[]): Violation[] {
  return ['uuid', 'docker_parameters'].flatMap((member) =>
    items.flatMap(({ file, kind, document }, at): Violation[] => {
      const other = items.slice(0, at).find((earlier) => earlier.document[member] === document[member]);
      if (other === undefined || document[member] === undefined) return [];
      const problem = `has the ${member} of ${other.file}`;
      return [{ file, problem, remedy: `Give each ${kind} of the module a ${member} of its own.` }];
    }),
  );
}

/** A connector and a trigger with one suffix are one thing in two forms. */
function pairViolations(items: readonly Item[]): Violation[] {
  return items.flatMap((item): Violation[] => {
    const { file, kind, suffix, document } = item;
    if (kind === 'action') return [];
    if (stripped(file, kind) !== suffix) {
      // The checker takes off characters where it means to take off a prefix.
      const remedy = `Begin the part behind ${kind}_ with a letter that is not in '${kind}_'.`;
      return [{ file, problem: 'has a name that the checker pairs wrongly', remedy }];
    }
    if (kind === 'connector') return [];
    const connector = items.find((other) => other.kind === 'connector' && other.suffix === suffix);
    return ['uuid', 'docker_parameters']
      .filter((member) => connector !== undefined && connector.document[member] !== document[member])
      .map((member) => ({
        file,
        problem: `has another ${member} than ${connector?.file ?? ''}`,
        remedy: 'Give both the same: they are the same collector in two forms.',
      }));
  });
}

function stripped(file: string, kind: Kind): string {
  return file.replace(/\.json$/, '').replace(new RegExp(`^[${kind}_]+`), '');
}

/** As the checker compares what a program registers with what its manifests name. */
function commandViolations(items: readonly Item[], commands: readonly string[]): Violation[] {
  const named = new Set(items.map(({ document }) => document['docker_parameters']));
  const unknown = items.filter(
    ({ document }) => !commands.some((command) => command === document['docker_parameters']),
  );
  return [
    ...unknown.map(({ file, document }) => ({
      file,
      problem: `names the command ${JSON.stringify(document['docker_parameters'])}, which the program does not know`,
      remedy: `Take one of: ${commands.join(', ')}.`,
    })),
    ...commands
      .filter((command) => !named.has(command))
      .map((command) => ({
        file: 'manifest.json',
        problem: `has no item beside it for the command ${command}`,
        remedy: `Add a connector_*.json or trigger_*.json whose docker_parameters is ${command}.`,
      })),
  ];
}
