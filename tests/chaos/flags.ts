import { Command, InvalidArgumentError } from 'commander';

/** A script's command. It ends the process where what it was told is wrong, with status 2, or where help is asked for. */
export function script(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** Reads an option that takes a number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** Reads an option that takes a whole number above 0. */
export function whole(text: string): number {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/** Reads an option that takes names, with commas between them. */
export function someOf(names: ReadonlySet<string>): (text: string) => ReadonlySet<string> {
  return (text) => {
    const wanted = text.split(',').map((name) => name.trim());
    const unknown = wanted.filter((name) => !names.has(name));
    if (unknown.length > 0) {
      throw new InvalidArgumentError(`There is no ${unknown.join(', ')}. Allowed: ${[...names].join(', ')}.`);
    }
    return new Set(wanted);
  };
}
