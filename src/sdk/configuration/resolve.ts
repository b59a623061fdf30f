import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import { findDurationProblems } from './duration-findings.js';
import type { LoadedSection } from './layer.js';
import { mergeLayers, type MergedSection } from './merge.js';
import { nearest } from './nearest.js';
import { maskSecrets, showValue } from './redact.js';
import { declarationOf, isSecret, type SettingsSchema } from './schema.js';
import { validate, type Finding, type ShowValue, type Validator } from './validate.js';

/** One part of the configuration with the schema it must meet. */
export interface Section extends LoadedSection {
  readonly schema: SettingsSchema;
  /** The schema's, where it was made ahead of time. */
  readonly validator?: Validator;
}

/** The values of each section by setting. */
export type SectionValues<Name extends string> = Readonly<Record<Name, Readonly<Record<string, unknown>>>>;

/** A configuration that is complete and valid, with its history. */
export interface ResolvedConfiguration<Name extends string> {
  readonly values: SectionValues<Name>;
  /** Where each value came from; 'default' where nobody set it. */
  readonly origins: Readonly<Record<Name, Readonly<Record<string, string>>>>;
  /** What was ignored, one sentence each. Free of secrets. */
  readonly warnings: readonly string[];
}

/**
 * What a schema cannot say. Called with every value that the schema accepts; one that it refuses is replaced by its
 * default, or left out. A problem with a setting that is refused or missing already is dropped.
 */
export type Check<Name extends string> = (values: SectionValues<Name>) => readonly ConfigurationProblem[];

/**
 * Merges the layers of each section over the schema's defaults, the later over the earlier, and validates the result.
 * Settings are named `section.setting`. Unknown settings are ignored with a warning: the platform may send more than
 * we know.
 * @throws ConfigurationError with every problem of every section at once, none of them showing a secret.
 */
export async function resolveConfiguration<Name extends string>(
  sections: Readonly<Record<Name, Section>>,
  check: Check<Name> = () => [],
): Promise<ResolvedConfiguration<Name>> {
  const names = Object.keys(sections) as Name[];
  const merged = mapNames(names, (name) => mergeLayers(name, sections[name]));
  const secrets = names.flatMap((name) => [...merged[name].secrets]);
  const mask = (text: string): string => maskSecrets(text, secrets);

  const verdicts = await Promise.all(names.map((name) => judge(name, sections[name], merged[name], mask)));
  const judged = mapNames(names, (_, index) => verdicts[index] ?? { problems: [], accepted: {} });
  const own = names.flatMap((name) => judged[name].problems);
  const reported = new Set(own.map(({ setting }) => topLevel(setting)));
  const further = check(mapNames(names, (name) => judged[name].accepted))
    .filter(({ setting }) => !reported.has(topLevel(setting)))
    .filter(({ setting }) => !mayBeUnread(setting, sections, merged))
    .map((problem) => withOrigin(problem, merged));

  const problems = [...own, ...further];
  if (problems.length > 0) {
    throw new ConfigurationError(
      problems.map((each) => ({ ...each, setting: mask(each.setting), problem: mask(each.problem) })),
    );
  }
  return {
    values: mapNames(names, (name) => valuesOf(merged[name])),
    origins: mapNames(names, (name) => originsOf(merged[name])),
    warnings: names.flatMap((name) => merged[name].warnings).map(mask),
  };
}

interface Verdict {
  readonly problems: readonly ConfigurationProblem[];
  /** The values that the schema accepts, and defaults in place of those it refuses. */
  readonly accepted: Readonly<Record<string, unknown>>;
}

async function judge(
  name: string,
  { schema, validator, incomplete = false, problems: loading = [] }: Section,
  merged: MergedSection,
  mask: (text: string) => string,
): Promise<Verdict> {
  const values = valuesOf(merged);
  const show: ShowValue = ([setting = ''], value) => {
    if (isSecret(schema, setting)) return showValue(value, true);
    // Masked before it is cut to length: a secret cut in two would not be recognised.
    return showValue(typeof value === 'string' ? mask(value) : value, false);
  };
  const reported = new Set(loading.map(({ setting }) => setting));
  const invalid = await validate({ schema, ...(validator && { validator }) }, values, show);
  const findings = [...invalid, ...findDurationProblems(schema, values, show)];
  const relevant = findings.filter(
    ({ missing, path }) => !missing || !(incomplete || reported.has([name, ...path].join('.'))),
  );
  return {
    problems: [...loading, ...relevant.map((finding) => problemOf(name, finding, merged))],
    accepted: accept(values, new Set(findings.map(({ path }) => path[0] ?? '')), schema),
  };
}

