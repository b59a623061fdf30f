import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Reads the flags of a script; ends the process with status 2 where one is wrong. */
export function readFlags<Flags>(options: Options, read: (values: Values) => Flags): Flags {
  try {
    return read(parseArgs({ options, strict: true }).values as Values);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exit(2);
  }
}

/** A number of a flag. @throws RangeError where it is none, or not above zero */
export function positive(name: string, text: string | boolean | undefined, absent: number): number {
  const value = text === undefined ? absent : Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} must be a number above zero`);
  return value;
}
