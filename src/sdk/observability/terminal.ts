import type { Environment } from '../ports.js';

/** An output of the process: what a log and a command write to. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };

/** How an output is to be written to. */
export interface OutputStyle {
  /** True for people on a terminal. */
  readonly human: boolean;
  readonly colours: boolean;
}

/** Colours on a terminal only, and not where NO_COLOR (no-color.org) or a dumb terminal forbids them. */
export function outputStyle(stream: OutputStream, environment: Environment): OutputStyle {
  const human = stream.isTTY === true;
  const forbidden = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return { human, colours: human && !forbidden };
}
