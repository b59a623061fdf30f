import { basename, dirname, resolve } from 'node:path';
import { type Document, isAlias, isCollection, LineCounter, parseDocument, visit } from 'yaml';
import { playbookSchema } from '../jumpcloud/configuration.generated.js';
import { validatePlaybook } from '../jumpcloud/validators.generated.js';
import { expandReferences } from '../sdk/configuration/environment-references.js';
import { isJsonObject, type JsonObject } from '../sdk/configuration/json.js';
import type { LoadedSection } from '../sdk/configuration/layer.js';
import { readText, type Found } from '../sdk/configuration/lookup.js';
import { validate } from '../sdk/configuration/validate.js';
import { ConfigurationError, type ConfigurationProblem } from '../sdk/errors.js';
import type { Environment, FileSystem } from '../sdk/ports.js';

/** A playbook file, read. The sections are still to be resolved against their schemas. */
export interface Playbook {
  /** Name or `docker_parameters` of the trigger to run. */
  readonly trigger: string;
  /** The module configuration. */
  readonly account: LoadedSection;
  readonly arguments: LoadedSection;
  /** Absolute. */
  readonly dataPath: string | undefined;
  readonly intakeUrl: Found<string> | undefined;
}

const PLAYBOOK = { schema: playbookSchema, validator: validatePlaybook };

/** Far above any playbook, far below what would hurt. */
const MAX_CHARACTERS = 1_000_000;

const TOO_DEEP = 'nested too deeply';

/**
 * Reads a playbook file, YAML or JSON. Texts in it may refer to environment variables as `${NAME}`.
 *
 * A reference inside the account or the arguments that leads nowhere is a problem of that section, to be reported with
 * what else is wrong there.
 * @param path absolute.
 * @throws ConfigurationError with everything that is wrong with the file itself, by line and column where it cannot be
 * parsed. Nothing of its content is quoted: it may hold secrets.
 */
export async function readPlaybook(
  path: string,
  environment: Environment,
  fileSystem: Pick<FileSystem, 'read'>,
): Promise<Playbook> {
  const origin = `file ${path}`;
  const text = await readText(fileSystem, path, 'playbook');
  if (text === undefined) throw problemOf('there is no such file', origin);
  const members = parsePlaybook(text, origin);

  const findings = (await validate(PLAYBOOK, members)).map(({ path: at, problem }): ConfigurationProblem => {
    return { setting: ['playbook', ...at].join('.'), problem, origin };
  });
  const file = basename(path);
  const account = readSection(members, { member: 'account', section: 'module', file, environment });
  const args = readSection(members, { member: 'arguments', section: 'arguments', file, environment });
  const textOf = (member: string): MemberText => readMember(members, member, { file, environment });
  const [trigger, dataPath, intakeUrl] = [textOf('trigger'), textOf('data_path'), textOf('intake_url')];
  const problems = [...findings, ...trigger.problems, ...dataPath.problems, ...intakeUrl.problems];
  if (problems.length > 0) throw new ConfigurationError([...problems, ...account.problems, ...args.problems]);
  return {
    trigger: trigger.value ?? '',
    account,
    arguments: args,
    dataPath: dataPath.value === undefined ? undefined : resolve(dirname(path), dataPath.value),
    intakeUrl: intakeUrl.value === undefined ? undefined : { value: intakeUrl.value, origin: intakeUrl.origin },
  };
}

function parsePlaybook(text: string, origin: string): JsonObject {
  if (text.length > MAX_CHARACTERS) throw problemOf(`is longer than ${MAX_CHARACTERS} characters`, origin);
  const value = toValue(parseYaml(text, origin), origin);
  if (!isJsonObject(value)) throw problemOf('must hold trigger, account and arguments', origin);
  // 'account:' with nothing behind it means that there is nothing to say.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

/** YAML holds JSON in it, so that one parser gives line and column for both. */
function parseYaml(text: string, origin: string): Document {
  const lineCounter = new LineCounter();
  const document = guarded(() => parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' }), origin);
  const faults = [...document.errors, ...document.warnings].map(({ message, pos }): ConfigurationProblem => {
    const { line, col } = lineCounter.linePos(pos[0]);
    // Behind a colon, the parser quotes the file.
    const [what = ''] = message.split(/[:;]/);
    const problem = what.startsWith('Maximum call stack') ? TOO_DEEP : what;
    return { setting: 'playbook', problem: `line ${line}, column ${col}: ${problem}`, origin };
  });
  if (faults.length > 0) throw new ConfigurationError(faults);
  // The parser would make names of them that quote what is in them, past the log even.
  if (guarded(() => hasCollectionAsName(document), origin))
    throw problemOf('has a list or an object as a name', origin);
  return document;
}

function hasCollectionAsName(document: Document): boolean {
  let isFound = false;
  visit(document, {
    Pair(_, { key }) {
      const node = isAlias(key) ? key.resolve(document) : key;
      isFound ||= isCollection(node);
      return isFound ? visit.BREAK : undefined;
    },
  });
  return isFound;
}

/** Aliases are followed here, a limited number of times: a few lines can stand for billions of values. */
function toValue(document: Document, origin: string): unknown {
  return guarded(() => document.toJS({ maxAliasCount: 100 }) as unknown, origin);
}

function guarded<T>(parse: () => T, origin: string): T {
  try {
    return parse();
  } catch (thrown) {
    const repeated = thrown instanceof ReferenceError;
    throw problemOf(repeated ? 'has an alias (*) that is not defined or repeated too often' : TOO_DEEP, origin);
  }
}

interface SectionOptions {
  /** Its name in the playbook file. */
  readonly member: string;
  /** Its name in messages. */
  readonly section: string;
  readonly file: string;
  readonly environment: Environment;
}

function readSection(
  members: JsonObject,
  { member, section, file, environment }: SectionOptions,
): LoadedSection & { readonly problems: readonly ConfigurationProblem[] } {
  const given = members[member];
  const problems: ConfigurationProblem[] = [];
  const values: [string, unknown][] = [];
  const origins = new Map<string, string>();
  for (const [name, raw] of Object.entries(isJsonObject(given) ? given : {})) {
    const expansion = expandReferences(raw, environment);
    const origin = `${file}, ${member}.${name}`;
    origins.set(name, originWith(origin, expansion.variables));
    if (expansion.problems.length === 0) values.push([name, expansion.value]);
    problems.push(...expansion.problems.map((problem) => ({ setting: `${section}.${name}`, problem, origin })));
  }
  const originOf = (setting: string): string => origins.get(setting) ?? file;
  return { layers: [{ values: Object.fromEntries(values), originOf }], problems };
}

interface MemberText {
  readonly value: string | undefined;
  readonly origin: string;
  readonly problems: readonly ConfigurationProblem[];
}

function readMember(
  members: JsonObject,
  member: string,
  { file, environment }: Pick<SectionOptions, 'file' | 'environment'>,
): MemberText {
  const { value, variables, problems } = expandReferences(members[member], environment);
  const origin = `${file}, ${member}`;
  return {
    value: typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined,
    origin: originWith(origin, variables),
    problems: problems.map((problem) => ({ setting: `playbook.${member}`, problem, origin })),
  };
}

function originWith(origin: string, variables: readonly string[]): string {
  if (variables.length === 0) return origin;
  return `${origin} from ${variables.map((name) => `\${${name}}`).join(', ')}`;
}

function problemOf(problem: string, origin: string): ConfigurationError {
  return new ConfigurationError([{ setting: 'playbook', problem, origin }]);
}