function problemOf(section: string, finding: Finding, merged: MergedSection): ConfigurationProblem {
  const { path, problem, missing } = finding;
  const [name = ''] = path;
  const setting = [section, ...path].join('.');
  if (missing && path.length === 1) return { setting, ...explainMissing(name, merged) };
  const origin = merged.settings.get(name)?.origin;
  return origin === undefined ? { setting, problem } : { setting, problem, origin };
}

/** What is missing may have been left empty, or misspelt: warnings are not seen where there is an error. */
function explainMissing(name: string, { blanks, unknown }: MergedSection): Omit<ConfigurationProblem, 'setting'> {
  const blankIn = blanks.get(name);
  if (blankIn !== undefined) return { problem: 'is required, but empty', origin: blankIn };
  const misspelt = nearest(name, unknown.keys());
  const origin = misspelt === undefined ? undefined : unknown.get(misspelt);
  if (misspelt === undefined || origin === undefined) return { problem: 'is required' };
  return { problem: `is required; '${misspelt}' is no setting: was '${name}' meant?`, origin };
}

function accept(
  values: Readonly<Record<string, unknown>>,
  refused: ReadonlySet<string>,
  schema: SettingsSchema,
): Record<string, unknown> {
  const entries = Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
    if (!refused.has(name)) return [[name, value]];
    const fallback = declarationOf(schema, name)?.default;
    return fallback === undefined ? [] : [[name, fallback]];
  });
  return Object.fromEntries(entries);
}

function withOrigin(
  problem: ConfigurationProblem,
  merged: Readonly<Record<string, MergedSection>>,
): ConfigurationProblem {
  const [section = '', setting = ''] = problem.setting.split('.');
  const settings = Object.hasOwn(merged, section) ? merged[section] : undefined;
  const origin = problem.origin ?? settings?.settings.get(setting)?.origin;
  if (origin !== undefined) return { ...problem, origin };
  return settings === undefined ? problem : withHint(problem, setting, settings);
}

/** The same of a setting that a check misses. */
function withHint(
  problem: ConfigurationProblem,
  name: string,
  { blanks, unknown }: MergedSection,
): ConfigurationProblem {
  const blankIn = blanks.get(name);
  if (blankIn !== undefined) return { ...problem, problem: `${problem.problem} (it is empty)`, origin: blankIn };
  const misspelt = nearest(name, unknown.keys());
  const origin = misspelt === undefined ? undefined : unknown.get(misspelt);
  if (misspelt === undefined || origin === undefined) return problem;
  return { ...problem, problem: `${problem.problem}; '${misspelt}' is no setting: was '${name}' meant?`, origin };
}

/** A setting without a value, in a section of which a layer could not be read. */
function mayBeUnread(
  path: string,
  sections: Readonly<Record<string, Section>>,
  merged: Readonly<Record<string, MergedSection>>,
): boolean {
  const [section = '', setting = ''] = path.split('.');
  if (!Object.hasOwn(sections, section)) return false;
  return sections[section]?.incomplete === true && merged[section]?.settings.has(setting) === false;
}

function topLevel(setting: string): string {
  return setting.split('.').slice(0, 2).join('.');
}

function valuesOf({ settings }: MergedSection): Record<string, unknown> {
  return Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
}

function originsOf({ settings }: MergedSection): Record<string, string> {
  return Object.fromEntries([...settings].map(([name, { origin }]) => [name, origin]));
}

function mapNames<Name extends string, T>(
  names: readonly Name[],
  pick: (name: Name, index: number) => T,
): Record<Name, T> {
  return Object.fromEntries(names.map((name, index) => [name, pick(name, index)])) as Record<Name, T>;
}
