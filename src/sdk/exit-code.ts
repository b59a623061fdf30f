import { ConfigurationError } from './errors.js';

/** How a program of this module says what became of it. */
export const EXIT_CODE = {
  /** Done, or stopped cleanly by SIGTERM. */
  ok: 0,
  /** It could not go on, or a check failed. */
  failed: 1,
  /** A setting, an argument or a command is wrong: starting it again the same way cannot help. */
  configuration: 2,
  /** Stopped by SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** The exit code for whatever was thrown. */
export function exitCodeOf(thrown: unknown): ExitCode {
  return thrown instanceof ConfigurationError ? EXIT_CODE.configuration : EXIT_CODE.failed;
}
