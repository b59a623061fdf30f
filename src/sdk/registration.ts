import type { LoadedSection } from './configuration/layer.js';
import type { Found } from './configuration/lookup.js';
import { resolveConfiguration, type ResolvedConfiguration } from './configuration/resolve.js';
import type { SettingsSchema } from './configuration/schema.js';
import type { Validator } from './configuration/validate.js';
import { ConfigurationError, type ConfigurationProblem } from './errors.js';
import type { CheckContext, CheckResult, ConfiguredTrigger, Trigger, TriggerConfiguration } from './trigger.js';

/** Examines an account alone, without a trigger's arguments: one small question. Findings come as they are made. */
export type AccountCheck = (
  module: Readonly<Record<string, unknown>>,
  context: CheckContext,
) => AsyncGenerator<CheckResult>;

/** A trigger with the schemas of its settings: what a module's list of triggers is made of. */
export interface TriggerRegistration {
  readonly trigger: Trigger<unknown>;
  /** Schema of the module configuration (the account). */
  readonly moduleSchema: SettingsSchema;
  /** Schema of the trigger's arguments. */
  readonly argumentsSchema: SettingsSchema;
  /** Their validators, where they were made ahead of time; else they are made at each start. */
  readonly validators?: { readonly module?: Validator; readonly arguments?: Validator };
  /** The one that is meant where the runner is told none, of several. */
  readonly isUsual?: true;
  /** For the platform's validation of an account; the manifest says `supports_validation` where there is one. */
  readonly accountCheck?: AccountCheck;
}

/** The configuration as it was found, not yet looked at. */
export interface ConfigurationSources {
  readonly module: LoadedSection;
  readonly arguments: LoadedSection;
  readonly intakeUrl: Found<string> | undefined;
  /** What is wrong beside the sections. */
  readonly problems?: readonly ConfigurationProblem[];
}

/** A trigger ready to run. */
export interface LoadedTrigger extends ConfiguredTrigger<unknown> {
  /** Every value as it was given, and where it came from. Holds secrets. */
  readonly resolved: ResolvedConfiguration<'module' | 'arguments'>;
}

/**
 * Checks a configuration against the schemas and against what only the trigger knows.
 * @throws ConfigurationError with everything that is wrong, of whatever kind, at once
 */
export async function loadTrigger(
  { trigger, moduleSchema, argumentsSchema, validators }: TriggerRegistration,
  sources: ConfigurationSources,
  nowMs: number,
): Promise<LoadedTrigger> {
  const { intakeUrl, problems: beside = [] } = sources;
  let configured: ConfiguredTrigger<unknown> | undefined;
  const check = (values: Pick<TriggerConfiguration, 'module' | 'arguments'>): readonly ConfigurationProblem[] => {
    try {
      configured = trigger.configure({ ...values, ...(intakeUrl && { intakeUrl: intakeUrl.value }) }, nowMs);
      return beside;
    } catch (thrown) {
      if (!(thrown instanceof ConfigurationError)) throw thrown;
      return [...beside, ...thrown.problems.map((problem) => withIntakeOrigin(problem, intakeUrl))];
    }
  };
  const resolved = await resolveConfiguration(
    {
      module: {
        ...sources.module,
        schema: moduleSchema,
        ...(validators?.module && { validator: validators.module }),
      },
      arguments: {
        ...sources.arguments,
        schema: argumentsSchema,
        ...(validators?.arguments && { validator: validators.arguments }),
      },
    },
    check,
  );
  if (configured === undefined) throw new Error('The configuration was resolved without being checked');
  return { ...configured, warnings: [...resolved.warnings, ...configured.warnings], resolved };
}

function withIntakeOrigin(problem: ConfigurationProblem, intakeUrl: Found<string> | undefined): ConfigurationProblem {
  return problem.setting === 'intake_url' && intakeUrl ? { ...problem, origin: intakeUrl.origin } : problem;
}
