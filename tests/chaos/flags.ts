import { Command, InvalidArgumentError } from 'commander';

/** A script's command. It ends the process where what it was told is wrong, with status 2, or where help is asked for. */
export function script(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** What a script is told that runs the connector between both simulators for some time. */
export interface RunFlags {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly backlog: number;
  readonly log?: string;
  readonly json?: true;
}

/** The command of such a script. @param absent what counts where it is told nothing */
export function connectorScript(
  name: string,
  description: string,
  absent: Pick<RunFlags, 'minutes' | 'rate' | 'backlog'>,
): Command {
  return script(name, description)
    .option('--minutes <number>', 'how long', positive, absent.minutes)
    .option('--seed <number>', 'the seed of all that is drawn', whole, 1)
    .option('--rate <number>', 'live events a second', positive, absent.rate)
    .option('--backlog <number>', 'events that are there at the start', whole, absent.backlog)
    .option('--log <file>', "keeps the connector's log")
    .option('--json', 'a document instead of a report');
}

/** What of it the run itself is told. */
export function runOptionsOf({ minutes, seed, rate, backlog }: RunFlags): {
  readonly durationMs: number;
  readonly seed: number;
  readonly eventsPerSecond: number;
  readonly backlog: number;
} {
  return { durationMs: minutes * 60_000, seed, eventsPerSecond: rate, backlog };
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
