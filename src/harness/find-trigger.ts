import { suggestion } from '../sdk/configuration/nearest.js';
import { ConfigurationError } from '../sdk/errors.js';
import type { TriggerRegistration } from '../sdk/registration.js';
import { readDeclarations } from '../sdk/configuration/declarations.js';
import type { HarnessWorld } from './world.js';

/** A trigger that can be run, with the name that people know it by. */
export interface NamedTrigger {
  readonly registration: TriggerRegistration;
  readonly name: string;
}

/**
 * The trigger meant by a command (`docker_parameters`), a name or a slug, in any case. Where nothing is said, the usual one
 * of the module, or its only one.
 * @throws ConfigurationError naming what there is, and what is most like it
 */
export async function findTrigger(
  { packageDirectory, fileSystem, triggers }: Pick<HarnessWorld, 'packageDirectory' | 'fileSystem' | 'triggers'>,
  wanted: string | undefined,
): Promise<NamedTrigger> {
  const declarations = (await readDeclarations(packageDirectory, fileSystem)).triggers;
  const candidates = triggers.map((registration) => {
    const declaration = declarations.find(({ command }) => command === registration.trigger.command);
    const { command } = registration.trigger;
    return {
      registration,
      name: declaration?.name ?? command,
      spellings: [command, declaration?.name, declaration?.slug],
    };
  });
  const known = candidates.map(({ registration }) => registration.trigger.command).join(', ');
  const [only] = candidates.length === 1 ? candidates : candidates.filter(({ registration }) => registration.isUsual);
  if (wanted === undefined && only !== undefined) return only;
  if (wanted === undefined) throw problem(`is missing; there are: ${known}`);

  const found = candidates.find(({ spellings }) =>
    spellings.some((each) => each?.toLowerCase() === wanted.toLowerCase()),
  );
  if (found !== undefined) return found;
  const all = candidates.flatMap(({ spellings }) => spellings.filter((each) => each !== undefined));
  throw problem(`${JSON.stringify(wanted)} is unknown${suggestion(wanted, all)}; there are: ${known}`);
}

function problem(text: string): ConfigurationError {
  return new ConfigurationError([{ setting: 'trigger', problem: text }]);
}
