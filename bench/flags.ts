import { Command, InvalidArgumentError } from 'commander';

/** The size of what is measured. */
export interface Flags {
  readonly events: number;
  readonly rounds: number;
}

/** A command that takes these flags. It ends the process where they are wrong, or help is asked for. */
export function benchCommand(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .option('--events <number>', 'events of a backlog (throughput, scale-out)', whole, 200_000)
    .option('--rounds <number>', 'how often each is measured (throughput, scale-out); the median counts', whole, 3)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** Reads an option that takes a whole number above 0. */
export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
